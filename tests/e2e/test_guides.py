"""The guides on a real API server: what they type is typed, and their objects are accepted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess

import pytest
import yaml

from tests.chart.kubeadm import kubeadm
from tests.chart.render import NEEDS_HELM, run, template
from tests.chart.test_kubeadm import static_pod
from tests.chart.values import CHART
from tests.e2e import fleet, workload
from tests.e2e.api import InvalidClaims
from tests.e2e.releases import MINOR
from tests.e2e.second_scheduler import NAME, RELEASE, installed, make_namespace, second_scheduler
from tests.e2e.second_scheduler import NAMESPACE as SECOND
from tests.manifests import the
from tests.pages import fenced, part
from tests.paths import ROOT

pytestmark = [pytest.mark.e2e, NEEDS_HELM]

GUIDES = ROOT / "docs/guides"
NAMESPACE = "dra-extender"
SECONDS = 30.0


@pytest.fixture
async def release(plane, api):
    """The chart as the guides install it for the cluster's own scheduler."""
    namespace = the("Namespace")
    with contextlib.suppress(InvalidClaims):
        await api.create({**namespace, "metadata": {**namespace["metadata"], "name": NAMESPACE}})
    settings = ["--namespace", NAMESPACE, "--kubeconfig", plane.kubeconfig]
    install = ["install", "dra-extender", CHART, *settings, "--set", "mode=extender"]
    await asyncio.to_thread(run, *install, "--set", "image.repository=registry.example.com/dra-extender")
    yield
    await asyncio.to_thread(run, "uninstall", "dra-extender", *settings)


def typed(script, plane, folder):
    """Run what a page types, with its folders below ``folder``, and as the administrator."""
    for path in ("/etc/kubernetes", "/etc/rancher"):
        script = script.replace(path, f"{folder}{path}")
    # What is written into the files names the node's own folders.
    script = script.replace(f"#{folder}/", "#/")
    script = script.replace(f"{folder}/etc/kubernetes/admin.conf", str(plane.kubeconfig))
    environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig)}
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def steps(page, heading):
    return "\n".join(fenced(part(GUIDES / page, heading), "sh"))


@pytest.mark.skipif(not kubeadm().exists(), reason="kubeadm is not built: make kubeadm (needs Go)")
async def test_the_steps_for_kubeadm(plane, release, tmp_path):
    """The static pod is what kubeadm makes of the patch in its folder; going back leaves the former."""
    manifests = tmp_path / "etc/kubernetes/manifests"
    manifests.mkdir(parents=True)
    before = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kube-scheduler"}}
    (tmp_path / "plain").mkdir()
    before["spec"] = static_pod(tmp_path / "plain")
    static = manifests / "kube-scheduler.yaml"
    static.write_text(yaml.safe_dump(before))
    await asyncio.to_thread(typed, steps("kubeadm.md", "Files"), plane, tmp_path)
    await asyncio.to_thread(typed, steps("kubeadm.md", "Static pod"), plane, tmp_path)
    (tmp_path / "patched").mkdir()
    patched = static_pod(tmp_path / "patched", "--patches", tmp_path / "etc/kubernetes/patches")
    assert yaml.safe_load(static.read_text())["spec"] == patched
    written = tmp_path / "etc/kubernetes/dra-extender"
    assert {each.name for each in written.iterdir()} == {"ca.crt", "scheduler.crt", "scheduler.key"}
    assert "PRIVATE KEY" in (written / "scheduler.key").read_text()
    (extender,) = yaml.safe_load((tmp_path / "etc/kubernetes/dra-extender-scheduler.yaml").read_text())[
        "extenders"
    ]
    assert extender["tlsConfig"]["keyFile"] == "/etc/kubernetes/dra-extender/scheduler.key"
    await asyncio.to_thread(typed, steps("kubeadm.md", "Going back"), plane, tmp_path)
    assert yaml.safe_load(static.read_text()) == before
    assert list((tmp_path / "etc/kubernetes/patches").iterdir()) == []


async def test_the_files_for_k3s(plane, api, release, tmp_path):
    """The scheduler's configuration names the server's kubeconfig, our files, and the Service's address."""
    await asyncio.to_thread(typed, steps("k3s.md", "Files"), plane, tmp_path)
    written = tmp_path / "etc/rancher/dra-extender"
    assert {each.name for each in written.iterdir()} == {
        "ca.crt",
        "scheduler.crt",
        "scheduler.key",
        "scheduler.yaml",
    }
    config = yaml.safe_load((written / "scheduler.yaml").read_text())
    data = "/var/lib/rancher/k3s/server/cred"
    assert config["clientConnection"]["kubeconfig"] == f"{data}/scheduler.kubeconfig"
    (extender,) = config["extenders"]
    address = (await api.get("Service", "dra-extender", NAMESPACE))["spec"]["clusterIP"]
    assert extender["urlPrefix"] == f"https://{address}:8888"
    assert extender["tlsConfig"] == {
        "caFile": f"{written}/ca.crt",
        "certFile": f"{written}/scheduler.crt",
        "keyFile": f"{written}/scheduler.key",
        "serverName": "dra-extender.dra-extender.svc",
    }


@pytest.mark.skipif(MINOR in ("1.34", "1.35"), reason="there the webhook routes, which is not reached here")
async def test_the_example_for_kind(plane, api, tmp_path):
    """On nodes with the names that kind gives, the pod is routed, and is on the node with near devices."""
    await workload.clear(api)
    await fleet.unload(api)
    await make_namespace(api)
    objects = list(yaml.safe_load_all((ROOT / "docs/examples/kind.yaml").read_text()))
    room = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}
    nodes = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": room}
        for name in ("kind-worker", "kind-worker2")
    ]
    await fleet.load(api, [*nodes, *(each for each in objects if each["kind"] in fleet.KINDS)])
    documents = template(minor=MINOR, release=RELEASE, namespace=SECOND)
    claim, pod = (each for each in objects if each["kind"] in ("ResourceClaim", "Pod"))
    async with installed(api, documents), second_scheduler(plane, api, tmp_path, documents):
        async with asyncio.timeout(SECONDS):
            # The policy is in force after a moment.
            while (await api.create(pod, dryRun="All"))["spec"]["schedulerName"] != NAME:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await api.create(claim)
        await api.create(pod)
        assert await workload.wait_bound(api, ["pair-0"]) == {"pair-0": "kind-worker2"}
    await workload.clear(api)
    await fleet.unload(api)


@pytest.mark.parametrize(
    "document",
    [
        document
        for page in sorted(GUIDES.glob("*.md"))
        for block in fenced(page.read_text(), "yaml")
        for document in yaml.safe_load_all(block)
        if document.get("apiVersion") == "v1"
    ],
    ids=lambda document: document["kind"],
)
async def test_the_objects_of_the_guides_are_accepted(api, release, document):
    """With strict validation and without a warning."""
    await api.create(document, dryRun="All")
    assert api.warnings == []
