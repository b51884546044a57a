"""
Nodes by how near the devices are that the scheduler takes there, kept in order while nodes change.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

from ..allocator.search import Solution
from ..prediction.node_view import NodeView


class Promise(NamedTuple):
    """What the scheduler takes on a node, by how the node looks."""

    view: NodeView
    solution: Solution


_Place = tuple[int, str]
"""How many pods of the plan came to a node, and its name."""


class RankedNodes:
    """
    The nodes that pods with equal claims can go to, as of the first ``changes`` changes of nodes, ``None``
    before there were any in it. ``kinds``: the numbers that they had in ``NodeKinds`` when they were put
    here; other claims may have told more apart since. By these ``alignments``, and ``promises`` where there
    is one.

    To put a node costs a search in those of its alignment, to find the best a look at those passed over.
    """

    def __init__(self) -> None:
        self.changes: int | None = None
        self.kinds: dict[str, int] = {}
        self.alignments: dict[int, float | None] = {}
        self.promises: dict[int, Promise] = {}
        self._places: dict[float, list[_Place]] = {}
        self._of: dict[str, tuple[float, _Place]] = {}

    def put(self, name: str, alignment: float | None, arrivals: int) -> None:
        """Rank a node, anew where it has a rank; with ``None`` it has none."""
        before = self._of.pop(name, None)
        if before is not None:
            places = self._places[before[0]]
            del places[bisect_left(places, before[1])]
        if alignment is not None:
            place = (arrivals, name)
            insort(self._places.setdefault(alignment, []), place)
            self._of[name] = (alignment, place)

    def best_first(self) -> Iterator[tuple[float, str]]:
        """Alignment and name: the nearest devices first, of those the fewest arrivals, then by name."""
        for alignment in sorted(self._places, reverse=True):
            for _, name in self._places[alignment]:
                yield alignment, name
