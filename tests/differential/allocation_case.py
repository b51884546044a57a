"""
Generate a case of the allocator from a seed: same seed, same case.
"""

from __future__ import annotations

from random import Random

from tests.differential.allocation_claims import claims, classes
from tests.differential.allocation_devices import JSON, Style
from tests.differential.allocation_oddities import add_oddities
from tests.differential.allocation_slices import slices

DEFAULTS: dict[str, tuple[str, ...]] = {
    "1.34": ("AdminAccess", "PrioritizedList", "DeviceStatus"),
    "1.35": ("AdminAccess", "PrioritizedList"),
    "1.36": (
        "AdminAccess",
        "PrioritizedList",
        "PartitionableDevices",
        "DeviceTaints",
        "DeviceBindingAndStatus",
        "ConsumableCapacity",
    ),
}
DEFAULTS["1.37"] = DEFAULTS["1.36"]
DEFAULTS["1.38"] = (*DEFAULTS["1.37"], "FractionalCapacityRange")
"""What kube-scheduler turns on in its allocator without any flag."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "1.34": ("PartitionableDevices", "DeviceTaints", "DeviceBinding"),
    "1.35": ("PartitionableDevices", "DeviceTaints", "DeviceBindingAndStatus", "ConsumableCapacity"),
    "1.36": (),
    "1.37": (
        "ListTypeAttributes",
        "CompatibilityGroups",
        "OptionalNodeOperations",
        "FractionalCapacityRange",
        "DerivedAttributes",
    ),
    "1.38": ("ListTypeAttributes", "CompatibilityGroups", "OptionalNodeOperations", "DerivedAttributes"),
}
"""
What feature gates can add. Left out: list attributes of 1.36, which its scheduler never turns on in
the allocator. Consumable capacity of 1.34, whose code crashes on many requests, is drawn apart.
"""

CRASHING = 0.02
"""How many cases of 1.34 have consumable capacity."""


def case(minor: str, seed: int) -> JSON:
    """A case as in ``tests/data/allocator``, without ``expect``."""
    random = Random(f"{minor}/{seed}")
    features = _features(random, minor)
    style = _style(random, features, minor)
    made: JSON = {
        "features": sorted(features),
        "node": _node(random, features),
        "classes": classes(random),
        "slices": slices(random, style, minor),
        "claims": claims(random, features, minor),
        "allocatedDevices": [],
        "allocatedSharedDeviceIDs": [],
        "allocatedCapacity": {},
    }
    _allocate(random, made, features)
    if minor == "1.38":
        add_oddities(random, made)
    return made


def _features(random: Random, minor: str) -> frozenset[str]:
    chosen = set(DEFAULTS[minor])
    if random.random() < 0.3:
        chosen |= {name for name in OPTIONAL[minor] if random.random() < 0.6}
    if random.random() < 0.15:
        chosen -= {name for name in sorted(chosen) if random.random() < 0.4}
    if minor == "1.34" and random.random() < CRASHING:
        chosen.add("ConsumableCapacity")
    return frozenset(chosen)


def _style(random: Random, features: frozenset[str], minor: str) -> Style:
    lists = {"1.34": 0.005, "1.35": 0.005, "1.36": 0.005, "1.37": 0.1, "1.38": 0.03}[minor]
    groups = 0.0
    if minor in ("1.37", "1.38"):
        groups = 0.5 if "CompatibilityGroups" in features else random.choice([0.0] * 9 + [0.1])
    return Style(
        features,
        lists=0.3 if "ListTypeAttributes" in features else lists,
        groups=groups,
        taints=random.choice([0.0, 0.1, 0.6]),
        conditions=random.choice([0.0, 0.0, 0.1]),
        shareable=random.choice([0.0, 0.2, 0.5]),
        capacity=random.choice([0.1, 0.5]),
    )


def _node(random: Random, features: frozenset[str]) -> JSON:
    node: JSON = {"metadata": {"name": "n1", "labels": {"zone": "z1"}}}
    if "OptionalNodeOperations" in features and random.random() < 0.5:
        node["status"] = {"declaredFeatures": ["DRAOptionalNodeOperations"]}
    return node


def _allocate(random: Random, made: JSON, features: frozenset[str]) -> None:
    """Some devices are taken, whole or in shares; some of them no slice lists."""
    ids = sorted(
        {
            f"{spec['driver']}/{spec['pool']['name']}/{device['name']}"
            for spec in (slice_["spec"] for slice_ in made["slices"])
            for device in spec.get("devices", ())
        }
    )
    rate = random.choice([0.0, 0.1, 0.25])
    for device_id in [*ids, "a.example/n1/gone"]:
        if random.random() >= rate:
            continue
        if "ConsumableCapacity" in features and random.random() < 0.5:
            made["allocatedSharedDeviceIDs"].append(f"{device_id}/{'a' * 8}-0000-0000-0000-{'0' * 12}")
            if random.random() < 0.8:
                made["allocatedCapacity"][device_id] = {"memory": random.choice(["1", "2", "3"])}
        else:
            made["allocatedDevices"].append(device_id)
