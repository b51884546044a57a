"""Options: what a claim could ask for instead, and over which requests."""

from __future__ import annotations

from extender.core.advice.constraint_options import (
    ConstraintOption,
    OptionKind,
    Participants,
    constraint_options,
    is_about_location,
    location_attributes,
)
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, NUMA_NODE, PCIE_ROOT
from extender.model import ClaimSpec, Constraint, Request
from tests import builders as b

NET_NUMA = "dra.net/numaNode"


def everyone(spec: ClaimSpec, *off_bus: str, publishes: frozenset[str] = frozenset()) -> Participants:
    """All requests take part, with one device each or as many as they ask for."""
    names = [request.name for request in spec.requests]
    counts = {request.name: request.exactly.count for request in spec.requests if request.exactly}
    return Participants(
        tuple(name for name in names if name not in off_bus),
        off_bus,
        counts,
        dict.fromkeys(names, publishes),
    )


def options(*specs: ClaimSpec, who: tuple[Participants, ...] = ()) -> tuple[ConstraintOption, ...]:
    names = [f"claim-{number}" for number in range(len(specs))]
    taking_part = who or tuple(map(everyone, specs))
    return constraint_options(specs, names, taking_part, (PCIE_ROOT, NUMA_NODE, NET_NUMA), DEFAULT_VOCABULARY)


def matching(
    found: tuple[ConstraintOption, ...],
) -> list[tuple[str, tuple[tuple[tuple[str, ...], ...], ...]]]:
    return [(each.attribute, each.groups) for each in found if each.kind is OptionKind.MATCH]


def test_a_pair_may_share_a_root_or_a_numa_node():
    """As written, without constraint, and one option for each standard attribute over both requests."""
    found = options(b.PAIR)
    assert [each.kind for each in found[:2]] == [OptionKind.AS_WRITTEN, OptionKind.NONE]
    assert found[1].specs == (b.PAIR,)
    assert matching(found) == [(PCIE_ROOT, ((("gpu", "nic"),),)), (NUMA_NODE, ((("gpu", "nic"),),))]
    assert found[2].specs[0].constraints == (Constraint(("gpu", "nic"), PCIE_ROOT),)


def test_specs_of_options_are_told_apart():
    """Specs compare by fingerprint alone, so each option has its own."""
    found = options(b.PAIR)
    assert len({each.specs for each in found if each.kind is OptionKind.MATCH} | {found[1].specs}) == 3


def test_a_vendor_name_serves_where_all_publish_it():
    """``dra.net/numaNode`` is an option only if each request has devices with it."""
    who = everyone(b.PAIR, publishes=frozenset({NET_NUMA}))
    assert NET_NUMA in dict(matching(options(b.PAIR, who=(who,))))
    assert NET_NUMA not in dict(matching(options(b.PAIR)))


def test_cpus_join_on_numa_nodes_not_on_roots():
    """A CPU sits on no root; on a NUMA node it can be with the others or left out."""
    spec = b.spec(*b.PAIR.requests, b.request("cpu", "cpu"))
    found = matching(options(spec, who=(everyone(spec, "cpu"),)))
    assert [groups for attribute, groups in found if attribute == PCIE_ROOT] == [((("gpu", "nic"),),)]
    assert [groups for attribute, groups in found if attribute == NUMA_NODE] == [
        ((("gpu", "nic"),),),
        ((("gpu", "nic", "cpu"),),),
    ]


def test_groups_as_written_are_kept():
    """Two pairs with a constraint each: also judged pair by pair under the other attribute."""
    requests = tuple(b.request(f"{kind}-{i}", kind) for i in range(2) for kind in ("gpu", "nic"))
    pairs = tuple(Constraint((f"gpu-{i}", f"nic-{i}"), PCIE_ROOT) for i in range(2))
    found = matching(options(b.spec(*requests, constraints=pairs)))
    assert (NUMA_NODE, ((("gpu-0", "nic-0"), ("gpu-1", "nic-1")),)) in found
    assert (NUMA_NODE, ((("gpu-0", "nic-0", "gpu-1", "nic-1"),),)) in found


def test_other_constraints_stay():
    """Only what keeps devices together in a place is replaced."""
    kept = Constraint(("gpu",), distinct_attribute="gpu.nvidia.com/uuid")
    spec = b.spec(*b.PAIR.requests, constraints=[Constraint(match_attribute=NUMA_NODE), kept])
    found = options(spec)
    assert found[1].specs[0].constraints == (kept,)
    assert found[2].specs[0].constraints == (kept, Constraint(("gpu", "nic"), PCIE_ROOT))


def test_one_claim_of_two():
    """Requests of one name get that of their claim; constraints follow, also those that named none."""
    constraint = Constraint(match_attribute="example.com/fabric")
    first = b.spec(b.request("dev", "gpu"), constraints=[constraint])
    second = b.spec(b.request("dev", "nic"), b.request("cpu", "cpu"))
    found = [each for each in options(first, second) if each.one_claim]
    (spec,) = found[0].specs
    assert [request.name for request in spec.requests] == ["claim-0-dev", "claim-1-dev", "cpu"]
    assert spec.constraints[0] == Constraint(("claim-0-dev",), "example.com/fabric")
    exact = [request.exactly.name for request in spec.requests if request.exactly]
    assert exact == ["claim-0-dev", "claim-1-dev", "cpu"]


def test_claims_with_nothing_to_keep_together():
    """One device, or requests without devices of a place: no option but the claim itself."""
    lone = b.spec(b.request("gpu", "gpu"))
    nobody = Participants((), (), {}, {})
    assert matching(options(lone)) == []
    assert matching(options(b.PAIR, who=(nobody,))) == []
    assert options() == (
        ConstraintOption(OptionKind.AS_WRITTEN, ()),
        ConstraintOption(OptionKind.NONE, ()),
    )


def test_alternatives_are_named_by_their_request():
    """A constraint over firstAvailable names the request, which covers all its alternatives."""
    exact = b.request("big", "gpu").exactly
    assert exact is not None
    spec = b.spec(Request("gpu", first_available=(exact,)), b.request("nic", "nic"))
    who = Participants(("gpu", "nic"), (), {"gpu": 1, "nic": 1}, {})
    assert matching(options(spec, who=(who,)))[0] == (PCIE_ROOT, ((("gpu", "nic"),),))


def test_names_of_places():
    """Standard names come first; a misspelt one means a place too, a bus id does not."""
    assert location_attributes(["dra.net"], DEFAULT_VOCABULARY)[:2] == (PCIE_ROOT, NUMA_NODE)
    assert NET_NUMA in location_attributes(["dra.net"], DEFAULT_VOCABULARY)
    for name in (
        PCIE_ROOT,
        NUMA_NODE,
        NET_NUMA,
        "k8s.io/pcieRoot",
        "dra.cpu/socketID",
        "gpu.intel.com/pciRoot",
    ):
        assert is_about_location(name, DEFAULT_VOCABULARY)
    for other in (None, "resource.kubernetes.io/pciBusID", "gpu.nvidia.com/parentUUID"):
        assert not is_about_location(other, DEFAULT_VOCABULARY)
