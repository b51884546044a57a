"""
Generate device classes and claims: every kind of request, alternative, constraint and configuration.
"""

from __future__ import annotations

from random import Random

from tests.differential.allocation_devices import DRIVERS, JSON

SELECTORS = {
    "true": 9,
    "device.driver == 'a.example'": 4,
    "device.driver == 'b.example'": 3,
    "device.attributes['a.example'].?root.orValue('') == 'r0'": 2,
    "'root' in device.attributes['b.example']": 2,
    "device.attributes['a.example'].?numa.orValue(0) == 0": 1,
    "device.attributes['a.example'].root == 'r0'": 0.7,
    "device.capacity['a.example'].memory.compareTo(quantity('5')) > 0": 0.3,
    "device.allowMultipleAllocations": 0.5,
    "!device.allowMultipleAllocations": 1,
    "device.attributes['a.example'].?flag.orValue(true)": 1,
    "device.driver": 0.05,
}
COMPARED = ("a.example/root", "a.example/root", "b.example/root", "shared.example/zone", "a.example/numa")
PARAMETERS = [{"opaque": {"driver": DRIVERS[0], "parameters": {"mode": 1}}}]


def classes(random: Random) -> list[JSON]:
    """The classes c0, c1 and c2."""
    made: list[JSON] = [
        {
            "metadata": {"name": f"c{number}"},
            "spec": {"selectors": _selectors(random, random.choice([0, 0, 1]))},
        }
        for number in range(3)
    ]
    if random.random() < 0.2:
        made[0]["spec"]["config"] = PARAMETERS
    return made


def claims(random: Random, features: frozenset[str], minor: str) -> list[JSON]:
    """One to three unallocated claims."""
    return [
        {"metadata": {"name": f"claim-{number}"}, "spec": {"devices": _spec(random, features, minor)}}
        for number in range(random.choice([1, 1, 1, 1, 2, 3]))
    ]


def _spec(random: Random, features: frozenset[str], minor: str) -> JSON:
    requests = [
        _request(random, f"r{number}", features) for number in range(random.choice([1, 1, 1, 2, 2, 3]))
    ]
    made: JSON = {"requests": requests}
    names = [each["name"] for each in requests]
    names += [f"{each['name']}/{sub['name']}" for each in requests for sub in each.get("firstAvailable", ())]
    constraints = [
        _constraint(random, names, features, minor) for _ in range(random.choice([0, 0, 0, 0, 0, 1, 1, 2]))
    ]
    if constraints:
        made["constraints"] = constraints
    if random.random() < 0.15:
        made["config"] = [{"requests": random.sample(names, random.choice([1, len(names)])), **PARAMETERS[0]}]
        if random.random() < 0.3:
            del made["config"][0]["requests"]
    if "DerivedAttributes" in features or (minor in ("1.37", "1.38") and random.random() < 0.02):
        _derive(random, made)
    return made


def _request(random: Random, name: str, features: frozenset[str]) -> JSON:
    if random.random() < (0.25 if "PrioritizedList" in features else 0.03):
        subs = [
            {"name": f"s{number}", **_exact(random, features, alternative=True)}
            for number in range(random.choice([1, 2, 2, 3]))
        ]
        return {"name": name, "firstAvailable": subs}
    return {"name": name, "exactly": _exact(random, features, alternative=False)}


def _exact(random: Random, features: frozenset[str], *, alternative: bool) -> JSON:
    made: JSON = {"deviceClassName": f"c{random.randrange(3)}" if random.random() > 0.003 else "gone"}
    if random.random() < 0.09:
        made["allocationMode"] = "All"
    else:
        made["allocationMode"] = "ExactCount"
        made["count"] = random.choices([1, 2, 3, 20, 33], [80, 15, 4, 0.7, 1.2])[0]
    if random.random() < 0.25:
        made["selectors"] = _selectors(random, random.choice([1, 1, 2]))
    if not alternative and random.random() < (0.1 if "AdminAccess" in features else 0.01):
        made["adminAccess"] = True
    if random.random() < 0.4:
        made["tolerations"] = [_toleration(random)]
    if random.random() < (0.3 if "ConsumableCapacity" in features else 0.005):
        amount = random.choices(["1", "2", "3", "1500m", "7", "100E", "-1"], [30, 20, 15, 10, 10, 2, 1])[0]
        made["capacity"] = {
            "requests": {random.choices(["memory", "bandwidth", "none"], [20, 3, 1])[0]: amount}
        }
    return made


def _selectors(random: Random, count: int) -> list[JSON]:
    chosen = random.choices(list(SELECTORS), list(SELECTORS.values()), k=count)
    return [{"cel": {"expression": expression}} for expression in chosen]


def _toleration(random: Random) -> JSON:
    made: JSON = {"operator": random.choice(["Exists", "Exists", "Equal"])}
    if random.random() < 0.5:
        made["key"] = "k"
    if made["operator"] == "Equal":
        made["value"] = random.choice("vw")
    if random.random() < 0.3:
        made["effect"] = random.choice(["NoSchedule", "NoExecute"])
    return made


def _constraint(random: Random, names: list[str], features: frozenset[str], minor: str) -> JSON:
    # 1.35 refuses distinctAttribute unless consumable capacity is on; so does its API server.
    distinct = 0.25 if minor != "1.35" or "ConsumableCapacity" in features else 0.01
    kind = "distinctAttribute" if random.random() < distinct else "matchAttribute"
    made: JSON = {kind: random.choice(COMPARED)}
    if random.random() < 0.5:
        made["requests"] = random.sample(names, min(len(names), random.choice([1, 2, 2])))
    return made


def _derive(random: Random, spec: JSON) -> None:
    """Give some requests an expression for an attribute that a constraint of the claim compares."""
    compared = [each["matchAttribute"] for each in spec.get("constraints", ()) if "matchAttribute" in each]
    if not compared:
        return
    for request in spec["requests"]:
        for exact in request.get("firstAvailable", [request.get("exactly")]):
            if random.random() < 0.6:
                expression = random.choice(
                    [
                        "device.attributes['shared.example'].?zone.orValue(0)",
                        "'r0'",
                        "device.attributes[device.driver].?root.orValue('r1')",
                        "device.attributes[device.driver].root",
                        "[0, 1]",
                    ]
                )
                exact["derivedAttributes"] = [{"name": random.choice(compared), "expression": expression}]
