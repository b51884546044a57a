"""Rendering kustomizations: what is patched, and that nothing unknown is passed over."""

from __future__ import annotations

import pytest
import yaml

from tests.e2e.kustomization import Unsupported, render
from tests.paths import ROOT

DEPLOY = ROOT / "deploy"


def write(folder, **files):
    for name, document in files.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
    return folder


def test_the_overlay_is_base_and_components():
    """Production has the base, two replicas apart, a budget, a monitor with alerts, and policies."""
    base, production = render(DEPLOY / "base"), render(DEPLOY / "overlays/production")
    extra = {document["kind"] for document in production} - {document["kind"] for document in base}
    assert extra == {"NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "ServiceMonitor"}
    assert base[0]["kind"] == production[0]["kind"] == "Namespace"
    (deployment,) = [document for document in production if document["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    assert deployment["spec"]["replicas"] == 2
    assert "podAntiAffinity" in pod["affinity"]
    assert pod["containers"][0]["image"] == "registry.example.com/dra-extender:0.1.0"
    assert deployment["metadata"]["namespace"] == "dra-extender"
    assert deployment["metadata"]["labels"]["app.kubernetes.io/part-of"] == "dra-extender"


def test_an_unknown_field_is_refused(tmp_path):
    """A generator would add objects that nothing here makes."""
    with pytest.raises(Unsupported, match="configMapGenerator"):
        render(write(tmp_path, kustomization={"configMapGenerator": []}))


@pytest.mark.parametrize(
    ("name", "ports", "says"),
    [("a", [1], "merges lists"), ("b", [], "meets 0 objects")],
    ids=["list", "none"],
)
def test_a_patch_that_cannot_be_followed_is_refused(tmp_path, name, ports, says):
    """How lists merge depends on their kind; a patch without an object is a mistake."""
    write(
        tmp_path,
        kustomization={"resources": ["a.yaml"], "patches": [{"path": "patch.yaml"}]},
        a={"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [2]}},
        patch={"kind": "Service", "metadata": {"name": name}, "spec": {"ports": ports}},
    )
    with pytest.raises(Unsupported, match=says):
        render(tmp_path)


def test_a_patch_of_containers_merges_them_by_name():
    """As Kubernetes' types say: ports by number, mounts by path, arguments as a whole."""
    (deployment,) = [
        document for document in render(DEPLOY / "overlays/webhook") if document["kind"] == "Deployment"
    ]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert [port["name"] for port in container["ports"]] == ["verbs", "ops", "webhook"]
    assert container["args"][:4] == ["serve", "--decisive", "--verbs-listen", "0.0.0.0:8888"]
    assert container["image"] == "registry.example.com/dra-extender:0.1.0"
    assert container["readinessProbe"]["httpGet"]["port"] == "ops"
    assert [mount["name"] for mount in container["volumeMounts"]] == [
        volume["name"] for volume in pod["volumes"]
    ]
