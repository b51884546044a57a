"""kubeadm itself takes the patch of the chart, and what its guide says about it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.kubeadm import RELEASE, kubeadm
from tests.chart.render import NEEDS_HELM, template, the
from tests.pages import fenced
from tests.paths import ROOT

pytestmark = [
    NEEDS_HELM,
    pytest.mark.skipif(not kubeadm().exists(), reason="kubeadm is not built: make kubeadm (needs Go)"),
]
GUIDE = ROOT / "docs/guides/kubeadm.md"
PATCH = "kube-scheduler0+json.yaml"
CONFIG = "/etc/kubernetes/dra-extender-scheduler.yaml"


def static_pod(folder: Path, *options: str | Path) -> dict[str, Any]:
    """The spec of kube-scheduler's static pod, as kubeadm would write it to a control-plane node."""
    phase = ("init", "phase", "control-plane", "scheduler", "--dry-run")
    environment = {**os.environ, "KUBEADM_INIT_DRYRUN_DIR": str(folder)}
    subprocess.run(
        [kubeadm(), *phase, "--kubernetes-version", f"v{RELEASE}", *options],
        env=environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    (written,) = folder.rglob("kube-scheduler.yaml")
    spec: dict[str, Any] = yaml.safe_load(written.read_text())["spec"]
    return spec


def test_kubeadm_applies_the_patch_from_its_folder(tmp_path):
    """The scheduler gets configuration, certificates and the cluster's DNS; nothing else changes."""
    plain, patched, patches = (tmp_path / name for name in ("plain", "patched", "patches"))
    for folder in (plain, patched, patches):
        folder.mkdir()
    documents = template("mode=extender")
    (patches / PATCH).write_text(the("ConfigMap", documents)["data"]["kube-scheduler-patch.yaml"])
    before, after = static_pod(plain), static_pod(patched, "--patches", patches)
    assert after["dnsPolicy"] == "ClusterFirstWithHostNet"
    (scheduler,), (former,) = after["containers"], before["containers"]
    assert scheduler["command"] == [*former["command"], f"--config={CONFIG}"]
    added = [each for each in after["volumes"] if each not in before["volumes"]]
    assert {each["hostPath"]["path"] for each in added} == {CONFIG, "/etc/kubernetes/dra-extender"}
    mounted = {each["name"]: each["mountPath"] for each in scheduler["volumeMounts"]}
    assert mounted == {each["name"]: each["hostPath"]["path"] for each in after["volumes"]}
    kept = {key: value for key, value in after.items() if key not in ("containers", "volumes", "dnsPolicy")}
    assert kept == {key: value for key, value in before.items() if key not in ("containers", "volumes")}
    assert {key: value for key, value in scheduler.items() if key not in ("command", "volumeMounts")} == {
        key: value for key, value in former.items() if key not in ("command", "volumeMounts")
    }


def test_the_guide_names_the_file_as_kubeadm_wants_it():
    """``target`` and ``patchtype`` are in the name; a file of another name is left out or refused."""
    text = GUIDE.read_text()
    assert f"/etc/kubernetes/patches/{PATCH}" in text
    assert text.count("kube-scheduler0") == text.count(PATCH)


@pytest.mark.parametrize("document", fenced(GUIDE.read_text(), "yaml"))
def test_kubeadm_accepts_the_guide_s_configurations(tmp_path, document):
    """With strict decoding, so that a wrong field would be refused."""
    path = tmp_path / "kubeadm.yaml"

    def accepted(text):
        path.write_text(text)
        command = [kubeadm(), "config", "validate", "--config", path]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0

    assert accepted(document)
    assert not accepted(document.replace("patches: {directory", "patches: {folder"))
