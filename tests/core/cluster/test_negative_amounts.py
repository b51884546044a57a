"""Claims that hold a negative amount of a capacity: which, and what 1.38 makes of them."""

from __future__ import annotations

import pytest

from extender.core.cluster.negative_amounts import claim_names, holds_negative
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import evaluate
from extender.core.prediction.memo import Memo
from extender.core.prediction.settings import Settings
from extender.core.prediction.verdict import NodeVerdict
from extender.core.reasons import Outcome, ReasonCode
from extender.core.releases.history import release_for
from extender.model import Allocation, Claim, DeviceID, DeviceResult
from extender.model.quantity import parse_quantity
from tests import builders as b

HELD = DeviceID("gpu.nvidia.com", "elsewhere", "gpu-0")


def holder(amount: str, name: str = "holder", *, admin: bool = False) -> Claim:
    """A claim that holds ``amount`` of a device's memory."""
    taken = (("cores", parse_quantity("1")), ("memory", parse_quantity(amount)))
    result = DeviceResult("r", HELD, admin_access=admin, share_id="s", consumed_capacity=taken)
    return b.claim(name, allocation=Allocation((result,)))


def verdict_of(snapshot: Snapshot) -> NodeVerdict:
    """On node ``n``, for a pod with claim ``c``."""
    memo: Memo[str] = Memo(lambda names, score: [f"{name} {score}" for name in names])
    return evaluate(snapshot, b.pod("p", "c"), memo, Settings()).verdicts(["n"])["n"]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (holder("-1"), True),
        (holder("-1n", admin=True), True),
        (holder("0"), False),
        (holder("1Gi"), False),
        (b.claim("c"), False),
        (None, False),
    ],
)
def test_which_claims_hold_a_negative_amount(claim, expected):
    """One amount of one device suffices, admin access or not."""
    assert holds_negative(claim) is expected


def test_snapshots_know_such_claims():
    """As they come, change and go; a snapshot made at once knows the same."""
    empty = b.snapshot(b.pair_node("n", ["r0"], ["r0"]))
    bad = empty.with_claims([holder("-1", "b"), holder("-2", "a"), holder("1", "c")])
    assert claim_names(bad.negative) == ("default/a", "default/b")
    assert bad.with_claims([holder("1", "b")]).negative == {("default", "a")}
    assert bad.with_claims(deletions=[("default", "a"), ("default", "b")]).negative == frozenset()
    assert b.snapshot(claims=[holder("-1", "b"), holder("-2", "a")]).negative == bad.negative


@pytest.mark.parametrize(
    ("minor", "gates", "outcome"),
    [
        ("1.37", {}, Outcome.ALLOCATED),
        ("1.38", {}, Outcome.ERROR),
        ("1.38", {"DRAConsumableCapacity": False}, Outcome.ALLOCATED),
    ],
)
def test_what_a_release_makes_of_them(minor, gates, outcome):
    """1.38 gathers nothing while there is one; its pool need not be one of the node's."""
    snapshot = b.snapshot(
        b.pair_node("n", ["r0"], ["r0"]),
        claims=[b.claim("c"), holder("-1")],
        release=release_for(minor, gates),
    )
    verdict = evaluate(
        snapshot, b.pod("p", "c"), Memo(lambda names, score: [(name, score) for name in names]), Settings()
    ).verdicts(["n"])["n"]
    assert verdict.outcome is outcome
    assert (verdict.reason is not None and verdict.reason.code is ReasonCode.NEGATIVE_AMOUNT) is (
        outcome is Outcome.ERROR
    )


def test_pods_whose_claims_are_allocated_do_not_care():
    """The plugin gathers only for a claim that is to be allocated."""
    own = b.holding("c", DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0"))
    snapshot = b.snapshot(
        b.pair_node("n", ["r0"], ["r0"]), claims=[own, holder("-1")], release=release_for("1.38")
    )
    verdict = evaluate(
        snapshot, b.pod("p", "c"), Memo(lambda names, score: [(name, score) for name in names]), Settings()
    ).verdicts(["n"])["n"]
    assert verdict.outcome is Outcome.ALLOCATED
