"""Encode the answers to filter, prioritize and bind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from .args import ExtenderArgs, NodeObjects


def filter_result(args: ExtenderArgs, unresolvable: Mapping[str, str]) -> bytes:
    """
    Encode an ``ExtenderFilterResult``: every name but the ``unresolvable`` ones.

    ``unresolvable`` maps a node to the reason, for nodes that no preemption can
    help. Names and Node objects keep the order and the form they were sent in;
    passing Node objects are repeated byte for byte.
    """
    names: object = args.node_names
    if names is not None and unresolvable:
        names = [name for name in args.names if name not in unresolvable]
    elif isinstance(names, bytes):
        names = orjson.Fragment(names)
    return orjson.dumps(
        {
            "Nodes": None if args.nodes is None else _passing(args.nodes, unresolvable),
            "NodeNames": names,
            "FailedNodes": {},
            "FailedAndUnresolvableNodes": unresolvable,
            "Error": "",
        }
    )


def _passing(nodes: NodeObjects, unresolvable: Mapping[str, str]) -> object:
    if nodes.unique and not unresolvable:
        return orjson.Fragment(nodes.text)
    passing = [
        orjson.Fragment(bytes(text)) for name, text in nodes.by_name.items() if name not in unresolvable
    ]
    return {"metadata": {}, "items": passing}


def host_priorities(names: Sequence[str], score: int) -> list[bytes]:
    """
    Encode one ``HostPriority`` for each of ``names``, all with one score.

    The score must be an integer: Go refuses the answer over a ``7.0``.
    """
    rest = b',"Score":%d}' % score
    return [b'{"Host":%s%s' % (name, rest) for name in map(orjson.dumps, names)]


def host_priority(name: str, score: int) -> bytes:
    """Encode one ``HostPriority``."""
    return host_priorities((name,), score)[0]


def prioritize_result(entries: Iterable[bytes]) -> bytes:
    """Join encoded ``HostPriority`` entries to the bare array that prioritize answers."""
    return b"[%s]" % b",".join(entries)


def equal_scores(names: Sequence[str], score: int) -> bytes:
    """Encode a prioritize answer that gives every name the same score."""
    if not names:
        return b"[]"
    return b'[{"Host":%s,"Score":%d}]' % (
        (b',"Score":%d},{"Host":' % score).join(map(orjson.dumps, names)),
        score,
    )


def bind_result(error: str) -> bytes:
    """Encode an ``ExtenderBindingResult``; an empty ``error`` says that the pod is bound."""
    return orjson.dumps({"Error": error})
