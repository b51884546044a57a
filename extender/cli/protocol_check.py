"""
Whether an answer is what kube-scheduler takes for one.

Source: k8s.io/kubernetes pkg/scheduler/extender.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeGuard

import orjson

_FILTER_KEYS = {"Nodes", "NodeNames", "FailedNodes", "FailedAndUnresolvableNodes", "Error"}


def check_filter(body: bytes, answer: bytes) -> list[str]:
    """Return what is wrong with an answer to filter; empty if nothing is."""
    sent, got = _object(body), _object(answer)
    if got is None or sent is None:
        return ["filter: the answer is not a JSON object"]
    problems = [f"filter: unknown key {key}" for key in sorted(got.keys() - _FILTER_KEYS)]
    problems += [f"filter: {key} is missing" for key in sorted(_FILTER_KEYS - got.keys())]
    if got.get("Error"):
        problems.append(f"filter: Error is set: {got['Error']}")
    rejected: set[str] = set()
    for key in ("FailedNodes", "FailedAndUnresolvableNodes"):
        reasons = got.get(key)
        if not isinstance(reasons, dict) or not all(isinstance(text, str) for text in reasons.values()):
            problems.append(f"filter: {key} is not a map of node to reason")
        else:
            rejected |= reasons.keys()
    wanted = [name for name in offered_nodes(body) if name not in rejected]
    if _node_names(got) != wanted:
        problems.append("filter: the answer does not hold the nodes that pass, each once, in the order sent")
    as_names = sent.get("NodeNames") is not None
    if as_names and got.get("NodeNames") is None:
        problems.append("filter: NodeNames is null although names were sent")
    if not as_names and got.get("Nodes") is None:
        problems.append("filter: Nodes is null although Nodes were sent")
    return problems


def check_prioritize(body: bytes, answer: bytes) -> list[str]:
    """Return what is wrong with an answer to prioritize; empty if nothing is."""
    sent, got = _object(body), _parsed(answer)
    if not isinstance(got, list) or sent is None:
        return ["prioritize: the answer is not a JSON array"]
    problems: list[str] = []
    hosts: Counter[str] = Counter()
    for entry in got:
        if not isinstance(entry, dict) or entry.keys() != {"Host", "Score"}:
            problems.append(f"prioritize: an entry is not {{Host, Score}}: {entry!r:.80}")
        elif not isinstance(entry["Host"], str) or type(entry["Score"]) is not int:
            problems.append(f"prioritize: Host is no string or Score no integer: {entry!r:.80}")
        else:
            hosts[entry["Host"]] += 1
    wanted = set(offered_nodes(body))
    problems += [f"prioritize: {name} has no score" for name in sorted(wanted - hosts.keys())]
    problems += [f"prioritize: {name} was not asked for" for name in sorted(hosts.keys() - wanted)]
    problems += [f"prioritize: {name} is scored {count} times" for name, count in hosts.items() if count > 1]
    return problems


def check_bind(answer: bytes) -> list[str]:
    """Return what is wrong with an answer to bind; that it refuses is not."""
    got = _object(answer)
    if got is None or got.keys() != {"Error"} or not isinstance(got["Error"], str):
        return ["bind: the answer is not {Error: text}"]
    return []


def check_preempt(body: bytes, answer: bytes) -> list[str]:
    """Return what is wrong with an answer to preempt; empty if nothing is."""
    sent, got = _object(body), _object(answer)
    victims = got.get("NodeNameToMetaVictims") if got is not None else None
    if sent is None or not _is_map(victims):
        return ["preempt: the answer does not map nodes to meta victims"]
    offered = sent.get("NodeNameToMetaVictims") or sent.get("NodeNameToVictims")
    known = set(offered) if _is_map(offered) else set()
    problems = [f"preempt: {name} was not asked for" for name in sorted(victims.keys() - known)]
    for name, entry in victims.items():
        pods = entry.get("Pods") if _is_map(entry) else None
        if not isinstance(pods, list) or not all(_is_map(pod) and pod.get("UID") for pod in pods):
            problems.append(f"preempt: {name} has no list of Pods with UIDs")
    return problems


def offered_nodes(body: bytes) -> list[str]:
    """The nodes of a request, each once, in order; none where the body is not one of a request."""
    sent = _object(body)
    return [] if sent is None else list(dict.fromkeys(_node_names(sent)))


def _node_names(body: Mapping[str, object]) -> list[str]:
    """The nodes that a request or an answer to filter lists, by name or as objects, in order."""
    names = body.get("NodeNames")
    if isinstance(names, list):
        return [str(name) for name in names]
    nodes = body.get("Nodes")
    items = nodes.get("items") if _is_map(nodes) else None
    node_names = []
    for item in items if isinstance(items, list) else ():
        metadata = item.get("metadata") if _is_map(item) else None
        if _is_map(metadata):
            node_names.append(str(metadata.get("name")))
    return node_names


def _is_map(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _object(data: bytes) -> dict[str, object] | None:
    value = _parsed(data)
    return value if _is_map(value) else None


def _parsed(data: bytes) -> object:
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value
