"""
What the published facts determine, worked out from the facts themselves.

Nothing of ``extender.core.topology`` is used here: the rules are those of ``docs/alignment.md``, stated a
second time on what the drivers meant to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from extender.core.topology.locations import Distance
from tests.machines.generations import Entry


def told(entries: Sequence[Entry], *, flat: bool) -> Callable[[int, int], Distance]:
    """Return how far two entries, by position, are apart as far as all entries together tell."""
    sat_on = ["" if flat else entry.root for entry in entries]
    certain = {entry.numa for entry in entries if entry.numa >= 0 and not entry.own_memory}
    own = [
        entry.numa if entry.numa >= 0 and (not entry.own_memory or entry.numa in certain) else None
        for entry in entries
    ]
    nodes_of_root: dict[str, set[int]] = {}
    for entry, root, numa in zip(entries, sat_on, own, strict=True):
        if numa is not None:
            for each in {root, *entry.reach} - {""}:
                nodes_of_root.setdefault(each, set()).add(numa)

    def node(position: int) -> int | None:
        if own[position] is not None:
            return own[position]
        witnessed = nodes_of_root.get(sat_on[position], set())
        return next(iter(witnessed)) if len(witnessed) == 1 else None

    nodes = [node(position) for position in range(len(entries))]
    socket_of_node = {
        numa: entry.socket
        for entry, numa in zip(entries, nodes, strict=True)
        if numa is not None and entry.socket >= 0
    }
    socket_of_root = {root: entry.socket for entry in entries if entry.socket >= 0 for root in entry.reach}

    def socket(position: int) -> int | None:
        numa = nodes[position]
        if numa is not None and numa in socket_of_node:
            return socket_of_node[numa]
        said = entries[position].socket
        return said if said >= 0 else socket_of_root.get(sat_on[position])

    def distance(a: int, b: int) -> Distance:
        if sat_on[a] and sat_on[a] == sat_on[b]:
            return Distance.PCIE_ROOT
        if nodes[a] is not None and nodes[a] == nodes[b]:
            return Distance.NUMA
        sockets = (socket(a), socket(b))
        if None not in sockets:
            return Distance.SOCKET if sockets[0] == sockets[1] else Distance.REMOTE
        return Distance.UNKNOWN if None in (nodes[a], nodes[b]) else Distance.REMOTE

    return distance
