"""Why nothing fits on a node: what each request finds, what is named as a cause, and what costs no search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, NodeVerdict, Outcome, Settings, evaluate
from extender.core.prediction.ignored import Ignored, IgnoredCode
from extender.core.prediction.no_fit.causes import Cause, CauseCode, Loss, NoFit, PoolSlices
from extender.core.reasons import ReasonCode
from extender.core.releases.history import release_for
from extender.model import (
    Constraint,
    CounterConsumption,
    CounterSet,
    DeviceClass,
    DeviceID,
    DeviceTraits,
    ResourceSlice,
    Taint,
)
from extender.model.quantity import Quantity
from tests import builders as b

BROKEN = DeviceTraits(taints=(Taint("example.com/broken", "NoSchedule"),))
POD = b.pod("pod", "wanted")


def gpus(count: int, traits: DeviceTraits | None = None, first: int = 0):
    return [b.device(f"gpu-{i}", "root", traits=traits) for i in range(first, first + count)]


def wants(*requests, constraints=()):
    return b.claim("wanted", b.spec(*requests, constraints=constraints))


def judged(snapshot: Snapshot, node: str = "n", pod=POD) -> tuple[NodeVerdict, NoFit | None]:
    evaluation = evaluate(snapshot, pod, Memo(lambda names, score: [score] * len(names)), Settings())
    verdict = evaluation.verdicts([node])[node]
    return verdict, evaluation.no_fit(node, verdict)


def no_fit(snapshot: Snapshot) -> NoFit:
    verdict, found = judged(snapshot)
    assert verdict.reason is not None
    assert verdict.reason.code is ReasonCode.NO_FIT
    assert found is not None
    return found


def test_what_fits_has_no_diagnosis():
    """Neither has what is refused without a search."""
    assert judged(b.snapshot(b.machine("n", gpus(1), []), claims=[wants(b.request("gpu", "gpu"))]))[1] is None
    assert judged(b.snapshot(b.machine("n", gpus(1), []), claims=[wants(b.request("gpu", "no"))]))[1] is None


def test_devices_are_lost_to_holders_and_taints():
    """Each device is counted once, with the claims and the keys that took it."""
    found = no_fit(
        b.snapshot(
            b.machine("n", [*gpus(2), *gpus(1, BROKEN, first=2)], [b.device("nic-0")]),
            claims=[
                wants(b.request("gpu", "gpu", 2)),
                b.holding("other", DeviceID("gpu.nvidia.com", "n", "gpu-0")),
            ],
        )
    )
    (request,) = found.requests
    assert (request.asks, request.devices, request.passing, request.left) == (2, 4, 3, 1)
    assert request.losses == (
        Loss(CauseCode.TAINTED, 1, ("example.com/broken",)),
        Loss(CauseCode.HELD, 1, ("default/other",)),
    )
    assert set(found.causes) == {
        Cause(CauseCode.TAINTED, True, ("example.com/broken",)),
        Cause(CauseCode.HELD, True, ("default/other",)),
    }


def test_selectors_that_reject_what_is_of_the_class():
    """The class is counted apart where too few pass."""
    reject = b.request("gpu", "gpu", selectors=("device.attributes['example.com'].?x.orValue('') == 'y'",))
    (request,) = no_fit(b.snapshot(b.machine("n", gpus(2), []), claims=[wants(reject)])).requests
    assert (request.of_class, request.passing) == (2, 0)


def test_requests_that_have_enough_alone():
    """Two requests for one device each and one device: what they can have together is told."""
    found = no_fit(
        b.snapshot(b.machine("n", gpus(1), []), claims=[wants(b.request("a", "gpu"), b.request("b", "gpu"))])
    )
    assert found.together == (2, 1)
    assert [request.short for request in found.requests] == [False, False]
    (cause,) = found.causes
    assert (cause.code, cause.devices) == (CauseCode.REQUESTS_COMPETE, 0)


@pytest.mark.parametrize(
    ("constraint", "devices"),
    [(Constraint((), b.ROOT), 1), (Constraint((), None, b.NUMA), 1)],
    ids=["match", "distinct"],
)
def test_a_constraint_that_cannot_hold(constraint, devices):
    """How many devices are under it, and how many of those left could satisfy it."""
    machine = b.pair_node("n", ["r0"], ["r1"], {"r0": 0, "r1": 0})
    claims = [wants(b.request("gpu", "gpu"), b.request("nic", "nic"), constraints=[constraint])]
    (cause,) = no_fit(b.snapshot(machine, claims=claims, release="1.37")).causes
    assert (cause.code, cause.alone, cause.claim) == (CauseCode.CONSTRAINT, True, "wanted")
    assert (cause.requests, cause.asks, cause.devices) == (("gpu", "nic"), 2, devices)
    assert cause.distinct is (constraint.distinct_attribute is not None)


def test_a_pool_that_lacks_slices():
    """Its devices count, and the pool is named with its slices."""
    node, (slice_,) = b.machine("n", gpus(1), [])
    snapshot = b.snapshot(
        (node, [replace(slice_, resource_slice_count=2)]), claims=[wants(b.request("gpu", "gpu"))]
    )
    found = no_fit(snapshot)
    assert found.requests[0].losses == (Loss(CauseCode.POOL_INCOMPLETE, 1, ("gpu.nvidia.com/n",)),)
    assert found.causes == (Cause(CauseCode.POOL_INCOMPLETE, True, ("gpu.nvidia.com/n",)),)
    assert found.pools == (PoolSlices("gpu.nvidia.com/n", 1, 2),)


def test_a_feature_that_is_off():
    """1.35 passes over partitions, whatever is free; the gate is named."""
    consumes = DeviceTraits(consumes_counters=(CounterConsumption("set", (("units", Quantity(10**9)),)),))
    node, (slice_,) = b.machine("n", gpus(1, consumes), [])
    counters = ResourceSlice(
        "counters",
        slice_.driver,
        slice_.pool,
        resource_slice_count=2,
        node_name="n",
        shared_counters=(CounterSet("set", (("units", Quantity(10**9)),)),),
    )
    machine = (node, [replace(slice_, resource_slice_count=2), counters])
    found = no_fit(b.snapshot(machine, claims=[wants(b.request("gpu", "gpu"))], release="1.35"))
    assert found.causes == (Cause(CauseCode.FEATURE_OFF, True, ("DRAPartitionableDevices",)),)


@pytest.mark.parametrize(
    ("version", "devices", "outcome", "endless"),
    [
        ("1.34", 16, Outcome.UNSCHEDULABLE, True),
        ("1.35", 16, Outcome.UNSCHEDULABLE, True),
        ("1.36.2", 16, Outcome.UNSCHEDULABLE, False),
        ("1.37", 18, Outcome.UNSCHEDULABLE, False),
        ("1.36.2", 20, Outcome.UNKNOWN, False),
        ("1.37", 23, Outcome.UNKNOWN, True),
    ],
)
def test_one_device_more_than_there_are(version, devices, outcome, endless):
    """
    Told without a search where upstream's search ends, or where running out of time ends the same.

    From 1.36 on upstream tries 2^n choices of n devices, before n! and more; it has 10 s for a node.
    """
    claims = [wants(b.request("gpu", "gpu", devices + 1))]
    verdict, found = judged(b.snapshot(b.machine("n", gpus(devices), []), claims=claims, release=version))
    assert verdict.outcome is outcome
    assert verdict.steps == 0 or outcome is Outcome.UNKNOWN
    assert found is not None
    assert (found.requests[0].asks, found.requests[0].passing) == (devices + 1, devices)
    assert [cause.code for cause in found.causes] == [CauseCode.TOO_FEW_DEVICES]
    assert (found.endless > 0) is endless


@pytest.mark.parametrize(
    ("version", "values", "count", "choices"),
    [
        ("1.35", "a" * 9 + "b" * 8, 10, 1_096_010),
        ("1.36", "a" * 9 + "b" * 8, 10, 767),
        ("1.35", "abb", 4, 6),
        ("1.36", "abb", 4, 5),
        ("1.35", "ab", 3, 3),
        ("1.36", "ab", 3, 3),
    ],
)
def test_choices_under_a_constraint(monkeypatch, version, values, count, choices):
    """As many as the real allocators count on these devices, one letter for each device's value."""
    devices = [b.device(f"gpu-{number}", value) for number, value in enumerate(values)]
    claim = wants(b.request("gpu", "gpu", count), constraints=(Constraint((), b.ROOT),))
    snapshot = b.snapshot(b.machine("n", devices, []), claims=[claim], release=version)
    assert no_fit(snapshot).endless == (choices if choices > 1 << 20 else 0)
    monkeypatch.setattr("extender.core.prediction.no_fit.choices.MANY_SETS", 0)
    monkeypatch.setattr("extender.core.prediction.no_fit.choices.MANY_ORDERS", 0)
    assert no_fit(snapshot).endless == choices


def test_a_device_that_aborts_forbids_the_short_cut():
    """A selector that fails would abort the attempt on the way, so the search decides."""
    fragile = DeviceClass("fragile", ("device.attributes['example.com'].mark",))
    claims = [wants(b.request("gpu", "fragile", 17))]
    snapshot = b.snapshot(b.machine("n", gpus(16), []), claims=claims, classes=[*b.CLASSES, fragile])
    assert judged(snapshot)[0].outcome is Outcome.ERROR


MIXED = b.pod("pod", "held", "wanted")


@pytest.mark.parametrize(
    ("version", "fails"),
    [("1.34", False), ("1.35.5", True), ("1.35.6", False), ("1.36.1", True), ("1.36.2", False)],
)
def test_scoring_that_fails_for_allocated_and_unallocated_claims(version, fails):
    """Only where there is a choice: one node alone is not scored, and the pod runs there."""
    snapshot = b.snapshot(
        b.machine("n", gpus(2), []),
        b.machine("m", gpus(2), []),
        claims=[wants(b.request("gpu", "gpu")), b.holding("held", DeviceID("fabric", "fabric", "d"))],
        release=version,
    )
    evaluation = evaluate(snapshot, MIXED, Memo(lambda names, score: [score] * len(names)), Settings())
    both = evaluation.verdicts(["n", "m"])
    assert evaluation.verdicts(["n"])["n"].outcome is Outcome.ALLOCATED
    for verdict in both.values():
        assert verdict.outcome is (Outcome.UNKNOWN if fails else Outcome.ALLOCATED)
        if fails:
            assert verdict.reason is not None
            assert verdict.reason.code is ReasonCode.SCORE_FAILS
            assert verdict.devices == ()


def test_taints_that_a_release_ignores():
    """They are named where a device with one is predicted, and not where the release reads them."""
    machine = b.machine("n", gpus(1, BROKEN), [])
    for version, expected in (
        ("1.35", (Ignored(IgnoredCode.TAINTS, "DRADeviceTaints", ("example.com/broken",), ("n",)),)),
        ("1.36.2", ()),
    ):
        snapshot = b.snapshot(machine, claims=[wants(b.request("gpu", "gpu"))], release=version)
        evaluation = evaluate(snapshot, POD, Memo(lambda names, score: [score] * len(names)), Settings())
        assert evaluation.ignored(evaluation.verdicts(["n"])) == expected


def test_distinct_attributes_that_have_no_effect():
    """1.34 takes any two values for different."""
    claims = [wants(b.request("gpu", "gpu", 2), constraints=[Constraint((), None, b.ROOT)])]
    snapshot = b.snapshot(b.machine("n", gpus(2), []), claims=claims, release=release_for("1.34"))
    evaluation = evaluate(snapshot, POD, Memo(lambda names, score: [score] * len(names)), Settings())
    assert evaluation.ignored(evaluation.verdicts(["n"])) == (
        Ignored(IgnoredCode.DISTINCT_ATTRIBUTE, "", (b.ROOT,), ("n",)),
    )
