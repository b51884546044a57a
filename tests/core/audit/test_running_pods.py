"""Which pods run, and what they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.alignment.worths import DEFAULT_WORTHS, WorthRow
from extender.core.audit.running_pod import RunningPod, Unrated
from extender.core.audit.running_pods import running_pods
from extender.core.audit.sharing import is_shared
from extender.core.releases.history import LATEST
from extender.core.topology.driver_attributes import DeviceKind
from extender.core.topology.locations import Distance
from extender.model import Allocation, Consumer, DeviceID, DeviceResult, PodClaim
from tests import builders as b

GPU = DeviceID("gpu.nvidia.com", "n", "gpu-0")
NEAR, FAR = DeviceID("dra.net", "n", "nic-0"), DeviceID("dra.net", "n", "nic-1")


def world(claims, pods):
    machine = b.pair_node("n", ["r0"], ["r0", "r1"], {"r0": 0, "r1": 1})
    return b.snapshot(machine, release=LATEST, claims=claims, pods=pods)


def bound(name, *claims, node="n"):
    return replace(b.pod(name, *claims), node_name=node)


def found(claims, pods):
    return list(running_pods(world(claims, pods)))


def test_a_bound_pod_has_the_alignment_of_its_devices():
    """The pairs count in the devices of all claims, in pod order."""
    ((running),) = found([b.holding("g", GPU), b.holding("n", FAR)], [bound("p", "g", "n")])
    assert isinstance(running, RunningPod)
    assert [str(each.result.id) for each in running.devices] == [str(GPU), str(FAR)]
    (pair,) = running.alignment.pairs
    assert (pair.a, pair.b, pair.distance) == (0, 1, Distance.REMOTE)
    assert running.lowest == running.highest == pair.worth


def test_pods_that_are_bound_nowhere_or_have_no_claims_do_not_count():
    """A pod that waits holds nothing yet, whatever its claims say."""
    assert found([b.holding("c", GPU, NEAR)], [b.pod("p", "c"), bound("q")]) == []


@pytest.mark.parametrize(
    ("claims", "node", "why"),
    [
        ([b.holding("c", GPU)], "n", Unrated.FEW_DEVICES),
        ([b.claim("c")], "n", Unrated.CLAIM_UNKNOWN),
        ([], "n", Unrated.CLAIM_UNKNOWN),
        ([b.holding("c", GPU, NEAR)], "elsewhere", Unrated.NODE_UNKNOWN),
        ([b.holding("c", GPU, DeviceID("dra.net", "n", "gone"))], "n", Unrated.DEVICES_GONE),
    ],
)
def test_who_cannot_be_rated_is_told_with_the_reason(claims, node, why):
    """Nobody is dropped in silence."""
    pod = bound("p", "c", node=node)
    assert found(claims, [pod]) == [(pod, why)]


def test_devices_with_admin_access_watch():
    """They are listed, but form no pairs, and pairs still count in all devices."""
    results = (
        DeviceResult("watch", FAR, admin_access=True),
        DeviceResult("gpu", GPU),
        DeviceResult("nic", NEAR),
    )
    (running,) = found([b.claim("c", allocation=Allocation(results))], [bound("p", "c")])
    assert isinstance(running, RunningPod)
    assert len(running.devices) == 3
    assert [(pair.a, pair.b) for pair in running.alignment.pairs] == [(1, 2)]


def test_a_pod_whose_claims_are_reserved_for_others_has_finished():
    """What it held belongs to those for whom it is reserved."""
    claim = replace(b.holding("c", GPU, NEAR), reserved_for=(Consumer("pods", "other", "uid-other"),))
    (running,) = found([claim], [bound("p", "c"), bound("other", "c")])
    assert isinstance(running, RunningPod)
    assert running.pod.name == "other"


def test_a_claim_of_several_pods_is_shared():
    """It binds all of them to what it holds."""
    users = tuple(Consumer("pods", name, f"uid-{name}") for name in ("p", "q"))
    claim = replace(b.holding("c", GPU, NEAR), reserved_for=users)
    assert is_shared(claim)
    assert len(found([claim], [bound("p", "c"), bound("q", "c")])) == 2


def test_claims_from_templates_and_for_extended_resources_are_found_by_owner():
    """Neither is named by the pod's spec."""
    template = replace(b.holding("made", GPU), owner_uid="uid-p", pod_claim_name="devices")
    extended = replace(b.holding("extra", NEAR), owner_uid="uid-p", extended_resource=True)
    pod = replace(bound("p"), claims=(PodClaim("devices", template="t"),))
    (running,) = found([extended, template], [pod])
    assert isinstance(running, RunningPod)
    assert [claim.name for claim in running.claims] == ["made", "extra"]


def test_a_device_that_is_no_hardware_is_nowhere():
    """An IMEX channel beside a GPU leaves one device, which cannot be apart; beside two it does not count."""
    driver = "compute-domain.nvidia.com"
    channel = DeviceID(driver, "n", "channel-0")
    snapshot = b.snapshot(
        b.pair_node("n", ["r0"], ["r0"]),
        release=LATEST,
        slices=[b.slice_of(driver, "n", [b.device("channel-0")])],
        claims=[b.holding("one", GPU, channel), b.holding("two", GPU, NEAR, channel)],
        pods=[bound("p", "one"), bound("q", "two")],
    )
    one, running = running_pods(snapshot)
    assert not isinstance(one, RunningPod)
    assert one[1] is Unrated.FEW_DEVICES
    assert isinstance(running, RunningPod)
    assert [(pair.a, pair.b) for pair in running.alignment.pairs] == [(0, 1)]


def test_a_site_has_its_own_worths():
    """They decide what the pod has, and what it may have where the location is unknown."""
    row = WorthRow(1.0, 1.0, 0.9, 0.8, 0.2, 0.5)
    worths = replace(DEFAULT_WORTHS, pairs={**DEFAULT_WORTHS.pairs, (DeviceKind.GPU, DeviceKind.NIC): row})
    snapshot = world([b.holding("c", GPU, FAR)], [bound("p", "c")])
    (running,) = running_pods(snapshot, worths)
    assert isinstance(running, RunningPod)
    assert running.lowest == running.highest == 0.2


def test_a_device_of_unknown_place_leaves_bounds():
    """The pod is somewhere between the worst and the best."""
    snapshot = b.snapshot(
        b.machine("n", [b.device("gpu-0", "r0")], [b.device("nic-0")]),
        release=LATEST,
        claims=[b.holding("c", GPU, NEAR)],
        pods=[bound("p", "c")],
    )
    (running,) = running_pods(snapshot)
    assert isinstance(running, RunningPod)
    assert (running.lowest, running.alignment.predicted, running.highest) == (0.4, 0.7, 1.0)


def test_pods_that_use_the_claim_of_their_group():
    """It is reserved for the group, so it is shared; a pod of another group that names it has finished."""
    crew = Consumer("podgroups", "crew", "uid-crew", "scheduling.k8s.io")
    claim = replace(b.holding("c", GPU, NEAR), pod_group="crew", reserved_for=(crew,))
    pods = [replace(bound(name, "c"), pod_group=group) for name, group in (("p", "crew"), ("q", "other"))]
    (running,) = found([claim], pods)
    assert isinstance(running, RunningPod)
    assert (running.pod.name, running.alignment.predicted, running.kept) == ("p", 1.0, frozenset({"c"}))
    assert is_shared(claim)
