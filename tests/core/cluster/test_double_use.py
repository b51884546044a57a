"""Cards that are given away whole and in parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.core.audit.auditor import Auditor
from extender.core.cluster.double_use import CardEntry, HeldDevices, double_uses
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Settings, Turn, TurnOver, evaluate
from extender.model import Claim, Device, DeviceID, Node, PoolID
from tests import builders as b

GPU = "gpu.nvidia.com"


def card(number: int, slices: int = 2) -> list[Device]:
    """A GPU, and MIG slices of it, as the driver lists them: without counters between them."""
    whole = Device(f"gpu-{number}", {f"{GPU}/uuid": b.text(f"GPU-{number}")})
    return [
        whole,
        *(
            Device(
                f"gpu-{number}-mig-{part}",
                {f"{GPU}/uuid": b.text(f"MIG-{number}-{part}"), f"{GPU}/parentUUID": b.text(f"GPU-{number}")},
            )
            for part in range(slices)
        ),
    ]


DEVICES = [*card(0), *card(1)]
NAMES = [device.name for device in DEVICES]


def cluster(**held: str) -> Snapshot:
    """One node; claims by name, each with the device that it holds."""
    claims = [b.holding(name, DeviceID(GPU, "n", device)) for name, device in held.items()]
    return b.snapshot(nodes=[Node("n")], slices=[b.slice_of(GPU, "n", DEVICES)], claims=claims)


def uses_of(snapshot: Snapshot) -> list[list[CardEntry]]:
    found = double_uses(snapshot.nodes["n"], HeldDevices(snapshot.holders), snapshot.vocabulary)
    return [list(use.entries) for use in found]


def test_a_whole_card_and_a_slice_of_it():
    """Both are named with who holds them, in the order of the slice."""
    snapshot = cluster(sliced="gpu-0-mig-1", whole="gpu-0", other="gpu-1-mig-0")
    assert uses_of(snapshot) == [
        [
            CardEntry(DeviceID(GPU, "n", "gpu-0"), part=False, holders=("claim default/whole",)),
            CardEntry(DeviceID(GPU, "n", "gpu-0-mig-1"), part=True, holders=("claim default/sliced",)),
        ]
    ]
    assert [node for node, _ in Auditor(snapshot).result().double_uses] == ["n"]


def test_each_pool_is_read_once():
    """However many nodes share a pool, its claims are looked at once, and each holder is named once."""
    reads: list[PoolID] = []

    class Holders(dict[PoolID, tuple[Claim, ...]]):
        def get(self, pool, default=()):
            reads.append(pool)
            return super().get(pool, default)

    pool, other = PoolID(GPU, "n"), PoolID("dra.net", "n")
    claim = b.holding("c", DeviceID(GPU, "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0"))
    held = HeldDevices(Holders({pool: (claim,), other: (claim,)}))
    for _ in range(3):
        assert held.of(pool) == {DeviceID(GPU, "n", "gpu-0"): ("claim default/c",)}
    assert held.of(other) == {DeviceID("dra.net", "n", "nic-0"): ("claim default/c",)}
    assert reads == [pool, other]


def test_looking_takes_of_the_turn():
    """Where a turn has too little left for the claims and devices, nothing is looked at."""
    snapshot = cluster(sliced="gpu-0-mig-1").with_claims([b.claim("c", b.spec(b.request("gpu", "gpu")))])
    memo: Memo[bytes] = Memo(lambda names, _score: [b""] * len(names))
    evaluation = evaluate(snapshot, b.pod("p", "c"), memo, Settings())
    verdict = evaluation.verdicts(["n"])["n"]
    enough = 1 + len(DEVICES)
    assert evaluation.double_uses("n", verdict, Turn(enough))
    with pytest.raises(TurnOver):
        evaluation.double_uses("n", verdict, Turn(enough - 1))


@given(st.sets(st.sampled_from(NAMES)))
def test_whole_and_anything_else_of_one_card(held):
    """Slices of one card may be held side by side; whatever is held beside the whole card is one too many."""
    snapshot = cluster(**{f"claim-{number}": name for number, name in enumerate(sorted(held))})
    expected = [
        [name for name in NAMES if name in held and name.startswith(whole)]
        for whole in ("gpu-0", "gpu-1")
        if whole in held and len([name for name in held if name.startswith(whole)]) > 1
    ]
    assert [[entry.id.device for entry in use] for use in uses_of(snapshot)] == expected


@pytest.mark.parametrize(("device", "count"), [("gpu-0-mig-1", 1), ("gpu-1-mig-1", 0)])
def test_a_prediction_says_whose_card_it_takes(device, count):
    """The pod would get gpu-0, of which somebody may hold a slice."""
    snapshot = cluster(sliced=device).with_claims([b.claim("c", b.spec(b.request("gpu", "gpu")))])
    memo: Memo[bytes] = Memo(lambda names, _score: [b""] * len(names))
    evaluation = evaluate(snapshot, b.pod("p", "c"), memo, Settings())
    verdict = evaluation.verdicts(["n"])["n"]
    assert [each.result.id.device for each in verdict.devices] == ["gpu-0"]
    uses = evaluation.double_uses("n", verdict)
    assert len(uses) == count
    for use in uses:
        assert [(entry.part, entry.holders) for entry in use.entries] == [
            (False, ()),
            (True, ("claim default/sliced",)),
        ]
