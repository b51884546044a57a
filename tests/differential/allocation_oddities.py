"""
Put into a case what 1.38 decides anew: spellings of names, values that nothing can compare, negative
requests.
"""

from __future__ import annotations

from random import Random

from tests.differential.allocation_devices import DRIVERS, JSON

VERSIONS = ("1.0.0", "1.0.0+a", "1.0.0+b", "1.2.0", "1.2.0-rc.1+a", "99999999999999999999.0.0")
UNUSABLE: tuple[JSON, ...] = ({}, {"ints": []}, {"version": "1"}, {"versions": ["1.0.0", "x"]})
BARE = ("memory", "bandwidth")


def add_oddities(random: Random, made: JSON) -> None:
    """Change a case in place; about half of the cases stay as they are."""
    if random.random() < 0.3:
        _spell(random, made)
    if random.random() < 0.25:
        _publish_odd_values(random, made)
    if random.random() < 0.05:
        _ask_less_than_nothing(random, made)


def _spell(random: Random, made: JSON) -> None:
    """Names of capacities with their domain, and now and then both spellings, or a foreign domain."""
    for slice_ in made["slices"]:
        driver = slice_["spec"]["driver"]
        for device in slice_["spec"].get("devices", ()):
            if "capacity" in device:
                device["capacity"] = _respelled(random, device["capacity"], driver, {"value": "6"})
    for amounts in _requested(made):
        driver = random.choice(DRIVERS)
        changed = _respelled(random, dict(amounts), driver, "2")
        amounts.clear()
        amounts.update(changed)
    for device_id, amounts in made["allocatedCapacity"].items():
        changed = _respelled(random, amounts, device_id.partition("/")[0], "1")
        made["allocatedCapacity"][device_id] = changed


def _respelled(random: Random, entries: JSON, driver: str, other: object) -> JSON:
    changed: JSON = {}
    for name, value in entries.items():
        domain = driver if random.random() < 0.9 else "foreign.example"
        spelled = f"{domain}/{name}" if name in BARE and random.random() < 0.5 else name
        changed[spelled] = value
        if random.random() < 0.1:
            changed.setdefault(f"{driver}/{name}" if spelled == name else name, other)
    return changed


def _publish_odd_values(random: Random, made: JSON) -> None:
    """Versions that differ in build metadata, and values that cannot be compared."""
    for claim in made["claims"]:
        for constraint in claim["spec"]["devices"].get("constraints", ()):
            for kind in ("matchAttribute", "distinctAttribute"):
                if kind in constraint and random.random() < 0.5:
                    constraint[kind] = f"{DRIVERS[0]}/version"
    for slice_ in made["slices"]:
        for device in slice_["spec"].get("devices", ()):
            attributes = device.setdefault("attributes", {})
            if random.random() < 0.8:
                attributes["version"] = {"version": random.choice(VERSIONS[: random.choice([5, 5, 6])])}
            if random.random() < 0.05:
                attributes[random.choice(["root", "numa", "version"])] = random.choice(UNUSABLE)


def _ask_less_than_nothing(random: Random, made: JSON) -> None:
    for amounts in _requested(made):
        for name in amounts:
            amounts[name] = random.choice(["-1", "-500m", amounts[name]])


def _requested(made: JSON) -> list[JSON]:
    """The amounts of every request that asks for some."""
    return [
        exact["capacity"]["requests"]
        for claim in made["claims"]
        for request in claim["spec"]["devices"]["requests"]
        for exact in request.get("firstAvailable", [request.get("exactly")])
        if "capacity" in exact
    ]
