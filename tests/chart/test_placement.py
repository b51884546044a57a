"""Where the pods run, from which images, and how many may be away: what the values say of it."""

from __future__ import annotations

import pytest

from tests.chart.render import MODES, NEEDS_HELM, Refused, container, pod, template, the

pytestmark = NEEDS_HELM

DIGEST = "sha256:" + "0123456789abcdef" * 4
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}
GPU = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


@pytest.mark.parametrize("mode", MODES)
def test_the_values_reach_the_pod(mode):
    """In every mode; by default a pod is for any Linux node of any architecture."""
    plain = pod(template(f"mode={mode}"))
    assert plain["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert not {"affinity", "imagePullSecrets", "topologySpreadConstraints"} & plain.keys()
    found = pod(
        template(
            f"mode={mode}",
            'architectures=["amd64", "arm64"]',
            'imagePullSecrets=[{"name": "registry"}]',
            'nodeSelector={"pool": "system"}',
            "priorityClassName=high",
            'tolerations=[{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},'
            ' {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]',
        )
    )
    assert found["affinity"] == {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]}
                        ]
                    }
                ]
            }
        }
    }
    assert found["imagePullSecrets"] == [{"name": "registry"}]
    assert found["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "system"}
    assert found["priorityClassName"] == "high"
    assert found["tolerations"] == [CONTROL_PLANE, GPU]


@pytest.mark.parametrize("mode", MODES)
def test_images_by_tag_or_by_digest(mode):
    """The digest counts where both are given, as it cannot change."""
    name = "audit" if mode == "audit-only" else "dra-extender"
    values = (f"mode={mode}", "image.repository=r.example/x", "image.tag=v7")
    assert container(template(*values), name)["image"] == "r.example/x:v7"
    assert container(template(*values, f"image.digest={DIGEST}"), name)["image"] == f"r.example/x@{DIGEST}"
    with pytest.raises(Refused, match="digest"):
        template(*values, "image.digest=sha256:7")


@pytest.mark.parametrize("mode", MODES)
def test_files_of_the_site_are_seen_by_the_program(mode):
    """Below /files; a changed text gives other pods. Without files there is nothing of them."""
    name = "audit" if mode == "audit-only" else "dra-extender"
    of = [template(f"mode={mode}", f'files={{"machines.yaml": "{text}"}}') for text in ("a: 1", "a: 2")]
    (stored,) = [each["data"] for each in of[0] if each["metadata"]["name"] == "dra-extender-files"]
    assert stored == {"machines.yaml": "a: 1"}
    assert {"name": "files", "configMap": {"name": "dra-extender-files"}} in pod(of[0])["volumes"]
    mount = {"name": "files", "mountPath": "/files", "readOnly": True}
    assert mount in container(of[0], name)["volumeMounts"]
    if mode != "audit-only":
        started = [the("Deployment", each)["spec"]["template"]["metadata"]["annotations"] for each in of]
        assert started[0] != started[1]
    assert not [each for each in template(f"mode={mode}") if each["metadata"]["name"] == "dra-extender-files"]


def test_the_scheduler_s_image():
    """By the cluster's release, a tag or a digest."""
    values = ("scheduler.image.repository=r.example/ks",)
    assert container(template(*values), "kube-scheduler")["image"] == "r.example/ks:v1.36.2"
    found = container(template(*values, f"scheduler.image.digest={DIGEST}"), "kube-scheduler")
    assert found["image"] == f"r.example/ks@{DIGEST}"


@pytest.mark.parametrize("mode", ["second-scheduler", "extender"])
def test_several_replicas_are_apart_and_do_not_all_go_at_once(mode):
    """On different nodes, in different zones where there are some; a drain leaves one."""
    documents = template(f"mode={mode}", "replicas=3", 'architectures=["arm64"]')
    affinity = pod(documents)["affinity"]
    assert set(affinity) == {"nodeAffinity", "podAntiAffinity"}
    labels = the("Deployment", documents)["spec"]["selector"]["matchLabels"]
    (apart,) = affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (spread,) = pod(documents)["topologySpreadConstraints"]
    assert (apart["topologyKey"], spread["topologyKey"]) == (
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    )
    budget = the("PodDisruptionBudget", documents)["spec"]
    assert budget["minAvailable"] == 1
    for selector in (apart["labelSelector"], spread["labelSelector"], budget["selector"]):
        assert selector["matchLabels"] == labels
    assert "PodDisruptionBudget" not in {each["kind"] for each in template(f"mode={mode}")}


@pytest.mark.parametrize("value", ['architectures=["x86"]', 'tolerations="all"', "imagePullSecrets=registry"])
def test_values_of_another_form_are_refused(value):
    """Instead of a pod that no API server takes."""
    with pytest.raises(Refused, match=value.partition("=")[0]):
        template(value)
