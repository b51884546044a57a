"""Manifests of claims: what is read of them, and what is kept as it is written."""

from __future__ import annotations

import json

import pytest
import yaml

from extender.kube.files.claim_file import manifests_of, read_claims
from extender.kube.files.cluster_file import ClusterFileError

CLAIM = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaim",
    "metadata": {"name": "c", "namespace": "team"},
    "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}},
    "status": {"new": 1},
}
POD_SPEC = {"containers": [{"name": "main"}], "resourceClaims": [{"name": "x", "resourceClaimName": "c"}]}


def workload(kind, spec):
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": kind.lower()}, "spec": spec}


@pytest.fixture
def read(tmp_path):
    """Read objects as a stream of YAML documents."""

    def read_objects(*objects):
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump_all(objects))
        return read_claims(str(path))

    return read_objects


def test_claims_are_kept_as_written(read):
    """The decoded claim and its JSON, with fields that nobody here knows."""
    given = read(CLAIM)
    assert [claim.key for claim in given.cluster.claims] == [("team", "c")]
    assert given.manifests == {("ResourceClaim", "team", "c"): CLAIM}


def test_a_list_counts_as_its_items(read):
    """kubectl prints several objects as a List."""
    given = read({"apiVersion": "v1", "kind": "List", "items": [CLAIM]})
    assert list(given.manifests) == [("ResourceClaim", "team", "c")]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Deployment", {"template": {"spec": POD_SPEC}}),
        ("Job", {"template": {"spec": POD_SPEC}}),
        ("CronJob", {"jobTemplate": {"spec": {"template": {"spec": POD_SPEC}}}}),
    ],
)
def test_workloads_make_pods(read, kind, spec):
    """The pod of a workload goes by the workload's name."""
    (pod,) = read(workload(kind, spec)).cluster.pods
    assert (pod.name, [each.claim for each in pod.claims]) == (kind.lower(), ["c"])


def test_a_template_of_claims_makes_no_pod(read):
    """Something below spec that is called template is not enough."""
    given = read(CLAIM, workload("Other", {"template": {"spec": {}}}))
    assert given.cluster.pods == ()


def test_a_file_without_claims(read):
    """What is wanted is said, with the file."""
    with pytest.raises(ClusterFileError, match=r"claims\.yaml: holds no claim; expected a ResourceClaim"):
        read(workload("Service", {}))


def test_claims_of_a_dump(tmp_path):
    """Only those that are wanted, from any of several files."""
    other = {**CLAIM, "metadata": {"name": "other"}}
    paths = []
    for number, each in enumerate((CLAIM, other)):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [each]}))
        paths.append(str(path))
    wanted = {("ResourceClaim", "default", "other")}
    assert manifests_of(paths, wanted) == {("ResourceClaim", "default", "other"): other}
