"""Nodes and DeviceClasses."""

from __future__ import annotations

import json

from extender.kube import decode
from extender.kube.decode import Interner
from extender.model import DeviceClass, OpaqueConfig
from extender.model.quantity import parse_quantity


def test_node():
    """Labels and allocatable quantities; capacity and conditions are not read."""
    wire = {
        "metadata": {"name": "node-a", "labels": {"zone": "a"}},
        "status": {"allocatable": {"cpu": "192", "memory": "2Ti"}, "capacity": {"cpu": "nonsense"}},
    }
    found = decode.node(json.dumps(wire).encode(), Interner())
    assert (found.name, found.labels) == ("node-a", {"zone": "a"})
    assert found.allocatable == {"cpu": parse_quantity("192"), "memory": parse_quantity("2Ti")}


def test_declared_features():
    """What the kubelet says it knows."""
    wire = {"metadata": {"name": "node-a"}, "status": {"declaredFeatures": ["DRAOptionalNodeOperations"]}}
    found = decode.node(json.dumps(wire).encode(), Interner())
    assert found.declared_features == ("DRAOptionalNodeOperations",)


def test_bare_node():
    """A node that has not reported yet."""
    found = decode.node(b'{"metadata": {"name": "node-a"}}', Interner())
    assert (found.labels, found.allocatable) == ({}, {})


def test_device_class():
    """Selectors in order, configuration with sorted keys, and what extended resources need."""
    wire = {
        "metadata": {"name": "gpu", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "selectors": [{"cel": {"expression": "b"}}, {"cel": {"expression": "a"}}, {}],
            "config": [{"opaque": {"parameters": {}, "driver": "d"}}, {}],
            "extendedResourceName": "example.com/gpu",
        },
    }
    assert decode.device_class(json.dumps(wire).encode(), Interner()) == DeviceClass(
        "gpu",
        ("b", "a", None),
        (OpaqueConfig('{"driver":"d","parameters":{}}'), OpaqueConfig("null")),
        "example.com/gpu",
        "2026-01-01T00:00:00Z",
    )
