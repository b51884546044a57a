"""
The memo of predictions: the only state of the core.

There are three kinds of caches, and three rules that keep each of them true.

1. By *content*: ``ClaimsMemo`` (compiled claims, layouts, predictions, fragmentation) and
   ``Ratings`` (alignments and best alignments). The key holds everything that the value is
   computed from, so an entry never becomes wrong, whatever the cluster does. No name of a node is
   in it; equal nodes share it. What is not in the key is fixed for the life of the cache:
   - classes and lineage: ``Memo`` forgets everything when a snapshot has others (``_turn_to``);
     the release belongs to the lineage.
   - the limit of steps of one search: part of the key of a ``PlanMemo``.
   - worths: there is a ``Ratings`` for each ``Settings``. Scores and ``score_max`` are not kept
     by content at all: they are made from alignments when an entry is made.
2. By *node name*: ``Table``, one for each plan and ``Settings``. An entry is of the node as it is
   in snapshot ``PlanMemo.number``. ``follow`` moves the number on, and drops the names that
   changed in between; where the history of changes is too short to tell, all names. The pod's own
   claims need no rule: what they hold is part of the plan's key.
3. By *node name for all plans*: the entries of equal nodes (``equal``), one for each score. They
   depend on which nodes there are, and on nothing else of them. Entries by score and name
   (``Rendered``) depend on nothing else at all, so all plans share them.

Who may touch what, where requests are answered on an event loop and long ones in a thread: plans,
tables and entries belong to the loop. What is remembered of claims (``PlanMemo.memos``, ratings)
belongs to the loop, too, but is *lent* to the errands of its plan, which run one after the other
(``errand.Errand``). Meanwhile the loop answers from the table, or hands on one more errand.
An errand reads an immutable snapshot and returns values, which the loop puts into the table. So
there are no locks, and no state is seen half-made.

An answer is kept in a table only if it does not depend on the request that asked for it: while
all searches of the plan together stay within the budget of one request (``ready_answers``).

What an editor must not break:

- A new input of a prediction goes into ``PredictionKey``, into ``Plan.key``, or is fixed for a
  lineage. If it belongs to a node, ``Snapshot.updated`` must count its change as one of the node.
- An evaluation reads and fills a table only while the table is of its snapshot. Evaluations of
  older snapshots live on: each allocation is compared with the prediction that came before it.
- Identities in keys (of memos, predictions, node layouts) are of objects that the same cache, or
  one that lives longer, keeps alive; so an identity is never used again for another object.
- A cache that is full is cleared between two requests, or only loses what can be computed again:
  within a request, equal nodes get equal answers.

Sizes: ``capacity`` plans, the least recently used dropped first; per set of claims a new start on the
next snapshot past ``_FLEETS`` times what a cluster makes of which nothing is alike, and on one snapshot
at most ``_MAX_PREDICTIONS`` predictions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from extender.model import DeviceClass

from ..alignment.worths import Worths
from ..cluster.snapshot import Lineage, Snapshot
from .claims_memo import ClaimsMemo, ClaimsMemos, Ratings
from .rank import NodeRank
from .rendered import Rendered
from .settings import Settings
from .shortfall import Shortfall

T = TypeVar("T")

# How much is remembered of a set of compiled claims, in clusters of which nothing is alike. Drivers that keep
# changing what claims read, and pods that come and go, would fill the memory without an end.
_FLEETS = 2
_SPARE = 1_000

# A type, a sight, a layout, a prediction and what that leaves.
_SEEN_OF_NODE = 5


class Table(Generic[T]):
    """
    Ready answers of one plan under one ``Settings``, by node name.

    ``ranks``: of the nodes with an entry. ``shortfalls``: ``None`` for a node
    without. ``stale``: nodes that had an entry before they changed. ``ratings``: of the
    predictions, whatever the node.
    """

    __slots__ = ("entries", "ranks", "ratings", "shortfalls", "stale")

    def __init__(self, worths: Worths) -> None:
        self.ratings = Ratings(worths)
        self.entries: dict[str, T] = {}
        self.ranks: dict[str, NodeRank] = {}
        self.shortfalls: dict[str, Shortfall | None] = {}
        self.stale: set[str] = set()

    def forget(self, changed: frozenset[str] | None) -> None:
        """Forget the answers of nodes that changed, of all nodes where it is not known which."""
        if changed is None:
            self.entries.clear()
            self.ranks.clear()
            self.stale.clear()
            self.shortfalls.clear()
            return
        for name in changed:
            self.shortfalls.pop(name, None)
            self.ranks.pop(name, None)
            if self.entries.pop(name, None) is not None:
                self.stale.add(name)


class PlanMemo(Generic[T]):
    """
    All that is remembered of one plan, as of snapshot ``number``.

    ``memos`` hold what does not depend on names of nodes, nor on how predictions are rated.
    ``lent``: how many errands for the plan are under way; while there are any, ``memos`` and the ratings
    of the tables are theirs.
    """

    __slots__ = ("_tables", "lent", "memos", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.memos: ClaimsMemos = {}
        self.lent = 0
        self._tables: dict[Settings, Table[T]] = {}

    @property
    def steps(self) -> int:
        """An upper bound of what the answers of any set of nodes are charged."""
        return sum(memo.steps for memo in self.memos.values())

    @property
    def units(self) -> int:
        """The same in units of work."""
        return sum(memo.units for memo in self.memos.values())

    def within(self, settings: Settings) -> bool:
        """Whether no set of nodes exceeds the budget of one request."""
        return self.steps <= settings.request_steps and self.units <= settings.request_units

    def full(self, snapshot: Snapshot) -> bool:
        """Whether more is remembered of a set of claims than the snapshot is worth."""
        most = _FLEETS * (len(snapshot.published) + _SEEN_OF_NODE * len(snapshot.nodes)) + _SPARE
        return any(isinstance(memo, ClaimsMemo) and memo.size > most for memo in self.memos.values())

    def table(self, settings: Settings) -> Table[T]:
        """The ready answers under ``settings``, of which a process has few."""
        table = self._tables.get(settings)
        if table is None:
            table = self._tables[settings] = Table(settings.worths)
        return table

    def follow(self, snapshot: Snapshot) -> None:
        """Forget the nodes that changed since this was last used."""
        if self.number == snapshot.number:
            return
        changed = snapshot.changed_since(self.number)
        self.number = snapshot.number
        for table in self._tables.values():
            table.forget(changed)


class Memo(Generic[T]):
    """
    Memos by plan key, the least recently used dropped beyond ``capacity``, and the entries that they share.

    ``render`` turns node names, all with one score, into entries in the order of names.
    """

    def __init__(self, render: Callable[[Sequence[str], int], list[T]], capacity: int = 128) -> None:
        self.rendered = Rendered(render)
        self._capacity = capacity
        self._plans: OrderedDict[Hashable, PlanMemo[T]] = OrderedDict()
        self._equal: dict[int, tuple[int, dict[str, T] | None]] = {}
        self._lineage: Lineage | None = None
        self._classes: Mapping[str, DeviceClass] | None = None

    def plan(self, key: Hashable, snapshot: Snapshot) -> PlanMemo[T]:
        """
        What is remembered under a key, brought up to the snapshot.

        The key must hold all that a prediction depends on apart from the snapshot.
        """
        self._turn_to(snapshot)
        memo = self._plans.get(key)
        # A full one starts afresh only on a new snapshot: within a request, equal nodes must stay equal.
        if (
            memo is None
            or memo.number > snapshot.number
            or (memo.number < snapshot.number and not memo.lent and memo.full(snapshot))
        ):
            memo = self._plans[key] = PlanMemo(snapshot.number)
            while len(self._plans) > self._capacity:
                self._plans.popitem(last=False)
        self._plans.move_to_end(key)
        memo.follow(snapshot)
        return memo

    def equal(self, points: int, snapshot: Snapshot) -> Mapping[str, T]:
        """Entries that give every node of the snapshot the same score."""
        self._turn_to(snapshot)
        number, entries = self._equal.get(points, (snapshot.number, None))
        changed = snapshot.changed_since(number)
        if entries is None or changed is None:
            names = tuple(snapshot.nodes)
            entries = dict(zip(names, self.rendered.of(points, names, snapshot), strict=True))
        else:
            for name in changed:
                if name not in snapshot.nodes:
                    entries.pop(name, None)
                elif name not in entries:
                    entries[name] = self.rendered.of(points, (name,), snapshot)[0]
        self._equal[points] = (snapshot.number, entries)
        return entries

    def _turn_to(self, snapshot: Snapshot) -> None:
        """Forget everything if names mean other nodes or classes than before."""
        if snapshot.lineage is not self._lineage or snapshot.classes is not self._classes:
            self._plans.clear()
            self._equal.clear()
            self._lineage, self._classes = snapshot.lineage, snapshot.classes
