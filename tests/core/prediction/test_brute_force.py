"""
The order of nodes by score, against one found with none of our code behind it.

Devices are found by taking the first free ones, their distances are read from what the drivers
publish, and every way to pair them is tried.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, permutations
from typing import NamedTuple

import pytest

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Outcome, Settings, evaluate
from extender.model import Claim, DeviceID, ResourceSlice
from tests import builders as b
from tests.waves.fleets import generated
from tests.waves.workload import Ask, pod_of

FLEET = generated(40)
WORTHS = {
    ("gpu", "nic"): {"root": 1.0, "numa": 0.9, "socket": 0.8, "remote": 0.4, "unknown": 0.7},
    ("gpu", "gpu"): {"root": 1.0, "numa": 0.95, "socket": 0.9, "remote": 0.8, "unknown": 0.9},
    ("nic", "nic"): {"root": 1.0, "numa": 1.0, "socket": 0.95, "remote": 0.9, "unknown": 0.95},
}
"""The table of docs/alignment.md."""


class Spot(NamedTuple):
    """A GPU or NIC; ``None`` is unknown."""

    id: DeviceID
    kind: str
    root: str | None
    numa: int | None
    socket: int | None


def published(slices: Iterable[ResourceSlice]) -> list[Spot]:
    """The GPUs and RDMA NICs of one node in the order of their drivers."""
    found = []
    sockets: dict[int, int] = {}
    for slice_ in slices:
        for device in slice_.devices:
            said = {name: attribute.value for name, attribute in device.attributes.items()}
            if slice_.driver == "dra.cpu":
                sockets[_number(said["dra.cpu/numaNodeID"])] = _number(said["dra.cpu/socketID"])
                continue
            kind = "nic" if slice_.driver == "dra.net" else "gpu"
            numa = said.get("dra.net/numaNode" if kind == "nic" else "gpu.amd.com/numaNode")
            root = said.get("resource.kubernetes.io/pcieRoot")
            id_ = DeviceID(slice_.driver, slice_.pool, device.name)
            numbered = None if numa is None else _number(numa)
            wanted = kind == "gpu" or said["dra.net/rdma"] is True
            found.append((Spot(id_, kind, None if root is None else str(root), numbered, None), wanted))
    roots = {spot.root for spot, _ in found}
    if len(roots) == 1 and len(sockets) > 1:
        found = [(spot._replace(root=None), wanted) for spot, wanted in found]
    of_roots = {spot.root: spot.numa for spot, _ in found if None not in (spot.root, spot.numa)}
    spots = []
    for spot, wanted in found:
        numa = of_roots.get(spot.root) if spot.numa is None else spot.numa
        if wanted:
            spots.append(spot._replace(numa=numa, socket=None if numa is None else sockets[numa]))
    return spots


def first_free(spots: Sequence[Spot], held: set[DeviceID], kind: str, count: int) -> list[Spot]:
    free = [spot for spot in spots if spot.kind == kind and spot.id not in held]
    return free[:count] if len(free) >= count else []


def worth(a: Spot, b: Spot) -> float:
    table = WORTHS[(a.kind, b.kind)]
    if a.root is not None and a.root == b.root:
        return table["root"]
    if a.numa is None or b.numa is None:
        return table["unknown"]
    if a.numa == b.numa:
        return table["numa"]
    return table["socket" if a.socket == b.socket else "remote"]


def star(spots: Sequence[Spot]) -> float:
    """The best of all ways to put one device of a kind in the middle of the others."""
    return max(sum(worth(a, b) for b in spots if b is not a) for a in spots)


def matching(gpus: Sequence[Spot], nics: Sequence[Spot]) -> float:
    """The best of all one-to-one matchings, with each device left over beside its nearest."""
    few, many = sorted((gpus, nics), key=len)

    def pair(a: Spot, b: Spot) -> float:
        return worth(a, b) if a.kind == "gpu" else worth(b, a)

    def totals() -> Iterator[float]:
        for partners in permutations(many, len(few)):
            left = [spot for spot in many if spot not in partners]
            total = sum(pair(a, b) for a, b in zip(few, partners, strict=True))
            yield total + sum(max(pair(spot, other) for other in few) for spot in left)

    return max(totals())


def mean_worth(gpus: Sequence[Spot], nics: Sequence[Spot]) -> float:
    total = matching(gpus, nics)
    count = max(len(gpus), len(nics))
    for group in (gpus, nics):
        if len(group) > 1:
            total += star(group)
            count += len(group) - 1
    return total / count


def some_held(spots: Mapping[str, Sequence[Spot]], seed: int) -> list[Claim]:
    """A claim on each node that holds a few devices of it."""
    dice = random.Random(seed)
    return [
        b.holding(f"held-{name}", *(spot.id for spot in dice.sample(found, dice.randint(0, len(found) // 2))))
        for name, found in spots.items()
    ]


def asked(snapshot: Snapshot, ask: Ask) -> Evaluation[int]:
    pod, claims = pod_of("p", ask)
    return evaluate(
        snapshot.with_claims(claims), pod, Memo(lambda names, score: [score] * len(names)), Settings()
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    "ask", [Ask(1, 1), Ask(1, 1, claims=2), Ask(2, 1), Ask(1, 3), Ask(2, 2), Ask(2, 3, claims=2), Ask(4, 4)]
)
def test_the_order_by_score_is_that_of_brute_force(ask, seed):
    """But for the one point that needless breaking of groups costs."""
    spots = {name: published(state.inventory.slices) for name, state in FLEET.nodes.items()}
    claims = some_held(spots, seed) if seed else []
    held = {result.id for claim in claims if claim.allocation for result in claim.allocation.results}
    names = list(FLEET.nodes)
    evaluation = asked(FLEET.with_claims(claims), ask)
    scores = dict(zip(names, evaluation.entries(names), strict=True))
    means: dict[str, float] = {}
    for name, verdict in evaluation.verdicts(names).items():
        gpus, nics = (
            first_free(spots[name], held, kind, count)
            for kind, count in (("gpu", ask.gpus), ("nic", ask.nics))
        )
        if not (gpus and nics):
            assert verdict.outcome is Outcome.UNSCHEDULABLE
            assert scores[name] == 0
            continue
        assert [each.result.id for each in verdict.devices] == [spot.id for spot in (*gpus, *nics)]
        means[name] = mean_worth(gpus, nics)
        assert verdict.fragmentation is not None
        scores[name] += verdict.fragmentation.broken > 0
        assert abs(scores[name] - 100 * means[name]) < 0.5 + 1e-9
    for a, b_ in combinations(means, 2):
        if means[a] > means[b_] + 1e-9:
            assert scores[a] >= scores[b_]
    assert len(means) > 5


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
