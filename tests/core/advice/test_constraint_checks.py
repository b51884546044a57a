"""Constraints against what devices publish: refused devices, empty values, types, too few of a kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from extender.core.advice.advisor import Subject, advise
from extender.core.advice.claim_warnings import Severity, WarningCode
from extender.core.prediction.evaluate import Settings
from extender.core.releases.history import release_for
from extender.model import (
    Attribute,
    AttributeKind,
    ClaimSpec,
    Constraint,
    Device,
    ExactRequest,
    Request,
)
from tests import builders as b

Found = dict[WarningCode, dict[str, str]]


def constrained(*requests: Request, attribute: str = b.ROOT, names: Iterable[str] = ()) -> ClaimSpec:
    constraint = Constraint(tuple(names), match_attribute=attribute)
    return b.spec(*(requests or b.PAIR.requests), constraints=[constraint])


def warned(spec: ClaimSpec, gpus: Iterable[Device], nics: Iterable[Device], release: str = "1.36.2") -> Found:
    """The warnings by code on one node with these devices."""
    snapshot = b.snapshot(b.machine("node", gpus, nics), release=release)
    advice = advise(Subject(b.pod("p", "c"), (b.claim("c", spec),)), snapshot, Settings(), lambda _: None)
    return {each.code: each.values for each in advice.warnings}


def test_a_driver_that_never_publishes():
    """No NIC has the root: the constraint refuses them all, and the claim holds nowhere."""
    found = warned(constrained(), [b.device("gpu-0", "pci0000:10")], [b.device("nic-0"), b.device("nic-1")])
    assert found[WarningCode.ATTRIBUTE_NEVER_PUBLISHED] == {
        "request": "nic",
        "driver": "dra.net",
        "attribute": b.ROOT,
        "devices": "2",
    }
    assert WarningCode.HOLDS_NOWHERE in found


def test_a_driver_that_partly_publishes():
    """One of two NICs has the root; the claim holds with that one."""
    nics = [b.device("nic-0"), b.device("nic-1", "pci0000:10")]
    found = warned(constrained(), [b.device("gpu-0", "pci0000:10")], nics)
    assert found.keys() == {WarningCode.ATTRIBUTE_PARTLY_PUBLISHED}
    assert found[WarningCode.ATTRIBUTE_PARTLY_PUBLISHED]["missing"] == "1"


def test_values_that_say_nothing():
    """-1 matches -1 and "" matches "" though nobody knows where the devices are."""
    numa = warned(constrained(attribute=b.NUMA), [b.device("gpu-0", numa=-1)], [b.device("nic-0", numa=-1)])
    assert numa[WarningCode.ATTRIBUTE_SAYS_NOTHING]["value"] == "-1"
    root = warned(constrained(), [b.device("gpu-0", "")], [b.device("nic-0", "")])
    assert root[WarningCode.ATTRIBUTE_SAYS_NOTHING]["value"] == '""'
    zero = warned(constrained(attribute=b.NUMA), [b.device("gpu-0", numa=0)], [b.device("nic-0", numa=0)])
    assert zero == {}


def test_types_that_never_match():
    """An integer of one driver and a text of the other are never equal."""
    found = warned(
        constrained(attribute="example.com/node"),
        [b.device("gpu-0", node=b.number(0))],
        [b.device("nic-0", node=b.text("0"))],
    )
    assert found[WarningCode.ATTRIBUTE_TYPES_DIFFER]["types"] == "int of gpu.nvidia.com, string of dra.net"
    assert WarningCode.NEVER_EQUAL in found


def test_a_list_matches_a_scalar_where_lists_are_sets():
    """With DRAListTypeAttributes a scalar is a set of one, so the types do not matter."""
    nodes = Attribute(AttributeKind.INTS, (0, 1))
    gpus, nics = [b.device("gpu-0", numa=0)], [Device("nic-0", {b.NUMA: nodes})]
    lists = release_for("1.37", {"DRAListTypeAttributes": True})
    snapshot = b.snapshot(b.machine("node", gpus, nics), release=lists)
    spec = constrained(attribute=b.NUMA)
    advice = advise(Subject(b.pod("p", "c"), (b.claim("c", spec),)), snapshot, Settings(), lambda _: None)
    assert advice.warnings == ()


def test_one_flat_root():
    """One root for everything on two NUMA nodes: the constraint holds and says nothing."""
    gpus = [b.device("gpu-0", "pci0000:00", 0), b.device("gpu-1", "pci0000:00", 1)]
    found = warned(constrained(), gpus, [b.device("nic-0", "pci0000:00", 0)])
    assert found[WarningCode.FLAT_ROOT] == {"nodes": "1", "attribute": b.ROOT}
    two = [b.device("gpu-0", "pci0000:00", 0), b.device("gpu-1", "pci0000:80", 1)]
    assert WarningCode.FLAT_ROOT not in warned(constrained(), two, [b.device("nic-0", "pci0000:00", 0)])


def test_values_that_are_never_equal():
    """No GPU and NIC have a value in common on any node."""
    found = warned(constrained(), [b.device("gpu-0", "pci0000:10")], [b.device("nic-0", "pci0000:20")])
    assert found[WarningCode.NEVER_EQUAL] == {"attribute": b.ROOT, "requests": "gpu, nic"}


def test_too_few_on_one_value():
    """Two GPUs and a NIC on one root, where no root has more than two devices."""
    gpus = [b.device("gpu-0", "pci0000:10"), b.device("gpu-1", "pci0000:20")]
    spec = constrained(b.request("gpu", "gpu", 2), b.request("nic", "nic"))
    found = warned(spec, gpus, [b.device("nic-0", "pci0000:10")])
    params = found[WarningCode.TOO_FEW_TOGETHER]
    assert (params["needed"], params["most"]) == ("3", "2")
    enough = warned(
        spec,
        [replace(each, attributes=gpus[0].attributes) for each in gpus],
        [b.device("nic-0", "pci0000:10")],
    )
    assert enough.keys() == {WarningCode.COUNT_IS_NOT_PAIRS}


def test_an_alternative_that_can_be_left_is_not_judged_impossible():
    """A constraint on ``nic/aligned`` alone never makes a claim impossible: ``any`` remains."""
    nic = Request("nic", first_available=(ExactRequest("aligned", "nic"), ExactRequest("any", "nic")))
    spec = constrained(nic, b.request("gpu", "gpu"), names=("nic/aligned", "gpu"))
    found = warned(spec, [b.device("gpu-0", "pci0000:10")], [b.device("nic-0", "pci0000:20")])
    assert found == {}


def test_all_devices_under_a_constraint():
    """*All* GPUs on one root: it aborts where they are on two, and could elsewhere."""
    spec = constrained(b.request("gpus", "gpu", mode="All"))
    apart = [b.device("gpu-0", "pci0000:10"), b.device("gpu-1", "pci0000:20")]
    fails = warned(spec, apart, ())
    assert fails[WarningCode.ALL_CONSTRAINT_FAILS]["device"] == "gpu.nvidia.com/node/gpu-1"
    assert WarningCode.ALL_CONSTRAINT not in fails
    together = warned(spec, [replace(each, attributes=apart[0].attributes) for each in apart], ())
    assert together.keys() == {WarningCode.ALL_CONSTRAINT}


def test_distinct_attributes_need_a_value_too():
    """distinctAttribute refuses devices without the attribute, and wants no common value."""
    constraint = Constraint(distinct_attribute=b.ROOT)
    spec = b.spec(b.request("gpu", "gpu", 2), constraints=[constraint])
    gpus = [b.device("gpu-0", "pci0000:10"), b.device("gpu-1", "pci0000:20"), b.device("gpu-2")]
    assert warned(spec, gpus, ()).keys() == {WarningCode.ATTRIBUTE_PARTLY_PUBLISHED}


def test_the_worst_comes_first():
    """Warnings are sorted by severity."""
    snapshot = b.snapshot(b.machine("node", [b.device("gpu-0", "pci0000:10")], ()))
    spec = constrained(b.request("gpu", "gpu", 2), b.request("nic", "nic"), attribute="k8s.io/pcieRoot")
    advice = advise(Subject(b.pod("p", "c"), (b.claim("c", spec),)), snapshot, Settings(), lambda _: None)
    severities = [each.severity for each in advice.warnings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert severities[0] is Severity.BLOCKS
