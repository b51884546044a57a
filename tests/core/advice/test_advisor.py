"""Advice: counts that brute force confirms, nearness, rewrites, and subjects of every kind."""

from __future__ import annotations

import random
from itertools import product

import pytest

from extender.core.advice.advisor import Advice, Subject, advise
from extender.core.advice.claim_warnings import WarningCode
from extender.core.advice.constraint_options import OptionKind
from extender.core.advice.judged import Judged
from extender.core.advice.nearness import Nearness
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Outcome, Settings
from extender.core.releases.history import release_for
from extender.core.soft_alignment.soften import Rewrite
from extender.model import (
    Claim,
    ClaimSpec,
    Constraint,
    Container,
    Device,
    DeviceClass,
    DeviceID,
    Node,
    Pod,
    ResourceSlice,
)
from extender.model.quantity import parse_quantity
from tests import builders as b

ROOTS = ("pci0000:10", "pci0000:20", "pci0000:30", None)


def subject(*specs: ClaimSpec) -> Subject:
    claims = tuple(b.claim(f"claim-{number}", each) for number, each in enumerate(specs))
    return Subject(b.pod("p", *(each.name for each in claims)), claims)


def advised(snapshot: Snapshot, *specs: ClaimSpec, settings: Settings | None = None) -> Advice:
    return advise(subject(*specs), snapshot, settings or Settings(), lambda _: None)


def codes(advice: Advice) -> set[WarningCode]:
    return {each.code for each in advice.warnings}


def option(advice: Advice, kind: OptionKind, attribute: str = "", *, one_claim: bool = False) -> Judged:
    (found,) = [
        each
        for each in advice.judged
        if (each.option.kind, each.option.attribute, each.option.one_claim) == (kind, attribute, one_claim)
    ]
    return found


def fits(judged: Judged) -> tuple[int, int]:
    return judged.now.get(Outcome.ALLOCATED, 0), judged.empty.get(Outcome.ALLOCATED, 0)


def two_nodes(*claims: Claim, **fields: object) -> Snapshot:
    """On ``near`` first fit pairs devices of one root, on ``far`` only the second NIC would do."""
    near = b.pair_node("near", ["pci0000:10"], ["pci0000:10"])
    far = b.pair_node("far", ["pci0000:20"], ["pci0000:10", "pci0000:20"])
    return b.snapshot(near, far, claims=claims, **fields)  # type: ignore[arg-type]


def shared(attribute: str, gpu: Device, nic: Device) -> bool:
    value = gpu.attributes.get(attribute)
    return value is not None and value == nic.attributes.get(attribute)


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_those_of_brute_force(seed):
    """On random nodes each option holds where some free GPU and some free NIC agree, and nowhere else."""
    rng = random.Random(seed)
    nodes: list[Node] = []
    slices: list[ResourceSlice] = []
    held: list[Claim] = []
    now = dict.fromkeys((None, b.ROOT, b.NUMA), 0)
    empty = dict(now)
    for number in range(25):
        name = f"node-{number:02}"
        nodes.append(Node(name))
        devices = {
            driver: [
                b.device(f"{kind}-{i}", rng.choice(ROOTS), rng.choice((0, 1, None)))
                for i in range(rng.randint(0, 3))
            ]
            for driver, kind in (("gpu.nvidia.com", "gpu"), ("dra.net", "nic"))
        }
        slices += [b.slice_of(driver, name, each) for driver, each in devices.items() if each]
        taken = [
            DeviceID(driver, name, each.name)
            for driver, found in devices.items()
            for each in found
            if rng.random() < 0.4
        ]
        if taken:
            held.append(b.holding(f"held-{number}", *taken))
        names = {each.device for each in taken}
        for attribute in now:
            pairs = [
                (gpu, nic)
                for gpu, nic in product(devices["gpu.nvidia.com"], devices["dra.net"])
                if attribute is None
                or (
                    attribute in gpu.attributes and gpu.attributes[attribute] == nic.attributes.get(attribute)
                )
            ]
            empty[attribute] += bool(pairs)
            now[attribute] += any(not {gpu.name, nic.name} & names for gpu, nic in pairs)
    snapshot = b.snapshot(nodes=nodes, slices=slices, claims=held)
    advice = advised(snapshot, b.PAIR)
    assert fits(option(advice, OptionKind.AS_WRITTEN)) == (now[None], empty[None])
    assert fits(option(advice, OptionKind.NONE)) == (now[None], empty[None])
    for attribute in (b.ROOT, b.NUMA):
        judged = option(advice, OptionKind.MATCH, attribute)
        assert fits(judged) == (now[attribute], empty[attribute])
        assert sum(judged.now.values()) == sum(judged.empty.values()) == advice.nodes == 25


def test_nearness_is_counted_whatever_constraints_can_say():
    """``far`` takes a far NIC although the near one is free; rewritten, the scheduler takes the near one."""
    advice = advised(two_nodes(), b.PAIR)
    assert advice.nearness is not None
    assert advice.nearness.first_fit == {Nearness.PCIE_ROOT: 1, Nearness.UNKNOWN: 1}
    assert advice.nearness.best == advice.nearness.best_empty == {Nearness.PCIE_ROOT: 2}
    assert advice.nearness.rewritten == {Nearness.PCIE_ROOT: 2}
    assert (advice.nearness.guessed, advice.nearness.guessed_empty) == (0, 0)
    assert isinstance(advice.rewrites[0], Rewrite)
    assert fits(option(advice, OptionKind.SOFT)) == (2, 2)


def test_what_others_hold_counts_only_now():
    """A GPU that another pod holds is gone now, and there when the cluster is empty."""
    snapshot = two_nodes(b.holding("other", DeviceID("gpu.nvidia.com", "near", "gpu-0")))
    assert fits(option(advised(snapshot, b.PAIR), OptionKind.NONE)) == (1, 2)


def test_the_subjects_own_devices_count_as_free():
    """A pod that runs is judged as if it were yet to be placed."""
    mine = b.holding("claim-0", DeviceID("gpu.nvidia.com", "near", "gpu-0"))
    assert fits(option(advised(two_nodes(mine), b.PAIR), OptionKind.AS_WRITTEN)) == (2, 2)


def test_a_constraint_as_written_is_judged_and_left_out():
    """As written the claim holds where its constraint does; without, everywhere."""
    spec = b.spec(*b.PAIR.requests, constraints=[Constraint(match_attribute=b.NUMA)])
    advice = advised(two_nodes(), spec)
    assert fits(option(advice, OptionKind.AS_WRITTEN)) == (0, 0)
    assert fits(option(advice, OptionKind.NONE)) == (2, 2)
    assert advice.blocked
    assert {WarningCode.HOLDS_NOWHERE, WarningCode.ATTRIBUTE_UNKNOWN} <= codes(advice)


def test_two_claims_are_also_judged_as_one():
    """No constraint reaches over two claims, so the options are those of one claim of both."""
    advice = advised(two_nodes(), b.spec(b.request("dev", "gpu")), b.spec(b.request("dev", "nic")))
    assert WarningCode.SEPARATE_CLAIMS in codes(advice)
    judged = option(advice, OptionKind.MATCH, b.ROOT, one_claim=True)
    assert fits(judged) == (2, 2)
    assert judged.option.groups == ((("claim-0-dev", "claim-1-dev"),),)


def test_one_device_has_nothing_to_keep_together():
    """A claim of one device has no options beside itself, and no nearness."""
    advice = advised(two_nodes(), b.spec(b.request("gpu", "gpu")))
    assert [each.option.kind for each in advice.judged] == [OptionKind.AS_WRITTEN, OptionKind.NONE]
    assert advice.nearness is None
    assert advice.warnings == ()


def test_no_claims_fit_everywhere():
    """A pod without claims can run on every node, and nothing is wrong with it."""
    advice = advised(two_nodes())
    assert fits(advice.judged[0]) == (2, 2)
    assert advice.warnings == ()
    assert advice.nearness is None


def test_a_cluster_without_nodes_blocks_nothing():
    """Where there is nothing to judge on, no claim is called impossible."""
    advice = advised(b.snapshot(), b.PAIR)
    assert advice.nodes == 0
    assert not advice.blocked


def test_a_missing_class_blocks():
    """The claim cannot be met anywhere, whatever else there is."""
    advice = advised(two_nodes(), b.spec(b.request("gpu", "gone")))
    assert advice.blocked
    assert codes(advice) == {WarningCode.CLASS_MISSING}
    assert fits(advice.judged[0]) == (0, 0)
    assert [each.option.kind for each in advice.judged] == [OptionKind.AS_WRITTEN]


def test_over_budget_is_unknown_never_a_no():
    """Nodes whose search was given up are unknown, so that the claim is not called impossible."""
    advice = advised(two_nodes(), b.PAIR, settings=Settings(search_steps=1, request_steps=1))
    written = option(advice, OptionKind.AS_WRITTEN)
    assert written.empty[Outcome.UNKNOWN] == 2
    assert not advice.blocked


def extended(release: str) -> Advice:
    """Of a pod with two extended resources, on a node with a pair of one root and one with none."""
    classes = (
        DeviceClass("gpu", b.GPU_CLASS.selectors, extended_resource_name="example.com/gpu"),
        DeviceClass("nic", b.NIC_CLASS.selectors, extended_resource_name="example.com/nic"),
    )
    snapshot = b.snapshot(
        b.pair_node("near", ["pci0000:10"], ["pci0000:10"]),
        b.pair_node("far", ["pci0000:20"], ["pci0000:10"]),
        release=release_for(release, {"DRAExtendedResource": True}),
        classes=classes,
    )
    one = parse_quantity("1")
    requests = (("example.com/gpu", one), ("example.com/nic", one))
    pod = Pod("default", "p", "uid-p", containers=(Container("main", requests),))
    return advise(Subject(pod, ()), snapshot, Settings(), lambda _: None)


def test_extended_resources_are_judged_as_the_claim_that_they_become():
    """The pod is counted as the scheduler treats it; a written claim with a constraint is an option."""
    advice = extended("1.36.2")
    assert codes(advice) == {WarningCode.EXTENDED_RESOURCES}
    assert fits(option(advice, OptionKind.AS_WRITTEN)) == (2, 2)
    assert fits(option(advice, OptionKind.MATCH, b.ROOT)) == (1, 1)
    assert advice.rewrites == ()


def test_extended_resources_that_are_not_modelled_are_unknown():
    """Of a release whose way with them is not known, only the written claim is judged."""
    advice = extended("1.34")
    assert option(advice, OptionKind.AS_WRITTEN).now == {Outcome.UNKNOWN: 2}
    assert fits(option(advice, OptionKind.NONE)) == (2, 2)
    assert not advice.blocked


def test_every_node_is_told_as_it_is_judged():
    """Progress can be shown: each node is told at least once for each state of the cluster."""
    told: list[str] = []
    advise(subject(b.PAIR), two_nodes(), Settings(), told.append)
    assert set(told) == {"near", "far"}
    assert len(told) >= 4
