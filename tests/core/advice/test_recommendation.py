"""What is recommended, and what never is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.advice.advisor import Subject, advise
from extender.core.advice.claim_warnings import WarningCode
from extender.core.advice.constraint_options import OptionKind
from extender.core.advice.recommendation import AdviceCode, render_recommendation
from extender.core.prediction.settings import Settings
from extender.core.reasons import Outcome
from extender.model import (
    Attribute,
    AttributeKind,
    Constraint,
    CounterConsumption,
    CounterSet,
    Device,
    DeviceClass,
    DeviceTraits,
    ExactRequest,
    Node,
    Request,
)
from extender.model.quantity import parse_quantity
from tests import builders as b

GROUP = "example.com/group"
UUID = "hami-core-gpu.project-hami.io/uuid"
PARENT = "gpu.nvidia.com/parentUUID"


def advised(snapshot, *specs):
    claims = tuple(b.claim(f"claim-{number}", each) for number, each in enumerate(specs))
    subject = Subject(b.pod("p", *(each.name for each in claims)), claims)
    return advise(subject, snapshot, Settings(search_steps=2_000, request_steps=8_000), lambda _: None)


def grouped(groups=("x", "x", "y", "y"), nics=("y", "y", "x", "x"), **fields):
    """A node whose GPUs and NICs publish a group, and nothing about their location."""
    return b.snapshot(
        b.machine(
            "n",
            [b.device(f"gpu-{i}", group=b.text(group)) for i, group in enumerate(groups)],
            [b.device(f"nic-{i}", group=b.text(group)) for i, group in enumerate(nics)],
        ),
        **fields,
    )


def two_each(*constraints):
    return b.spec(b.request("gpu", "gpu", 2), b.request("nic", "nic", 2), constraints=constraints)


def test_an_attribute_of_any_domain_is_named():
    """With a reserve, as nothing else is published that says what its values mean."""
    found = advised(grouped(), two_each()).recommendation
    assert (found.code, found.attribute) == (AdviceCode.SHARED_ATTRIBUTE, GROUP)
    assert (found.groups, found.leaves, found.of) == (((("gpu", "nic"),),), 1, 1)
    assert "if its values are groups of near devices" in render_recommendation(found)


def halves():
    """Two GPUs and two NICs, one of each on both NUMA nodes."""
    return [[b.device(f"{kind}-{i}", None, i) for i in range(2)] for kind in ("gpu", "nic")]


def located(groups, gpu_numa="gpu.nvidia.com/numa", nic_numa="dra.net/numaNode"):
    """Two GPUs and two NICs, the first GPU on the NUMA node of the second NIC; ``groups`` of the four."""

    def device(name, attribute, numa, group):
        return Device(name, {GROUP: b.text(group), attribute: Attribute(AttributeKind.INT, numa)})

    gpus = [device(f"gpu-{i}", gpu_numa, i, groups[i]) for i in range(2)]
    nics = [device(f"nic-{i}", nic_numa, 1 - i, groups[2 + i]) for i in range(2)]
    return b.snapshot(b.machine("n", gpus, nics))


def test_an_attribute_that_brings_devices_nearer_is_recommended():
    """The drivers have no name for the NUMA node in common, but one for the group."""
    found = advised(located("xyyx"), b.PAIR).recommendation
    assert (found.code, found.attribute) == (AdviceCode.HARD_CONSTRAINT, GROUP)


def test_an_attribute_whose_values_cross_the_sockets_is_not():
    """It would force a GPU together with the NIC of the other NUMA node."""
    found = advised(located("xyxy"), b.PAIR).recommendation
    assert (found.code, found.attribute) == (AdviceCode.NOT_ADVISABLE, GROUP)
    assert "brings the devices no nearer" in render_recommendation(found)


@pytest.mark.parametrize("groups", ["xyyx", "xyxy"])
def test_an_attribute_of_unknown_meaning_loses_against_a_known_one(groups):
    found = advised(located(groups, b.NUMA, b.NUMA), b.PAIR).recommendation
    assert (found.code, found.attribute) == (AdviceCode.HARD_CONSTRAINT, b.NUMA)


def test_a_constraint_of_the_claim_counts():
    """Nothing to change where the claim itself keeps its devices together."""
    found = advised(grouped(), two_each(Constraint(match_attribute=GROUP))).recommendation
    assert (found.code, found.attribute) == (AdviceCode.AS_WRITTEN, GROUP)


@pytest.mark.parametrize(
    ("groups", "code"), [("xyxy", AdviceCode.AS_WRITTEN), ("xyyx", AdviceCode.APART_AS_WRITTEN)]
)
def test_a_constraint_of_the_claim_that_pulls_devices_apart(groups, code):
    """The first GPU and NIC are on one NUMA node; the constraint keeps them, or parts them."""
    gpus, nics = halves()
    devices = [
        replace(each, attributes={**each.attributes, GROUP: b.text(group)})
        for each, group in zip((*gpus, *nics), groups, strict=True)
    ]
    spec = b.spec(
        b.request("gpu", "gpu"), b.request("nic", "nic"), constraints=[Constraint(match_attribute=GROUP)]
    )
    found = advised(b.snapshot(b.machine("n", devices[:2], devices[2:])), spec).recommendation
    assert (found.code, found.attribute) == (code, GROUP)
    assert ("without it they are nearer" in render_recommendation(found)) == (
        code is not AdviceCode.AS_WRITTEN
    )


def test_a_constraint_of_the_claim_beside_which_another_helps():
    """The constraint says nothing, and devices are apart; on one of two nodes they need not be."""
    gpus, nics = (
        [replace(each, attributes={**each.attributes, GROUP: b.text("x")}) for each in kind]
        for kind in halves()
    )
    spec = b.spec(
        b.request("gpu", "gpu"), b.request("nic", "nic"), constraints=[Constraint(match_attribute=GROUP)]
    )
    machines = b.machine("n", gpus, nics[::-1]), b.machine("m", gpus[:1], nics[1:])
    found = advised(b.snapshot(*machines), spec).recommendation
    assert (found.code, found.attribute) == (AdviceCode.APART_AS_WRITTEN, GROUP)
    assert render_recommendation(found).endswith(
        f"{b.NUMA} over gpu + nic beside it brings them nearer, but leaves 1 of 2 nodes when empty"
    )


def test_no_constraint_only_where_all_that_are_published_were_tried():
    """Values that are never in common: told, with the number of attributes."""
    found = advised(grouped(nics=("u", "u", "v", "v")), two_each()).recommendation
    assert found.code is AdviceCode.NO_CONSTRAINT
    assert f"{b.ROOT} and {b.NUMA} were tried" in render_recommendation(found)


def test_a_count_in_place_of_all():
    """All means all of the node; the devices that the constraint leaves have a number."""
    snapshot = b.snapshot(b.pair_node("n", ["r0", "r1"], ["r0", "r0", "r0", "r1", "r1", "r1"]))
    every = Request("nic", ExactRequest("nic", "nic", mode="All", count=0))
    spec = b.spec(b.request("gpu", "gpu"), every, constraints=[Constraint(match_attribute=b.ROOT)])
    advice = advised(snapshot, spec)
    found = advice.recommendation
    assert (found.code, found.option.count, found.attribute) == (AdviceCode.COUNT_NOT_ALL, 3, b.ROOT)
    assert advice.judged[0].now == {Outcome.ERROR: 1}
    (counted,) = [each for each in advice.judged if each.option.kind is OptionKind.COUNT]
    assert counted.now == {Outcome.ALLOCATED: 1}


def test_all_devices_without_a_constraint_need_no_advice():
    every = Request("nic", ExactRequest("nic", "nic", mode="All", count=0))
    snapshot = b.snapshot(b.pair_node("n", ["r0"], ["r0", "r1"]))
    assert advised(snapshot, b.spec(b.request("gpu", "gpu"), every)).recommendation is None


def shares(**fields):
    """Two cards that pods share, on one root."""
    traits = DeviceTraits(allow_multiple_allocations=True)
    cards = [Device(f"card-{i}", {UUID: b.text(f"uuid-{i}"), b.ROOT: b.text("r0")}, traits) for i in range(2)]
    slice_ = b.slice_of("hami-core-gpu.project-hami.io", "n", cards)
    share = DeviceClass("share", ("device.driver == 'hami-core-gpu.project-hami.io'",))
    return b.snapshot(nodes=[Node("n")], slices=[slice_], classes=[share], **fields)


TWO_SHARES = b.spec(b.request("a", "share"), b.request("b", "share"))


@pytest.mark.parametrize("spec", [TWO_SHARES, b.spec(b.request("a", "share", 2))], ids=("two", "count"))
def test_two_shares_want_two_cards(spec):
    """The identity of the card is named, and no root, which would put both on one card."""
    found = advised(shares(), spec).recommendation
    assert (found.code, found.attribute) == (AdviceCode.DISTINCT_CARDS, UUID)
    assert "distinctAttribute" in render_recommendation(found)


def test_shares_that_the_claim_puts_on_one_card():
    """One card can be shared as often as it can be allocated: the constraint holds, without a warning."""
    spec = b.spec(*TWO_SHARES.requests, constraints=[Constraint(match_attribute=UUID)])
    advice = advised(shares(), spec)
    assert advice.judged[0].now == {Outcome.ALLOCATED: 1}
    assert WarningCode.TOO_FEW_TOGETHER not in {each.code for each in advice.warnings}
    assert (advice.recommendation.code, advice.recommendation.attribute) == (AdviceCode.AS_WRITTEN, UUID)


def test_a_share_in_each_of_two_claims():
    """Nobody is told to put them into one claim, where both would land on one card."""
    advice = advised(shares(), *(b.spec(b.request("a", "share")) for _ in range(2)))
    assert WarningCode.SEPARATE_CLAIMS not in {each.code for each in advice.warnings}
    assert advice.recommendation is None


def test_shares_where_the_release_has_no_sharing():
    """Without consumable capacity a device goes to one claim: a root may be matched, none is distinct."""
    advice = advised(shares(release="1.35.10"), TWO_SHARES)
    assert not [each for each in advice.judged if each.option.kind is OptionKind.DISTINCT]
    assert advice.recommendation.code is AdviceCode.HARD_CONSTRAINT


def test_shares_that_the_claim_itself_puts_apart():
    spec = b.spec(*TWO_SHARES.requests, constraints=[Constraint(distinct_attribute=UUID)])
    advice = advised(shares(), spec)
    assert not [each for each in advice.judged if each.option.kind is OptionKind.DISTINCT]


def partitions():
    """Two cards with two partitions each."""
    slices = [
        Device(
            f"mig-{card}-{part}",
            {
                PARENT: b.text(f"card-{card}"),
                "gpu.nvidia.com/uuid": b.text(f"mig-{card}-{part}"),
                b.ROOT: b.text("r0"),
            },
        )
        for card in range(2)
        for part in range(2)
    ]
    return b.snapshot(nodes=[Node("n")], slices=[b.slice_of("gpu.nvidia.com", "n", slices)])


def test_two_partitions_want_two_cards():
    """The parent tells cards apart, not the name of the partition."""
    found = advised(partitions(), b.spec(b.request("a", "gpu"), b.request("b", "gpu"))).recommendation
    assert (found.code, found.attribute) == (AdviceCode.DISTINCT_CARDS, PARENT)


def test_nothing_weaker_than_what_is_there():
    """Partitions of one card are on one root anyway."""
    spec = b.spec(
        b.request("a", "gpu"), b.request("b", "gpu"), constraints=[Constraint(match_attribute=PARENT)]
    )
    advice = advised(partitions(), spec)
    assert (advice.recommendation.code, advice.recommendation.attribute) == (AdviceCode.AS_WRITTEN, PARENT)
    assert b.ROOT not in {each.option.attribute for each in advice.judged}


def cpus(free):
    """CPUs one by one on two NUMA nodes; ``free`` on each."""
    devices = [
        Device(f"cpu-{numa}-{i}", {"dra.cpu/numaNodeID": Attribute(AttributeKind.INT, numa)})
        for numa in range(2)
        for i in range(free)
    ]
    dra_cpu = DeviceClass("cpu", ("device.driver == 'dra.cpu'",))
    return b.snapshot(
        nodes=[Node("n")],
        slices=[b.slice_of("dra.cpu", "n", devices)],
        classes=[dra_cpu],
        release="1.35.10",
    )


def test_nothing_that_makes_the_search_endless():
    """
    Two claims of CPUs: as written they take the first; with a NUMA node each, the second claim tries all
    choices of what the first one left of its node.
    """
    advice = advised(cpus(40), b.spec(b.request("cpus", "cpu", 20)), b.spec(b.request("cpus", "cpu", 25)))
    assert advice.judged[0].now == {Outcome.ALLOCATED: 1}
    unknown = [each for each in advice.judged if each.now == {Outcome.UNKNOWN: 1}]
    assert {each.option.kind for each in unknown} == {OptionKind.MATCH}
    assert advice.recommendation.code is AdviceCode.NOT_ADVISABLE
    assert advice.recommendation.option in {each.option for each in unknown}


def test_a_constraint_on_one_request_of_each_claim_joins_no_claims():
    """Each claim is on one NUMA node already, and the constraints bring no two claims together."""
    advice = advised(cpus(4), *(b.spec(b.request("cpus", "cpu", 2)) for _ in range(2)))
    found = advice.recommendation
    assert (found.code, found.option.one_claim) == (AdviceCode.HARD_CONSTRAINT, True)


def test_pairs_in_several_claims():
    """A constraint in each claim keeps a GPU with its NIC."""
    snapshot = b.snapshot(b.pair_node("n", ["r0", "r1"], ["r1", "r0"]))
    found = advised(snapshot, b.PAIR, b.PAIR).recommendation
    assert (found.code, found.attribute) == (AdviceCode.HARD_CONSTRAINT, b.ROOT)
    assert found.groups == ((("gpu", "nic"),), (("gpu", "nic"),))


def test_the_best_of_what_holds_whatever_it_covers():
    """No attribute joins GPU, NIC and CPU, but the root joins GPU and NIC; the CPU is named as left out."""
    gpus_and_nics = b.pair_node("n", ["r0", "r1"], ["r1", "r0"])
    cpu = b.slice_of("dra.cpu", "n", [Device("cpu-0"), Device("cpu-1")])
    cpus = DeviceClass("cpu", ("device.driver == 'dra.cpu'",))
    snapshot = b.snapshot(gpus_and_nics, slices=[cpu], classes=[*b.CLASSES, cpus])
    found = advised(snapshot, b.spec(*b.PAIR.requests, b.request("cpu", "cpu"))).recommendation
    assert (found.code, found.attribute) == (AdviceCode.HARD_CONSTRAINT, b.ROOT)
    assert (found.groups, found.uncovered) == (((("gpu", "nic"),),), ("cpu",))
    assert render_recommendation(found).endswith("; it says nothing of cpu")


def test_devices_that_the_release_ignores_are_named_with_their_gate():
    """A partition on 1.35, where counters are off by default; on 1.36 nothing is ignored."""
    traits = DeviceTraits(consumes_counters=(CounterConsumption("set", (("memory", parse_quantity("1")),)),))
    slice_ = replace(
        b.slice_of("gpu.nvidia.com", "n", [b.device("mig", traits=traits)]),
        shared_counters=(CounterSet("set", (("memory", parse_quantity("2")),)),),
    )
    for release, expected in (("1.35.10", 1), ("1.36.2", 0)):
        snapshot = b.snapshot(nodes=[Node("n")], slices=[slice_], release=release)
        warnings = advised(snapshot, b.spec(b.request("gpu", "gpu"))).warnings
        ignored = [each for each in warnings if each.code is WarningCode.SLICES_IGNORED]
        assert len(ignored) == expected
        assert all(each.values["gate"] == "DRAPartitionableDevices" for each in ignored)
