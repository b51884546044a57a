"""What counts as allocated."""

from __future__ import annotations

from itertools import permutations

import pytest

from extender.core.cluster.usage import NO_USAGE, PoolUsage, pool_usage, pools_held
from extender.core.releases.history import LATEST, release_for
from extender.model import Allocation, Claim, DeviceID, DeviceResult, PoolID
from extender.model.quantity import NANOS, parse_quantity
from tests import builders as b

POOL = PoolID("gpu.nvidia.com", "n")


def result(
    device: str, pool: str = "n", *, admin: bool = False, share: str = "", **taken: str
) -> DeviceResult:
    return DeviceResult(
        "r",
        DeviceID("gpu.nvidia.com", pool, device),
        admin_access=admin,
        share_id=share,
        consumed_capacity=tuple(sorted((name, parse_quantity(text)) for name, text in taken.items())),
    )


def holder(name: str, *results: DeviceResult) -> Claim:
    return b.claim(name, allocation=Allocation(results))


PLAIN = holder("plain", result("a"), result("b"))
ADMIN = holder("admin", result("a", admin=True), result("c", admin=True))
ELSEWHERE = holder("elsewhere", result("a", "m"))
TWO_GI = holder("two", result("s", share="1", memory="2Gi"))
ONE_GI = holder("one", result("s", share="2", memory="1Gi", cores="1500m"))
NO_AMOUNT = holder("none", result("t", share="3"))
GI = 2**30 * NANOS

CASES = {
    "nothing": ([], NO_USAGE),
    "a claim without allocation": ([b.claim("c")], NO_USAGE),
    "devices": ([PLAIN], PoolUsage(frozenset("ab"))),
    "admin access does not count": ([ADMIN], NO_USAGE),
    "nor does it hide others": ([ADMIN, PLAIN], PoolUsage(frozenset("ab"))),
    "another pool": ([ELSEWHERE], NO_USAGE),
    "shares add up": (
        [TWO_GI, ONE_GI],
        PoolUsage(shared=frozenset("s"), consumed={"s": (("cores", 3 * NANOS // 2), ("memory", 3 * GI))}),
    ),
    "a share without an amount": ([NO_AMOUNT], PoolUsage(shared=frozenset("t"))),
}


@pytest.mark.parametrize("case", CASES)
def test_what_claims_hold_of_a_pool(case):
    """Whatever the order of the claims."""
    claims, expected = CASES[case]
    for order in permutations(claims):
        assert pool_usage(POOL, order, LATEST) == expected


def test_without_consumable_capacity_a_share_is_the_device():
    """With the feature off, upstream does not know shares."""
    found = pool_usage(POOL, [TWO_GI, NO_AMOUNT], release_for("1.36", {"DRAConsumableCapacity": False}))
    assert found == PoolUsage(frozenset("st"))


@pytest.mark.parametrize(
    ("claim", "pools"),
    [
        (None, frozenset()),
        (b.claim("c"), frozenset()),
        (PLAIN, {POOL}),
        (ADMIN, frozenset()),
        (holder("two", result("a"), result("a", "m")), {POOL, PoolID("gpu.nvidia.com", "m")}),
    ],
    ids=["none", "not allocated", "one", "admin access", "two"],
)
def test_pools_in_which_a_claim_holds_devices(claim, pools):
    """Each once, those of admin access not at all."""
    assert pools_held(claim) == pools
