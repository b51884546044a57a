"""
Generate ResourceSlices: pools of several slices, generations and nodes, healthy and not.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.differential.allocation_devices import COUNTER, DRIVERS, JSON, Style, device

LOCAL: JSON = {"nodeName": "n1"}
OTHER_NODE: JSON = {"nodeName": "n2"}
NOWHERE: JSON = {}


def slices(random: Random, style: Style, minor: str) -> list[JSON]:
    """All slices of a small cluster of the nodes n1 (the one that is asked about) and n2."""
    made: list[JSON] = []
    for driver in DRIVERS[: random.choice([1, 2, 2, 2])]:
        for pool in random.sample(["n1", "p", "q"], random.choice([1, 1, 1, 1, 2])):
            made += _pool(random, driver, pool, style, minor)
    for number, slice_ in enumerate(made):
        slice_["metadata"]["name"] = f"slice-{random.randrange(90):02}-{number}"
    return made


def _pool(random: Random, driver: str, pool: str, style: Style, minor: str) -> list[JSON]:
    counted = random.random() < (0.4 if "PartitionableDevices" in style.features else 0.08)
    sets = ("s0", "s1")[: random.choice([1, 1, 2])] if counted else ()
    where = _where(random)
    style = replace(style, counter_sets=sets, own_nodes="perDeviceNodeSelection" in where)
    parts = random.choice([1, 1, 1, 1, 1, 2, 3])
    apart = counted and minor != "1.34"
    total = parts + apart
    if random.random() < 0.03:
        total += 1
    generation = random.choice([1, 1, 1, 2])
    sizes = [random.choice([1, 2, 3, 4, 5, 6]) if random.random() > 0.04 else 0 for _ in range(parts)]
    names = [f"d{number}" for number in range(sum(sizes))]
    if len(names) > 1 and random.random() < 0.02:
        names[-1] = names[0]
    made = []
    for size in sizes:
        spec = _spec(driver, pool, generation, total)
        spec["devices"] = [device(random, names.pop(0), style) for _ in range(size)]
        spec |= _astray(random, where)
        if counted and not apart:
            spec["sharedCounters"] = _counter_sets(random, sets)
        if "OptionalNodeOperations" in style.features and random.random() < 0.25:
            spec["skipNodeOperations"] = ["*"]
        made.append(_unhealthy(random, spec))
    if apart:
        spec = _spec(driver, pool, generation, total)
        spec["sharedCounters"] = _counter_sets(random, sets)
        spec |= random.choice([where, where, LOCAL, OTHER_NODE, {"allNodes": True}])
        if "perDeviceNodeSelection" in spec:
            spec = {key: value for key, value in spec.items() if key != "perDeviceNodeSelection"} | LOCAL
        made.append(spec)
    if random.random() < 0.05:
        # What the driver published before, not yet cleaned up; or, elsewhere, what comes next.
        stale = _spec(driver, pool, generation + random.choice([-1, 1]), 1) | OTHER_NODE
        stale["devices"] = [device(random, "d0", replace(style, counter_sets=()))]
        made.append(stale)
    return [{"metadata": {}, "spec": each} for each in made]


def _where(random: Random) -> JSON:
    zone = random.choice(["z1", "z1", "z1", "z2"])
    selector = {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]}]
    }
    if random.random() < 0.05:
        selector = {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Maybe", "values": []}]}]
        }
    return random.choices(
        [LOCAL, {"allNodes": True}, {"nodeSelector": selector}, {"perDeviceNodeSelection": True}, NOWHERE],
        [70, 10, 10, 7, 2],
    )[0]


def _astray(random: Random, where: JSON) -> JSON:
    """Mostly ``where`` the pool is, sometimes the other node."""
    return OTHER_NODE if where == LOCAL and random.random() < 0.05 else where


def _spec(driver: str, pool: str, generation: int, total: int) -> JSON:
    return {
        "driver": driver,
        "pool": {"name": pool, "generation": generation, "resourceSliceCount": total},
    }


def _counter_sets(random: Random, sets: tuple[str, ...]) -> list[JSON]:
    made: list[JSON] = [
        {"name": name, "counters": {COUNTER: {"value": str(random.choice([2, 3, 5, 8]))}}} for name in sets
    ]
    if random.random() < 0.02:
        made.append(made[0])
    return made


def _unhealthy(random: Random, spec: JSON) -> JSON:
    """Rarely a slice that has not followed the others."""
    if random.random() < 0.02:
        spec["pool"] = spec["pool"] | {"generation": spec["pool"]["generation"] + 1}
    if random.random() < 0.01:
        spec["pool"] = spec["pool"] | {"resourceSliceCount": spec["pool"]["resourceSliceCount"] + 1}
    return spec
