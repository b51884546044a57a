"""DeviceTaintRules of every version."""

from __future__ import annotations

import json

import pytest

from extender.kube import decode
from extender.kube.decode import DecodeError, Interner
from extender.model import DeviceTaintRule, Taint


def rule(**spec):
    return decode.device_taint_rule(
        json.dumps({"metadata": {"name": "r"}, "spec": spec}).encode(), Interner()
    )


def test_fields():
    """Taint and selector; what is not given is empty."""
    taint = {"key": "example.com/drain", "value": "soon", "effect": "NoExecute", "timeAdded": "2026-01-01"}
    selector = {"driver": "gpu.example.com", "pool": "node-a", "device": "gpu-0"}
    assert rule(taint=taint, deviceSelector=selector) == DeviceTaintRule(
        "r", Taint("example.com/drain", "NoExecute", "soon"), "gpu.example.com", "node-a", "gpu-0"
    )
    assert rule(taint=taint, deviceSelector={}).selects


def test_no_selector_is_not_an_empty_one():
    """Which devices that means changed with 1.37.1."""
    assert not rule(taint={"key": "k", "effect": "NoSchedule"}).selects


@pytest.mark.parametrize("selector", [{"deviceClassName": "gpu"}, {"selectors": [{"cel": {}}]}])
def test_selectors_of_v1alpha3(selector):
    """Selecting by class or CEL is told apart."""
    assert rule(deviceSelector=selector).by_class_or_cel


def test_what_is_no_rule():
    """The object and the field are named."""
    with pytest.raises(DecodeError, match=r'DeviceTaintRule "r": spec\.taint\.key: expected str'):
        rule(taint={"key": 7})
