"""
The ready answers of one plan: what a request reads, and what it fills in where it is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from .judge import Judgement, NodeJudge
from .memo import PlanMemo, Table
from .rank import NodeRank, Rank, Wishes, rank_node
from .settings import Settings
from .shortfall import Shortfall, farthest_pair, shortfall_of
from .verdict import verdict_of

T = TypeVar("T")
V = TypeVar("V")
C = TypeVar("C", int, Rank)

# Judging a node costs about what 50 look-ups cost; more stale nodes than this may not
# even be asked for.
_FEW_STALE = 64


class ReadyAnswers(Generic[T]):
    """
    Answers by node name for the plan of ``judge``, rated by ``settings``; they stand in ``table``.

    ``render`` makes an entry of a name and a score. ``wishes`` are those of the plan.
    """

    __slots__ = ("_judge", "_memo", "_render", "_settings", "_table", "_wishes")

    def __init__(
        self,
        judge: NodeJudge,
        memo: PlanMemo[T],
        table: Table[T],
        render: Callable[[str, int], T],
        settings: Settings,
        wishes: Wishes,
    ) -> None:
        self._judge = judge
        self._memo = memo
        self._table = table
        self._render = render
        self._settings = settings
        self._wishes = wishes

    def entries(self, names: Sequence[str]) -> list[T]:
        """One entry per name, in order; known ones cost one dict look-up per name."""
        if self._table.stale and self._can_keep:
            self._refresh()
        if self._can_keep:
            try:
                return list(map(self._table.entries.__getitem__, names))
            except KeyError:
                pass
        return self._judge_entries(names)

    def shortfalls(self, names: Sequence[str]) -> dict[str, Shortfall]:
        """Those of the names that have one, in order; known ones cost one dict look-up per name."""
        if not self._wishes.aligns:
            return {}
        kept = self._table.shortfalls
        fresh, stay = self._missing(kept, names, self._judge_shortfalls)
        if stay:
            kept.update(self._of_known_nodes(fresh))
        return {
            name: shortfall
            for name in names
            if (shortfall := fresh[name] if name in fresh else kept[name]) is not None
        }

    def top(self, names: Sequence[str]) -> list[str]:
        """
        The names with the highest score, sorted; none where the budget is too small to know all, or
        where the memo has moved on to a newer snapshot.
        """
        return self._highest(self._table.scores, names)

    def first(self, names: Sequence[str]) -> list[str]:
        """Like ``top`` by the exact rank."""
        return self._highest(self._table.ranks, names)

    @property
    def _can_keep(self) -> bool:
        """
        Whether the table is of this snapshot, and no set of nodes exceeds the budget of a request,
        so that an answer holds in each.
        """
        memo, settings = self._memo, self._settings
        within = memo.steps <= settings.request_steps and memo.units <= settings.request_units
        return within and self._is_current

    @property
    def _is_current(self) -> bool:
        """False once an evaluation of a newer snapshot has taken the table on."""
        return self._memo.number == self._judge.snapshot.number

    def _refresh(self) -> None:
        """
        Judge the few nodes that changed since the last request for these claims.

        Many are left to the request that names them.
        """
        stale = [name for name in self._table.stale if name in self._judge.snapshot.nodes]
        self._table.stale.clear()
        if len(stale) <= _FEW_STALE:
            self._judge_entries(stale)

    def _judge_entries(self, names: Sequence[str]) -> list[T]:
        table, render = self._table, self._render
        ranked, stay = self._missing(table.entries, names, self._rank)
        fresh = {name: render(name, node_rank.score) for name, node_rank in ranked.items()}
        if stay:
            table.entries.update(self._of_known_nodes(fresh))
            for name, node_rank in self._of_known_nodes(ranked):
                table.scores[name] = node_rank.score
                table.ranks[name] = node_rank.rank
        return [fresh[name] if name in fresh else table.entries[name] for name in names]

    def _missing(
        self, kept: Mapping[str, object], names: Sequence[str], judge: Callable[[Sequence[str]], dict[str, V]]
    ) -> tuple[dict[str, V], bool]:
        """
        What ``judge`` answers for the names that are not in ``kept``, and whether it may be kept.

        It may not where the budget could be exceeded. Then it is all names that are judged, for
        the budget counts all nodes of the request, also those known before.
        """
        if self._can_keep:
            fresh = judge([name for name in names if name not in kept])
            if self._can_keep:
                return fresh, True
        return judge(names), False

    def _of_known_nodes(self, fresh: Mapping[str, V]) -> Iterator[tuple[str, V]]:
        nodes = self._judge.snapshot.nodes
        return ((name, answer) for name, answer in fresh.items() if name in nodes)

    def _judge_all(self, names: Sequence[str]) -> Iterator[tuple[str, Judgement]]:
        return self._judge.judge_all(names, self._settings.budget())

    def _rank(self, names: Sequence[str]) -> dict[str, NodeRank]:
        return {
            name: rank_of(judgement, self._settings, self._wishes)
            for name, judgement in self._judge_all(names)
        }

    def _judge_shortfalls(self, names: Sequence[str]) -> dict[str, Shortfall | None]:
        return {name: self._shortfall(judgement) for name, judgement in self._judge_all(names)}

    def _shortfall(self, judgement: Judgement) -> Shortfall | None:
        prediction, alignment = judgement.prediction, judgement.alignment
        if farthest_pair(prediction.outcome, prediction.certainty, alignment) is None:
            return None
        return shortfall_of(verdict_of(self._judge.plan, judgement, 0, self._judge.snapshot.release))

    def _highest(self, values: Mapping[str, C], names: Sequence[str]) -> list[str]:
        """The names with the highest of ``values``, sorted; none where one has none."""
        if not self._is_current:
            return []
        highest = _highest(values, names)
        if highest is None:
            self.entries(names)
            highest = _highest(values, names)
        return highest or []


def rank_of(judgement: Judgement, settings: Settings, wishes: Wishes) -> NodeRank:
    """The score and rank of a judged node; here alone alignment becomes a score."""
    return rank_node(
        judgement.prediction.outcome,
        judgement.alignment,
        judgement.fragmentation,
        settings,
        wishes=wishes,
        passed_over=judgement.passed_over,
        nothing_apart=not judgement.has_unlisted,
    )


def _highest(values: Mapping[str, C], names: Sequence[str]) -> list[str] | None:
    """The names with the highest of ``values``, sorted; ``None`` where one has none."""
    try:
        best = max(map(values.__getitem__, names))
    except KeyError:
        return None
    return sorted(name for name in names if values[name] == best)
