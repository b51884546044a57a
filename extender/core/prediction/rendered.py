"""Entries by score and name, which depend on nothing else, so that all plans share them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ..cluster.snapshot import Snapshot
from .look_up import look_up

T = TypeVar("T")

# Entries that are kept, of all scores together; of past ones the names may be gone.
_PER_NODE = 8


class Rendered(Generic[T]):
    """``render`` turns names, all with one score, into entries in the order of names."""

    __slots__ = ("_by_score", "_render")

    def __init__(self, render: Callable[[Sequence[str], int], list[T]]) -> None:
        self._render = render
        self._by_score: dict[int, dict[str, T]] = {}

    def of(self, score: int, names: Sequence[str], snapshot: Snapshot) -> list[T]:
        """The entries of nodes of the snapshot with one score, in order; they are kept."""
        known = self._by_score.setdefault(score, {})
        try:
            return look_up(known, names)
        except KeyError:
            pass
        if sum(map(len, self._by_score.values())) > _PER_NODE * len(snapshot.nodes):
            known = {}
            self._by_score = {score: known}
        missing = [name for name in names if name not in known]
        known.update(zip(missing, self._render(missing, score), strict=True))
        return look_up(known, names)

    def passing(self, score: int, names: Sequence[str]) -> list[T]:
        """The entries of names that are none of nodes; they are not kept."""
        return self._render(names, score)
