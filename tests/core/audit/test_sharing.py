"""What pods use of the claims that they share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.audit.auditor import Auditor
from extender.core.audit.changing_nodes import ChangingNodes
from extender.core.audit.node_kinds import NodeKinds
from extender.core.audit.possible import Bound, Possibilities
from extender.core.audit.running_pod import RunningPod, Unrated
from extender.core.audit.running_pods import running_pods
from extender.core.audit.totals import totals_of
from extender.core.releases.history import LATEST
from extender.core.topology.locations import Distance
from extender.model import Allocation, Consumer, Container, ContainerClaim, DeviceID, DeviceResult
from tests import builders as b

GPU, NIC = DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0")
NEAR = DeviceID("dra.net", "n", "nic-1")


def user(name, *requests, claims=("c",)):
    """A pod that runs; its container uses these requests of the claim ``c``."""
    uses = tuple(ContainerClaim("c", request) for request in requests)
    return replace(b.pod(name, *claims), node_name="n", containers=(Container("main", claims=uses),))


def shared(*users, devices=(GPU, NIC)):
    consumers = tuple(Consumer("pods", name, f"uid-{name}") for name in users)
    results = tuple(DeviceResult(name, device) for name, device in zip(("gpu", "nic"), devices, strict=True))
    return replace(b.claim("c", allocation=Allocation(results)), reserved_for=consumers)


def world(claims, pods):
    machine = b.pair_node("n", ["r0"], ["r1", "r0"], {"r0": 0, "r1": 1})
    return b.snapshot(machine, release=LATEST, claims=claims, pods=pods)


def found(claims, pods):
    return list(running_pods(world(claims, pods)))


def requests_of(claim):
    return [result.request for result in claim.allocation.results]


def test_pods_that_use_parts_of_one_claim_are_rated_once_with_all_of_it():
    """Each has one device, which is apart from nothing; their author wanted the two near each other."""
    claim = shared("p", "q")
    gpu, nic = requests_of(claim)
    first, second = found([claim], [user("p", gpu), user("q", nic)])
    assert isinstance(first, RunningPod)
    assert [each.name for each in first.companions] == ["q"]
    assert [pair.distance for pair in first.alignment.pairs] == [Distance.REMOTE]
    assert second[1] is Unrated.RATED_TOGETHER


@pytest.mark.parametrize("requests", [(), ("",)])
def test_pods_that_name_no_request_use_the_whole_claim(requests):
    """Without a name in a container, or without any container that names the claim."""
    for running in found([shared("p", "q")], [user("p", *requests), user("q", *requests)]):
        assert isinstance(running, RunningPod)
        assert len(running.devices) == 2
        assert running.companions == ()


def test_a_part_counts_alone_where_the_others_have_more_claims():
    """Of the shared claim the pod has the GPU only, beside the device of its own claim."""
    claim, own = shared("p", "q"), b.holding("own", NEAR)
    gpu, nic = requests_of(claim)
    first, second = found([claim, own], [user("p", gpu, claims=("c", "own")), user("q", nic)])
    assert [each.result.id for each in first.devices] == [GPU, NEAR]
    assert first.kept == {"c"}
    assert second[1] is Unrated.FEW_DEVICES


def test_a_claim_of_its_own_counts_whatever_the_containers_name():
    """A network device is moved into the pod; no container names it."""
    claim = b.holding("c", GPU, NIC)
    (running,) = found([claim], [user("p", requests_of(claim)[0])])
    assert len(running.devices) == 2


def test_a_shared_claim_can_lose_where_all_its_users_could_move_together():
    """The near NIC is free; the pair of the claim counts once."""
    claim = shared("p", "q")
    gpu, nic = requests_of(claim)
    for pods in ([user("p", gpu), user("q", nic)], [user("p"), user("q")]):
        auditor = Auditor(world([claim], pods))
        list(auditor.rate())
        audit = auditor.result()
        assert {round(finding.avoidable, 6) for finding in audit.findings} == {0.6}
        assert [kinds.pairs for kinds in totals_of(audit).kinds] == [1]


@pytest.mark.parametrize(
    "pods",
    [
        [user("p")],
        [user("p"), replace(user("q"), uid="of-another")],
        [user("p"), replace(user("q"), node_name="m")],
        [user("p"), user("q", claims=("c", "own"))],
    ],
)
def test_a_claim_keeps_its_devices_where_a_user_is_unknown_or_has_other_claims(pods):
    """What is better for one pod may be worse for another, of which nothing is known."""
    snapshot = world([shared("p", "q"), b.holding("own", NEAR)], pods)
    running = next(each for each in running_pods(snapshot) if isinstance(each, RunningPod))
    assert running.kept == {"c"}
    possibilities = Possibilities(snapshot, NodeKinds(ChangingNodes(snapshot)))
    assert possibilities.of(running).here == Bound(0.4, complete=True)
