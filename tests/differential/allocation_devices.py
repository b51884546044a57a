"""
Generate the devices of a slice: attributes, capacity, counters, taints, conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

JSON = dict[str, Any]

DRIVERS = ("a.example", "b.example")
ATTRIBUTES = ("root", "numa", "flag", "version")
COUNTER = "memory"


@dataclass(frozen=True)
class Style:
    """
    What the devices of one pool may have; probabilities are per device.

    ``lists``: attributes may be lists. ``groups``: compatibility groups, of which
    there are none with 0. ``own_nodes``: each device names its node.
    """

    features: frozenset[str]
    counter_sets: tuple[str, ...] = ()
    capacity: float = 0.3
    shareable: float = 0.3
    taints: float = 0.1
    conditions: float = 0.03
    groups: float = 0.0
    lists: float = 0.0
    own_nodes: bool = False


def device(random: Random, name: str, style: Style) -> JSON:
    """One device in the spelling of ``spec.devices``."""
    made: JSON = {"name": name}
    attributes = _attributes(random, style)
    if attributes:
        made["attributes"] = attributes
    if random.random() < style.capacity:
        made["capacity"] = _capacity(random)
    if random.random() < style.shareable:
        made["allowMultipleAllocations"] = True
    if style.counter_sets and random.random() < 0.8:
        made["consumesCounters"] = [_consumption(random, style)]
    if random.random() < style.taints:
        effect = random.choice(["NoSchedule", "NoExecute", "None"])
        made["taints"] = [{"key": "k", "value": random.choice("vw"), "effect": effect}]
        if random.random() < 0.2:
            made["taints"].append({"key": "other", "effect": "NoSchedule"})
    if random.random() < style.conditions:
        made["bindingConditions"], made["bindingFailureConditions"] = ["ready"], ["broken"]
    if random.random() < 0.03:
        made["bindsToNode"] = True
    if style.own_nodes:
        made["nodeName"] = random.choice(["n1", "n1", "n2"])
    return made


def _attributes(random: Random, style: Style) -> JSON:
    made: JSON = {}
    if random.random() < 0.9:
        made["root"] = {"string": random.choice(["r0", "r1"])}
    if random.random() < 0.6:
        made["numa"] = {"int": random.randrange(2)} if random.random() < 0.95 else {"string": "0"}
    if random.random() < 0.5:
        made["shared.example/zone"] = {"int": random.randrange(3)}
    if random.random() < 0.15:
        made["flag"] = {"bool": random.random() < 0.5}
    if random.random() < 0.1:
        made["version"] = {"version": random.choice(["1.0.0", "1.2.0", "2.0.0"])}
    if random.random() < style.lists:
        made["numa"] = {"ints": random.sample([0, 1, 2], random.choice([1, 2, 2]))}
    if random.random() < style.lists / 4:
        made["names"] = {"strings": ["x", random.choice("yz")]}
    return made


def _capacity(random: Random) -> JSON:
    memory: JSON = {"value": random.choice(["4", "8", "10", "2500m", "8Gi"])}
    if random.random() < 0.6:
        memory["requestPolicy"] = _policy(random)
    made = {"memory": memory}
    if random.random() < 0.3:
        made["bandwidth"] = {"value": "5"}
    return made


def _policy(random: Random) -> JSON:
    policy: JSON = {"default": random.choice(["1", "2"])}
    if random.random() < 0.5:
        allowed: JSON = {"min": random.choice(["1", "1", "500m", "0"])}
        if random.random() < 0.6:
            allowed["step"] = random.choice(["1", "2", "500m", "3"])
        if random.random() < 0.4:
            allowed["max"] = random.choice(["4", "6"])
        policy["validRange"] = allowed
    elif random.random() < 0.7:
        policy["validValues"] = random.choice([["1", "2", "4"], ["2"], ["1", "3", "9"]])
    return policy


def _consumption(random: Random, style: Style) -> JSON:
    name = random.choice(style.counter_sets) if random.random() > 0.01 else "unknown"
    amount = str(random.choice([1, 1, 2, 3]))
    made: JSON = {"counterSet": name, "counters": {COUNTER: {"value": amount}}}
    if random.random() < style.groups:
        made["compatibilityGroups"] = random.sample(["g", "h"], random.choice([1, 2]))
    return made
