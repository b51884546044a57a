"""
The pitfalls of published topology, from the JSON of the slices to distances and verdicts.

``tests/data/topology/pitfalls.json`` lists them: what is right, why, where it comes from, and cases.
A case holds objects of a cluster, and what is expected on its node ``n``:

- ``devices``: all devices that are located, as ``pool/name``;
- ``distances``: two devices and their ``Distance`` each;
- ``locations``: fields of the ``Location`` of a device;
- ``rdma``: whether a device does RDMA;
- ``pods``: the claims of a pod, and fields of its verdict; ``score`` may be a range.

A device is called by its name, or by ``pool/name`` where two have one name. Each driver has a class
of its own name beside the ``classes`` of the case. ``before`` holds the slices that were there before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.core.topology.locations import Location, distance
from extender.core.topology.published import does_rdma
from extender.kube import decode
from extender.kube.decode import Interner
from extender.model import Device, DeviceClass, Node, ResourceSlice
from extender.model.kinds import RESOURCE_SLICE
from tests import builders as b
from tests.paths import DATA

Case = Mapping[str, Any]

PITFALLS = json.loads((DATA / "topology" / "pitfalls.json").read_text())
CASES = {f"{pitfall['pitfall']}: {case['name']}": case for pitfall in PITFALLS for case in pitfall["cases"]}


class Located(NamedTuple):
    """A device of node n, who publishes it, and where it is."""

    pool: str
    driver: str
    device: Device
    location: Location


def slices_of(case: Case, key: str) -> list[ResourceSlice]:
    return [decode.resource_slice(json.dumps(each).encode(), Interner()) for each in case.get(key, ())]


def cluster(case: Case, slices: Sequence[ResourceSlice]) -> Snapshot:
    drivers = dict.fromkeys(each["spec"]["driver"] for each in case["slices"])
    classes = [decode.device_class(json.dumps(each).encode(), Interner()) for each in case.get("classes", ())]
    claims = [decode.resource_claim(json.dumps(each).encode(), Interner()) for each in case.get("claims", ())]
    return Snapshot.of(
        release=release_for("1.36.2"),
        nodes=[Node("n", {"rack": "n"})],
        slices=slices,
        classes=[*(DeviceClass(driver, (f"device.driver == '{driver}'",)) for driver in drivers), *classes],
        claims=claims,
    )


def located(snapshot: Snapshot) -> list[Located]:
    inventory = snapshot.nodes["n"].inventory
    return [
        Located(slice_.pool, slice_.driver, device, location)
        for slice_, signature in zip(inventory.slices, inventory.signature.slices, strict=True)
        for device, location in zip(slice_.devices, signature.locations, strict=True)
    ]


def judged(snapshot: Snapshot, expected: Case) -> dict[str, object]:
    """The fields of a pod's verdict that are expected; a score within a range is that range."""
    evaluation = evaluate(
        snapshot, b.pod("p", *expected["claims"]), Memo(lambda names, score: [score] * len(names)), Settings()
    )
    verdict = evaluation.verdicts(["n"])["n"]
    assert evaluation.entries(["n"]) == [verdict.score]
    score: object = verdict.score
    if isinstance(expected.get("score"), list):
        low, high = expected["score"]
        score = [low, high] if low <= verdict.score <= high else score
    fields = {
        "claims": expected["claims"],
        "outcome": verdict.outcome,
        "devices": [each.result.id.device for each in verdict.devices],
        "pairs": [[pair.kinds, pair.distance] for pair in verdict.alignment.pairs]
        if verdict.alignment
        else [],
        "score": score,
    }
    return {field: fields[field] for field in expected}


def observed(snapshot: Snapshot, expected: Case) -> dict[str, object]:
    """What is found on node n, in the form of what is expected."""
    devices = located(snapshot)
    by_name = {each.device.name: each for each in devices}
    by_name |= {f"{each.pool}/{each.device.name}": each for each in devices}

    def apart(a: str, z: str) -> str:
        one, other = by_name[a].location, by_name[z].location
        assert distance(one, other) is distance(other, one)
        return distance(one, other)

    found = {
        "devices": lambda _: [f"{each.pool}/{each.device.name}" for each in devices],
        "distances": lambda triples: [[a, z, apart(a, z)] for a, z, _ in triples],
        "locations": lambda facts: {
            name: {field: getattr(by_name[name].location, field) for field in fields}
            for name, fields in facts.items()
        },
        "rdma": lambda names: {
            name: does_rdma(snapshot.vocabulary.attributes(by_name[name].driver), by_name[name].device)
            for name in names
        },
        "pods": lambda pods: [judged(snapshot, pod) for pod in pods],
    }
    return {key: found[key](wanted) for key, wanted in expected.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pitfall(case):
    """What is published is understood as the pitfall's ``right`` has it."""
    assert observed(cluster(case, slices_of(case, "slices")), case["expect"]) == case["expect"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_locations_follow_changes(case):
    """Slices that come later, or change, end in the same locations and verdicts."""
    before = cluster(case, slices_of(case, "before"))
    for slice_ in slices_of(case, "slices"):
        before = before.updated(Changes.of(RESOURCE_SLICE, (slice_,)))
    assert observed(before, case["expect"]) == case["expect"]


def test_the_table_is_whole():
    """Twenty pitfalls in order, each with cases of names of their own, and each case expects something."""
    assert [pitfall["pitfall"] for pitfall in PITFALLS] == list(range(1, 21))
    assert len(CASES) == sum(len(pitfall["cases"]) for pitfall in PITFALLS)
    for case in CASES.values():
        assert any(case["expect"].values()), case["name"]
