"""
The ready answers of one plan: what a request reads, and what it fills in where it is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import compress, repeat
from operator import attrgetter, eq
from typing import Generic, TypeVar

from ..allocator.budget import Turn, TurnOver
from ..cluster.snapshot import Snapshot
from .errand import Answered, Errand
from .judge import Judgement, NodeJudge
from .look_up import look_up
from .memo import PlanMemo, Table
from .rank import NodeRank, Rank, Wishes, rank_node
from .rendered import Rendered
from .settings import Settings
from .shortfall import Shortfall, farthest_pair, shortfall_of
from .verdict import verdict_of

T = TypeVar("T")
V = TypeVar("V")
C = TypeVar("C", int, Rank)

# Judging a node costs about what 50 look-ups cost; more stale nodes than this may not
# even be asked for.
_FEW_STALE = 64

MOST_IN_A_TURN = 1_000
"""To look at each of more nodes takes most of a turn, and would be done again by the errand."""

_score = attrgetter("score")
_rank = attrgetter("rank")


class ReadyAnswers(Generic[T]):
    """
    Answers by node name for the plan of ``judge``, rated by ``settings``; they stand in ``table``.

    ``rendered`` has the entries of scores and names. ``wishes`` are those of the plan.
    A ``turn`` bounds what a method works; past it the method raises ``TurnOver``, and has an errand for
    the rest.
    """

    __slots__ = ("_judge", "_ranked", "_rendered", "_table", "_wishes", "memo", "settings")

    def __init__(
        self,
        judge: NodeJudge,
        memo: PlanMemo[T],
        table: Table[T],
        rendered: Rendered[T],
        settings: Settings,
        wishes: Wishes,
    ) -> None:
        self.memo = memo
        self.settings = settings
        self._judge = judge
        self._table = table
        self._rendered = rendered
        self._wishes = wishes
        # Of an errand, until they are used: the table may be of a newer snapshot.
        self._ranked: Mapping[str, NodeRank] = {}

    def entries(self, names: Sequence[str], turn: Turn | None = None) -> list[T]:
        """One entry per name, in order; known ones cost one dict look-up per name."""
        if self._is_current:
            if self._table.stale and self._can_keep:
                self._refresh(turn)
            try:
                return look_up(self._table.entries, names)
            except KeyError:
                pass
        fresh, stay = self._missing(self._table.entries, names, self._rank, turn)
        known = self._table.entries
        return self._entries(names, fresh, _by_name(fresh), known, self._judge.snapshot if stay else None)

    def entries_errand(self, names: Sequence[str]) -> Errand[NodeRank, list[T]]:
        """The rest of ``entries``."""
        ready = self._ready(self._table.entries, names)
        ranks = {name: self._table.ranks[name] for name in ready}

        def answer(asked: Sequence[str], fresh: list[Answered[NodeRank]], latest: Snapshot | None) -> list[T]:
            own = _by_name(fresh)
            self._ranked = ranks | own if ranks else own
            return self._entries(asked, fresh, own, ready, latest)

        return Errand(
            self.memo, self.settings, lambda missing: self._rank(missing, None), names, ready, answer
        )

    def shortfalls(self, names: Sequence[str], turn: Turn | None = None) -> dict[str, Shortfall]:
        """Those of the names that have one, in order; known ones cost one dict look-up per name."""
        if not self._wishes.aligns:
            return {}
        known = self._table.shortfalls
        if self._is_current and known.keys() >= set(names):
            return self._shortfalls(names, [], known, None)
        fresh, stay = self._missing(known, names, self._judge_shortfalls, turn)
        return self._shortfalls(names, fresh, known, self._judge.snapshot if stay else None)

    def shortfalls_errand(self, names: Sequence[str]) -> Errand[Shortfall | None, dict[str, Shortfall]]:
        """The rest of ``shortfalls``."""
        ready = self._ready(self._table.shortfalls, names)

        def answer(
            asked: Sequence[str], fresh: list[Answered[Shortfall | None]], latest: Snapshot | None
        ) -> dict[str, Shortfall]:
            return self._shortfalls(asked, fresh, ready, latest)

        return Errand(
            self.memo,
            self.settings,
            lambda missing: self._judge_shortfalls(missing, None),
            names,
            ready,
            answer,
        )

    def top(self, names: Sequence[str], turn: Turn | None = None) -> list[str]:
        """
        The names with the highest score, sorted; none where the budget is too small to know all, or
        where the memo has moved on to a newer snapshot.
        """
        return self._highest(_score, names, turn)

    def first(self, names: Sequence[str], turn: Turn | None = None) -> list[str]:
        """Like ``top`` by the exact rank."""
        return self._highest(_rank, names, turn)

    @property
    def _can_keep(self) -> bool:
        """
        Whether what is judged now may stay in the table: it is of this snapshot, and no set of nodes
        exceeds the budget of a request, so that an answer holds in each.

        What is in the table may be used without this: the nodes there were within the budget together.
        """
        return self._is_current and not self.memo.lent and self.memo.within(self.settings)

    @property
    def _is_current(self) -> bool:
        """False once an evaluation of a newer snapshot has taken the table on."""
        return self.memo.number == self._judge.snapshot.number

    def _ready(self, known: Mapping[str, V], names: Sequence[str]) -> dict[str, V]:
        """The answers that need not be judged: none where the budget could be exceeded."""
        if not self._is_current:
            return {}
        return {name: known[name] for name in names if name in known}

    def _refresh(self, turn: Turn | None) -> None:
        """
        Judge the few nodes that changed since the last request for these claims.

        Many are left to the request that names them, and so are those for which the turn is too short.
        """
        stale = [name for name in self._table.stale if name in self._judge.snapshot.nodes]
        self._table.stale.clear()
        if len(stale) <= _FEW_STALE:
            with suppress(TurnOver):
                fresh, stay = self._missing(self._table.entries, stale, self._rank, turn)
                if stay:
                    self._keep(fresh, _by_name(fresh), self._judge.snapshot)

    def _missing(
        self,
        known: Mapping[str, object],
        names: Sequence[str],
        judge: Callable[[Sequence[str], Turn | None], list[Answered[V]]],
        turn: Turn | None,
    ) -> tuple[list[Answered[V]], bool]:
        """
        What ``judge`` answers for the names that are not in ``known``, and whether it may be kept.

        It may not where the budget could be exceeded. Then it is all names that are judged, for
        the budget counts all nodes of the request, also those known before.
        """
        if self.memo.lent:
            raise TurnOver
        if self._can_keep:
            fresh = _judged([name for name in names if name not in known], judge, turn)
            if self._can_keep:
                return fresh, True
        return _judged(names, judge, turn), False

    def _entries(
        self,
        names: Sequence[str],
        fresh: list[Answered[NodeRank]],
        ranks: dict[str, NodeRank],
        known: Mapping[str, T],
        latest: Snapshot | None,
    ) -> list[T]:
        """
        The entries, of which those that are new are kept as those of the ``latest`` snapshot.

        ``ranks``: what is ``fresh``, by name.
        """
        entries = self._keep(fresh, ranks, latest)
        if len(entries) == len(names):
            return look_up(entries, names)
        return [entries[name] if name in entries else known[name] for name in names]

    def _keep(
        self, fresh: list[Answered[NodeRank]], ranks: dict[str, NodeRank], latest: Snapshot | None
    ) -> dict[str, T]:
        """The entries of what is new."""
        by_score: dict[int, list[str]] = {}
        for rank, names, lasting in fresh:
            if lasting:
                by_score.setdefault(rank.score, []).extend(names)
        entries: dict[str, T] = {}
        for score, names in by_score.items():
            entries.update(zip(names, self._rendered.of(score, names, self._judge.snapshot), strict=True))
        over = self._over(fresh, latest)
        if over is not None:
            self._table.entries.update(_without(entries, over))
            self._table.ranks.update(_without(ranks, over))
        for rank, names, lasting in fresh:
            if not lasting:
                entries.update(zip(names, self._rendered.passing(rank.score, names), strict=True))
        return entries

    def _shortfalls(
        self,
        names: Sequence[str],
        fresh: list[Answered[Shortfall | None]],
        known: Mapping[str, Shortfall | None],
        latest: Snapshot | None,
    ) -> dict[str, Shortfall]:
        found = _by_name(fresh)
        over = self._over(fresh, latest)
        if over is not None:
            self._table.shortfalls.update(_without(found, over))
        return {
            name: shortfall
            for name in names
            if (shortfall := found[name] if name in found else known[name]) is not None
        }

    def _over(self, fresh: list[Answered[V]], latest: Snapshot | None) -> AbstractSet[str] | None:
        """
        Move the table on to the ``latest`` snapshot. Returns the names of which nothing is to be kept.

        ``None``: of none, because it is not known which nodes changed, or there is no such snapshot.
        """
        snapshot, memo = self._judge.snapshot, self.memo
        if latest is None or latest.lineage is not snapshot.lineage or latest.number < memo.number:
            return None
        changed = latest.changed_since(snapshot.number)
        if changed is None:
            return None
        memo.follow(latest)
        return changed.union(*(each.names for each in fresh if not each.lasting))

    def _judge_alike(self, names: Sequence[str], turn: Turn | None) -> list[tuple[Judgement, Sequence[str]]]:
        return self._judge.judge_alike(names, self.settings.budget(turn))

    def _rank(self, names: Sequence[str], turn: Turn | None) -> list[Answered[NodeRank]]:
        return [
            Answered(rank_of(judgement, self.settings, self._wishes), alike, judgement.state is not None)
            for judgement, alike in self._judge_alike(names, turn)
        ]

    def _judge_shortfalls(self, names: Sequence[str], turn: Turn | None) -> list[Answered[Shortfall | None]]:
        found: list[Answered[Shortfall | None]] = []
        for judgement, alike in self._judge_alike(names, turn):
            prediction, lasting = judgement.prediction, judgement.state is not None
            if farthest_pair(prediction.outcome, prediction.certainty, judgement.alignment) is None:
                found.append(Answered(None, alike, lasting))
            else:
                found += [Answered(self._shortfall(name, judgement), (name,), lasting) for name in alike]
        return found

    def _shortfall(self, name: str, judgement: Judgement) -> Shortfall | None:
        """The shortfall of a node that is judged like this, by the names of its own devices."""
        snapshot = self._judge.snapshot
        own = judgement._replace(state=snapshot.nodes.get(name))
        return shortfall_of(verdict_of(self._judge.plan, own, 0, snapshot.release))

    def _highest(self, value: Callable[[NodeRank], C], names: Sequence[str], turn: Turn | None) -> list[str]:
        """The names with the highest value, sorted; none where one has none."""
        if len(self._ranked) == len(names):
            return _highest(value, self._ranked, names) or []
        if not self._is_current:
            return []
        highest = _highest(value, self._table.ranks, names)
        if highest is None and self._can_keep:
            self.entries(names, turn)
            highest = _highest(value, self._table.ranks, names)
        return highest or []

    def score(self, name: str) -> int | None:
        """The score of a node that ``top`` or ``first`` has named; ``None`` where it is not at hand."""
        found = self._ranked.get(name)
        if found is None and self._is_current:
            found = self._table.ranks.get(name)
        return None if found is None else found.score

    def let_go(self) -> None:
        """Forget the ranks of an errand; the evaluation may be kept for long."""
        self._ranked = {}


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


def _judged(
    names: Sequence[str],
    judge: Callable[[Sequence[str], Turn | None], list[Answered[V]]],
    turn: Turn | None,
) -> list[Answered[V]]:
    if turn is not None and len(names) > MOST_IN_A_TURN:
        raise TurnOver
    return judge(names, turn)


def _by_name(answered: Iterable[Answered[V]]) -> dict[str, V]:
    found: dict[str, V] = {}
    for each in answered:
        found.update(dict.fromkeys(each.names, each.answer))
    return found


def _highest(
    value: Callable[[NodeRank], C], ranks: Mapping[str, NodeRank], names: Sequence[str]
) -> list[str] | None:
    """The names with the highest value, sorted; ``None`` where one has no rank."""
    try:
        values = list(map(value, look_up(ranks, names)))
    except KeyError:
        return None
    return sorted(compress(names, map(eq, values, repeat(max(values)))))


def _without(values: dict[str, V], names: AbstractSet[str]) -> dict[str, V]:
    """The values of other names; all of them mostly."""
    if names.isdisjoint(values):
        return values
    return {name: value for name, value in values.items() if name not in names}
