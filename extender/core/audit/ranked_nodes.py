"""
Nodes by how near the devices are that the scheduler takes there, kept in order while nodes change.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import NamedTuple

from ..allocator.search import Solution
from ..prediction.node_view import NodeView
from .node_kinds import NodeKinds, Place


class Promise(NamedTuple):
    """What the scheduler takes on nodes of one kind, by how they look."""

    view: NodeView
    solution: Solution


class RankedNodes:
    """
    The nodes that pods with equal claims can go to, by the ``alignments`` and ``promises`` of their kinds.

    A kind without certain devices has neither. Costs what the kinds cost, however many nodes there are.
    """

    def __init__(self, kinds: NodeKinds) -> None:
        self.alignments: dict[int, float | None] = {}
        self.promises: dict[int, Promise] = {}
        self._kinds = kinds
        self._by_alignment: dict[float, list[int]] = {}
        self._seen = 0
        self._unrated: list[int] = []

    def unrated(self) -> list[int]:
        """The kinds with nodes that have not been rated."""
        appeared = self._kinds.appeared
        if self._seen == len(appeared) and not self._unrated:
            return []
        unrated = (*self._unrated, *appeared[self._seen :])
        self._unrated = [kind for kind in unrated if kind not in self.alignments]
        self._seen = len(appeared)
        return [kind for kind in self._unrated if self._kinds.places(kind)]

    def rate(self, kind: int, alignment: float | None, promise: Promise | None) -> None:
        """Say once what the scheduler takes on nodes of a kind."""
        self.alignments[kind] = alignment
        if alignment is not None and promise is not None:
            self.promises[kind] = promise
            self._by_alignment.setdefault(alignment, []).append(kind)

    def best_first(self, least: float = 0.0) -> Iterator[tuple[float, str, int]]:
        """
        Alignment, name and kind of the nodes with at least the alignment ``least``.

        The nearest devices come first, of those the fewest arrivals, then by name.
        """
        places = self._kinds.places
        for alignment in sorted(self._by_alignment, reverse=True):
            if alignment < least:
                return
            heads = [
                (of_kind[0], kind) for kind in self._by_alignment[alignment] if (of_kind := places(kind))
            ]
            if not heads:
                continue
            # Most ask for one node only, and need no order of the others.
            (_, name), kind = min(heads)
            yield alignment, name, kind
            others = merge(*(self._of(kind) for _, kind in heads))
            yield from ((alignment, name, kind) for (_, name), kind in islice(others, 1, None))

    def _of(self, kind: int) -> Iterator[tuple[Place, int]]:
        return ((place, kind) for place in self._kinds.places(kind))
