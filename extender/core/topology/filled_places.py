"""
How facts of a machine fill what its drivers do not publish, and where the two contradict each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from .machine_facts import FactsProblem, FactsUse, Matched, Named, Place
from .published import PublishedTopology


class Places(NamedTuple):
    """
    Where the devices of a node are, one entry per device; ``None`` and empty text are unknown.

    ``physical``: a number per physical device. ``sockets``: equal where devices are on one.
    """

    physical: Sequence[int]
    roots: Sequence[str]
    nodes: Sequence[int | None]
    sockets: Sequence[Hashable]


def filled(published: Sequence[PublishedTopology], places: Sequence[Place | None]) -> list[PublishedTopology]:
    """
    What the devices publish, with what facts tell beside it.

    The NUMA node of a coherent GPU may be its own memory, which is no place, so facts take its place.
    Devices on one switch share a root, even if nobody names it.
    """
    roots_of_switch: dict[str, str] = {}
    for facts, place in zip(published, places, strict=True):
        if place is not None and place.switch:
            root = facts.root or place.root
            if root:
                roots_of_switch.setdefault(place.switch, root)
    return [
        facts if place is None else _with_place(facts, place, roots_of_switch)
        for facts, place in zip(published, places, strict=True)
    ]


def _with_place(facts: PublishedTopology, place: Place, roots_of_switch: dict[str, str]) -> PublishedTopology:
    root = facts.root or place.root
    if not root and place.switch:
        root = roots_of_switch.get(place.switch, f"above switch {place.switch}")
    numa = facts.numa
    if place.numa >= 0 and (not numa or facts.own_memory):
        numa = (place.numa,)
    return facts._replace(
        root="" if facts.reach else root,
        switch=place.switch,
        numa=numa,
        socket=place.socket if facts.socket < 0 else facts.socket,
        own_memory=facts.own_memory and place.numa < 0,
    )


def contradicted(
    match: Matched, named: Named, published: Sequence[PublishedTopology], known: Places
) -> FactsUse:
    """Say of the facts that match a node whether they contradict what it publishes, as ``known`` has it."""
    if not match.places:
        return match.use
    for position, level, says, told in _contradictions(match.places, published, known):
        return replace(
            match.use,
            problem=FactsProblem.CONTRADICTED,
            device="/".join(named[position]),
            level=level,
            published=says,
            told=told,
        )
    return match.use


def _contradictions(
    places: Sequence[Place | None], published: Sequence[PublishedTopology], known: Places
) -> Iterator[tuple[int, str, str, str]]:
    """Yield the position of a device, a level, what is published there and what facts tell."""
    nodes_of_root, sockets_of_node = _published_levels(published, known)
    told_of_root: dict[str, int] = {}
    for position, (place, facts) in enumerate(zip(places, published, strict=True)):
        if place is None:
            continue
        root = known.roots[position] or facts.root
        if root and place.root and root != place.root:
            yield position, "root", root, place.root
        nodes = nodes_of_root.get(root or place.root, set()) if known.nodes[position] is None else set()
        node = known.nodes[position] if len(nodes) != 1 else next(iter(nodes))
        if node is not None and place.numa >= 0 and node != place.numa:
            yield position, "numa", str(node), str(place.numa)
        if place.numa >= 0 and known.roots[position]:
            # One published root is on one NUMA node; a flat one is none, see ``locate``.
            first = told_of_root.setdefault(known.roots[position], place.numa)
            if first != place.numa:
                yield position, "numa", str(first), str(place.numa)
        sockets = {facts.socket} if facts.socket >= 0 else sockets_of_node.get(place.numa, set())
        if place.socket >= 0 and sockets and place.socket not in sockets:
            yield position, "socket", str(min(sockets)), str(place.socket)


def _published_levels(
    published: Sequence[PublishedTopology], known: Places
) -> tuple[dict[str, set[int]], dict[int, set[int]]]:
    """The NUMA nodes of each root, and the sockets of each NUMA node, as published."""
    nodes_of_root: dict[str, set[int]] = {}
    sockets_of_node: dict[int, set[int]] = {}
    for facts, root, node in zip(published, known.roots, known.nodes, strict=True):
        if node is None:
            continue
        for each in (root, *facts.reach):
            if each:
                nodes_of_root.setdefault(each, set()).add(node)
        if facts.socket >= 0:
            sockets_of_node.setdefault(node, set()).add(facts.socket)
    return nodes_of_root, sockets_of_node
