"""
Nodes that are judged elsewhere than where the answers are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from ..cluster.snapshot import Snapshot
from .memo import PlanMemo
from .settings import Settings

T = TypeVar("T")
V = TypeVar("V")
R = TypeVar("R")


class Answered(NamedTuple, Generic[V]):
    """One answer for some nodes. ``lasting``: the snapshot has them, so it holds until they change."""

    answer: V
    names: Sequence[str]
    lasting: bool = True


class Errand(Generic[V, R]):
    """
    Nodes to be judged elsewhere than where the tables are, because it takes longer than one turn.

    ``run`` does so, and is the only part that another thread may call: it touches what is remembered of
    claims, which belongs to it until ``finish`` or ``give_up`` is called (see ``memo``).
    """

    __slots__ = ("_answer", "_judge", "_judged", "_memo", "_names", "_ready", "_settings")

    def __init__(
        self,
        memo: PlanMemo[T],
        settings: Settings,
        judge: Callable[[Sequence[str]], list[Answered[V]]],
        names: Sequence[str],
        ready: Mapping[str, object],
        answer: Callable[[Sequence[str], list[Answered[V]], Snapshot | None], R],
    ) -> None:
        memo.lent += 1
        self._memo = memo
        self._settings = settings
        self._judge = judge
        self._names = names
        self._ready = ready
        self._answer = answer
        self._judged: tuple[list[Answered[V]], bool] | None = None

    def run(self) -> None:
        """
        Judge what is missing, within the budget of one request.

        Where the budget could be exceeded it is all names that are judged, for it counts all nodes of the
        request, also those known before.
        """
        fresh = self._judge([name for name in self._names if name not in self._ready])
        within = self._memo.within(self._settings)
        if not within and self._ready:
            fresh = self._judge(self._names)
        self._judged = fresh, within

    def finish(self, latest: Snapshot) -> R:
        """
        The answer, which is that of the snapshot that was asked.

        It is kept for the nodes that have not changed up to the ``latest`` snapshot.
        """
        self._memo.lent -= 1
        assert self._judged is not None
        fresh, within = self._judged
        return self._answer(self._names, fresh, latest if within else None)

    def give_up(self) -> None:
        """Return what was lent, where ``run`` was never called or has failed."""
        self._memo.lent -= 1
