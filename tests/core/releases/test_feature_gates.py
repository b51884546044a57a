"""Feature gates: defaults by minor, and what wrong ones get."""

from __future__ import annotations

from dataclasses import fields

import pytest

from extender.core.releases.feature_gates import FEATURE_GATES, MINORS, WrongGate, features_of, parse_gates
from extender.core.releases.features import Features


def test_defaults():
    """The features that are on without any flag."""
    on = {
        minor: {field.name for field in fields(Features) if getattr(features_of(minor), field.name)}
        for minor in MINORS
    }
    beta = {"admin_access", "prioritized_list", "device_status"}
    graduated = {
        "partitionable_devices",
        "device_taints",
        "binding_conditions",
        "consumable_capacity",
        "extended_resource",
    }
    assert on["1.34"] == on["1.35"] == beta
    assert on["1.36"] == beta | graduated
    assert on["1.37"] == beta | graduated | {"device_taint_rules"}


def test_gates_change_them():
    """A gate turns its feature on or off and nothing else."""
    changed = features_of("1.36", {"DRADeviceTaints": False, "DRADeviceTaintRules": True})
    assert not changed.device_taints
    assert changed.device_taint_rules
    assert changed.consumable_capacity


def test_taint_rules_of_1_34_come_with_taints():
    """1.34 has one gate for both."""
    assert features_of("1.34", {"DRADeviceTaints": True}).device_taint_rules


def test_a_gate_that_is_not_modelled():
    """The error says that the gate is not modelled, never that it does not matter, and lists the others."""
    with pytest.raises(
        WrongGate, match=r"'DRADerivedAttributes' is not modelled for Kubernetes 1\.35.*DRAAdminAccess"
    ):
        features_of("1.35", {"DRADerivedAttributes": True})
    with pytest.raises(WrongGate, match="'NoSuchGate' is not modelled"):
        features_of("1.37", {"NoSuchGate": False})


def test_a_locked_gate():
    """What is locked on cannot be turned off; saying that it is on is fine."""
    with pytest.raises(WrongGate, match=r"DRAPrioritizedList is locked to True in Kubernetes 1\.37"):
        features_of("1.37", {"DRAPrioritizedList": False})
    assert features_of("1.37", {"DRAPrioritizedList": True}) == features_of("1.37")


def test_every_gate_has_a_field():
    """The table names fields of ``Features``, each once."""
    named = [gate.field for gate in FEATURE_GATES.values()]
    assert sorted(named) == sorted(field.name for field in fields(Features))


@pytest.mark.parametrize(
    ("text", "gates"),
    [
        ("", {}),
        ("DRAFoo=true", {"DRAFoo": True}),
        (" DRAFoo = False , DRABar=TRUE,", {"DRAFoo": False, "DRABar": True}),
    ],
)
def test_parsing(text, gates):
    """As the flag of the Kubernetes commands."""
    assert parse_gates(text) == gates


@pytest.mark.parametrize("text", ["DRAFoo", "DRAFoo=maybe", "DRAFoo=true,DRABar="])
def test_what_is_no_gate(text):
    """The part that is wrong is named."""
    with pytest.raises(WrongGate, match="is not NAME=true or NAME=false"):
        parse_gates(text)


def test_binding_conditions_need_the_status_of_devices():
    """1.34 has a gate for each; one alone has no effect."""
    assert Features().binding
    assert not Features(device_status=False).binding
    assert not Features(binding_conditions=False).binding
