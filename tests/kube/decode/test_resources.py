"""The tables of kinds and of their decoders."""

from __future__ import annotations

import json

import pytest

from extender.kube.decode import Interner
from extender.kube.decode.resources import FOLLOWED, RESOURCES
from extender.model.kinds import KINDS, NODE, RESOURCE_SLICE

PATHS = {
    "Namespace": ("/api/v1/namespaces",),
    "Node": ("/api/v1/nodes",),
    "Pod": ("/api/v1/pods",),
    "DeviceClass": ("/apis/resource.k8s.io/v1/deviceclasses",),
    "ResourceSlice": ("/apis/resource.k8s.io/v1/resourceslices",),
    "ResourceClaim": ("/apis/resource.k8s.io/v1/resourceclaims",),
    "ResourceClaimTemplate": ("/apis/resource.k8s.io/v1/resourceclaimtemplates",),
    "DeviceTaintRule": tuple(
        f"/apis/resource.k8s.io/{version}/devicetaintrules" for version in ("v1", "v1beta2", "v1alpha3")
    ),
}


def test_paths():
    """Where kube-apiserver has each kind, the newest version first."""
    assert {resource.kind.name: resource.paths for resource in RESOURCES} == PATHS


def test_every_kind_of_a_snapshot_is_followed():
    """No kind can be forgotten in the table of decoders: readiness would wait for it for ever."""
    assert {resource.kind for resource in FOLLOWED} == set(KINDS)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind.name)
def test_keys(resource):
    """An object that is decoded has the key that its events name."""
    data = json.dumps({"metadata": {"namespace": "team", "name": "x"}}).encode()
    key, value = resource.read(data, Interner())
    assert key == resource.kind.key_of("team", "x") == (("team", "x") if resource.kind.namespaced else "x")
    assert type(value).__name__ in (resource.kind.name, resource.kind.name.removeprefix("Resource")) or (
        resource.kind.name,
        type(value).__name__,
    ) == ("ResourceClaimTemplate", "ClaimTemplate")


def test_names_of_resources():
    """As RBAC has them."""
    assert (NODE.resource, RESOURCE_SLICE.resource) == ("nodes", "resourceslices.resource.k8s.io")
