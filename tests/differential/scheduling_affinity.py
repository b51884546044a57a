"""
Generate affinity, topology spread constraints and selectors.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.differential.scheduling_nodes import DISK, HOSTNAME, LABELS, NAMESPACES, RACK, RANK, ZONE

JSON = dict[str, Any]

KEYS = (HOSTNAME, ZONE, RACK)


def affinity(random: Random, chance: float) -> JSON:
    """Node affinity, and with ``chance`` each pod affinity and anti-affinity; often empty."""
    made: JSON = {}
    if random.random() < 0.3:
        made["nodeAffinity"] = _node_affinity(random)
    for kind in ("podAffinity", "podAntiAffinity"):
        if random.random() < chance:
            made[kind] = _pod_affinity(random)
    return made


def spread_constraints(random: Random) -> list[JSON]:
    made = []
    for _ in range(random.choice((1, 1, 2))):
        constraint: JSON = {
            "maxSkew": random.choice((1, 1, 2, 3)),
            "topologyKey": random.choice(KEYS),
            "whenUnsatisfiable": random.choice(("DoNotSchedule", "ScheduleAnyway")),
        }
        if random.random() < 0.9:
            constraint["labelSelector"] = selector(random)
        if random.random() < 0.4 and constraint["whenUnsatisfiable"] == "DoNotSchedule":
            constraint["minDomains"] = random.choice((1, 2, 4))
        if random.random() < 0.3:
            constraint["nodeAffinityPolicy"] = random.choice(("Honor", "Ignore"))
        if random.random() < 0.3:
            constraint["nodeTaintsPolicy"] = random.choice(("Honor", "Ignore"))
        if random.random() < 0.2:
            constraint["matchLabelKeys"] = [random.choice((*LABELS, "none"))]
        made.append(constraint)
    return made


def selector(random: Random) -> JSON:
    """A label selector, rarely one that cannot be parsed."""
    made: JSON = {}
    if random.random() < 0.6:
        key = random.choice(tuple(LABELS))
        made["matchLabels"] = {key: random.choice(LABELS[key])}
    if random.random() < 0.4:
        key = random.choice((*LABELS, "none"))
        operator = random.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        expression: JSON = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = [random.choice(LABELS.get(key, ("a",))), "v1"]
        if random.random() < 0.01:
            expression["operator"] = "Near"
        made["matchExpressions"] = [expression]
    return made


def _namespace_selector(random: Random) -> JSON:
    if random.random() < 0.2:
        return {}
    if random.random() < 0.3:
        return {"matchLabels": {"team": random.choice(("a", "b"))}}
    operator = random.choice(("NotIn", "DoesNotExist", "In"))
    values = {} if operator == "DoesNotExist" else {"values": ["a"]}
    return {"matchExpressions": [{"key": "team", "operator": operator, **values}]}


def _pod_affinity(random: Random) -> JSON:
    made: JSON = {}
    if random.random() < 0.6:
        made["requiredDuringSchedulingIgnoredDuringExecution"] = [
            _term(random) for _ in range(random.choice((1, 1, 2)))
        ]
    if random.random() < 0.5:
        made["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": random.choice((1, 10, 100)), "podAffinityTerm": _term(random)}
            for _ in range(random.choice((1, 2)))
        ]
    return made


def _term(random: Random) -> JSON:
    made: JSON = {"topologyKey": random.choice(KEYS)}
    if random.random() < 0.95:
        made["labelSelector"] = selector(random)
    if random.random() < 0.3:
        made["namespaces"] = random.sample(NAMESPACES, random.choice((1, 2)))
    if random.random() < 0.35:
        made["namespaceSelector"] = _namespace_selector(random)
    return made


def _node_affinity(random: Random) -> JSON:
    made: JSON = {}
    if random.random() < 0.6:
        made["requiredDuringSchedulingIgnoredDuringExecution"] = {
            "nodeSelectorTerms": [_node_term(random) for _ in range(random.choice((1, 1, 2, 3)))]
        }
    if random.random() < 0.6:
        made["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": random.choice((0, 1, 50, 100)), "preference": _node_term(random, 0.01)}
            for _ in range(random.choice((1, 2)))
        ]
    return made


def _node_term(random: Random, invalid: float = 0.1) -> JSON:
    made: JSON = {}
    if random.random() < 0.9:
        made["matchExpressions"] = [_requirement(random, invalid) for _ in range(random.choice((1, 1, 2)))]
    if random.random() < 0.15:
        names = random.sample(("n0", "n1", "n2", "n3"), 2 if random.random() < invalid else 1)
        made["matchFields"] = [
            {"key": "metadata.name", "operator": random.choice(("In", "In", "NotIn")), "values": names}
        ]
    return made


def _requirement(random: Random, invalid: float) -> JSON:
    key = random.choice((ZONE, DISK, RANK, RACK))
    if key == RANK and random.random() < 0.6:
        made: JSON = {"key": key, "operator": random.choice(("Gt", "Lt")), "values": [random.choice("157")]}
    else:
        operator = random.choice(("In", "In", "NotIn", "Exists", "DoesNotExist"))
        made = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            values = {
                ZONE: ("z1", "z2", "z3"),
                DISK: ("ssd", "hdd"),
                RACK: ("r1", "", "r2"),
                RANK: ("1", "7"),
            }
            made["values"] = list({random.choice(values[key]): None for _ in range(2)})
    if random.random() < invalid:
        made = random.choice(
            (
                {**made, "operator": "Near"},
                {"key": key, "operator": "In", "values": ["not a value"]},
                {"key": "bad key", "operator": "Exists"},
                {"key": key, "operator": "Gt", "values": ["99999999999999999999"]},
                {"key": key, "operator": "In"},
            )
        )
    return made
