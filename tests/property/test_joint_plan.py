"""The audit's plan can be carried out: each move gives exactly the devices that it promises."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from extender.core.audit.node_kinds import NodeKinds
from extender.core.audit.running_pod import RunningPod
from extender.core.audit.running_pods import running_pods
from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.model import Claim, DeviceID, Devices, Pod
from extender.model.kinds import POD
from extender.model.scheduling import SchedulingPod
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD
from tests import builders as b
from tests.core.audit.carried_out import audited, carried_out
from tests.property.draws import below, between
from tests.property.test_laws import RELEASES

NUMA = {"r0": 0, "r1": 0, "r2": 1, "r3": 1}
BUS = "resource.kubernetes.io/pciBusID"
SPECS = (
    b.PAIR,
    b.spec(b.request("gpu", "gpu", 2)),
    b.spec(b.request("gpu", "gpu", 2), b.request("nic", "nic")),
)
CPUS = 3
"""Of each node; each pod takes one, so CPU binds, too."""


@st.composite
def machines(draw: st.DrawFn, name: str) -> b.Machine:
    gpus, nics = (draw(st.permutations(tuple(NUMA)))[: draw(between(1, 4))] for _ in "gn")
    node, slices = b.pair_node(name, gpus, nics, NUMA)
    with_addresses = [
        replace(
            slice_,
            devices=Devices.of(
                tuple(
                    replace(
                        device,
                        attributes={
                            **device.attributes,
                            BUS: b.text(f"0000:{slice_.driver[0]}{number}:00.0"),
                        },
                    )
                    for number, device in enumerate(slice_.devices)
                )
            ),
        )
        for slice_ in slices
    ]
    return node, with_addresses


@st.composite
def clusters(draw: st.DrawFn) -> Snapshot:
    """Pods that hold any devices of their nodes, as an allocator without sense might have chosen."""
    names = [f"n{number}" for number in range(draw(between(1, 4)))]
    made = [draw(machines(name)) for name in names]
    free = {
        name: {
            kind: [DeviceID(slice_.driver, slice_.pool, each.name) for each in slice_.devices]
            for slice_ in slices
            for kind in ("gpu" if slice_.driver.startswith("gpu") else "nic",)
        }
        for name, (_, slices) in zip(names, made, strict=True)
    }
    claims: list[Claim] = []
    pods: list[Pod] = []
    asks: list[SchedulingPod] = []
    for number in range(draw(between(1, 6))):
        node, spec = draw(st.sampled_from(names)), draw(st.sampled_from(SPECS))
        wanted = {each.name: each.exactly.count for each in spec.requests if each.exactly is not None}
        on_node = sum(pod.node_name == node for pod in pods)
        if on_node == CPUS or any(len(free[node][kind]) < count for kind, count in wanted.items()):
            continue
        devices = [
            free[node][kind].pop(draw(below(len(free[node][kind]))))
            for kind, count in wanted.items()
            for _ in range(count)
        ]
        name = f"p{number}"
        claims.append(b.holding(name, *devices, of=spec))
        pods.append(replace(b.pod(name, name), node_name=node))
        asks.append(b.scheduling_pod(name, cpu="1", node_name=node))
    snapshot = b.snapshot(*made, release=draw(st.sampled_from(RELEASES)), claims=claims, pods=pods)
    told = Changes.of(SCHEDULING_POD, asks) | Changes.of(
        SCHEDULING_NODE, [b.scheduling_node(name, cpu=str(CPUS)) for name in names]
    )
    return snapshot.updated(told)


@given(clusters())
def test_every_promised_device_is_handed_out(snapshot):
    """One after the other, on the state that the moves before left."""
    moves = audited(snapshot).plan.moves
    event(f"moves: {min(len(moves), 3)}")
    event(f"rewritten: {any(move.rewritten for move in moves)}")
    for move, (_, handed_out) in zip(moves, carried_out(snapshot, moves), strict=True):
        assert handed_out == move.devices
        assert handed_out


@given(clusters())
def test_the_moved_pods_are_nearer_and_nobody_else_is_touched(snapshot):
    """As promised at least, each pod moved once, no device held twice, no node fuller than it may be."""
    moves = audited(snapshot).plan.moves
    *_, after = (snapshot, *(state for state, _ in carried_out(snapshot, moves)))
    places = {move.finding.name: move for move in moves}
    assert len(places) == len(moves)
    moved_pods = [
        replace(pod, node_name=places[f"default/{pod.name}"].node)
        for pod in snapshot.pods.values()
        if f"default/{pod.name}" in places
    ]
    after = after.updated(Changes.of(POD, moved_pods))
    found = {each.pod.name: each for each in running_pods(after) if isinstance(each, RunningPod)}
    for move in moves:
        name = move.finding.running.pod.name
        assert found[name].lowest >= move.alignment - 1e-9 > move.finding.running.highest
    for name, claim in snapshot.claims.items():
        if f"default/{claim.name}" not in places:
            assert after.claims[name] == claim
    held = Counter(
        result.id
        for claim in after.claims.values()
        if claim.allocation
        for result in claim.allocation.results
    )
    assert not [device for device, count in held.items() if count > 1]
    assert max(Counter(pod.node_name for pod in after.pods.values()).values(), default=0) <= CPUS


@given(clusters())
def test_only_pods_that_could_be_nearer_now_are_moved(snapshot):
    """And as long as one of them could be, one of them is, if its claims can ask for it."""
    audit = audited(snapshot)
    avoidable = {finding.name for finding in audit.findings if finding.avoidable}
    assert {move.finding.name for move in audit.plan.moves} <= avoidable
    elsewhere = [
        finding
        for finding in audit.findings
        if finding.possible.elsewhere is not None
        and finding.possible.elsewhere.alignment - finding.running.highest > 0.005
    ]
    assert bool(audit.plan.moves) >= bool(elsewhere)
    assert audit.plan.complete


@given(clusters())
def test_nodes_that_share_a_judgement_get_what_each_gets_alone(snapshot):
    """The plan is that of a planner to whom no two nodes, and no two states of one, are alike."""
    plan = audited(snapshot).plan
    numbers = count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NodeKinds, "number", lambda _self, _state: next(numbers))
        alone = audited(snapshot).plan
    event(f"moves: {min(len(plan.moves), 3)}")
    assert alone == plan
