"""
The memo of predictions: the only state of the core.

Per plan key it keeps the compiled claims with their predictions, and per settings a table from
node name to the ready answer. These follow the snapshots of one lineage by dropping the
nodes that changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from extender.model import DeviceClass

from ..alignment.worths import Worths
from ..cluster.snapshot import Lineage, Snapshot
from .claims_memo import ClaimsMemo, ClaimsMemos, Ratings
from .rank import Rank
from .settings import Settings
from .shortfall import Shortfall

T = TypeVar("T")

_MAX_SEEN = 100_000
# Distinct slices and nodes per set of compiled claims; several times a large fleet. Drivers that
# keep changing what claims read would fill the memory without an end.


class Table(Generic[T]):
    """
    Ready answers of one plan under one ``Settings``, by node name.

    ``scores``: of the nodes with an entry, ``ranks`` too. ``shortfalls``: ``None`` for a node
    without. ``stale``: nodes that had an entry before they changed. ``ratings``: of the
    predictions, whatever the node.
    """

    __slots__ = ("entries", "ranks", "ratings", "scores", "shortfalls", "stale")

    def __init__(self, worths: Worths) -> None:
        self.ratings = Ratings(worths)
        self.entries: dict[str, T] = {}
        self.scores: dict[str, int] = {}
        self.ranks: dict[str, Rank] = {}
        self.shortfalls: dict[str, Shortfall | None] = {}
        self.stale: set[str] = set()

    def forget(self, changed: frozenset[str] | None) -> None:
        """Forget the answers of nodes that changed, of all nodes where it is not known which."""
        if changed is None:
            self.entries.clear()
            self.scores.clear()
            self.ranks.clear()
            self.stale.clear()
            self.shortfalls.clear()
            return
        for name in changed:
            self.shortfalls.pop(name, None)
            self.scores.pop(name, None)
            self.ranks.pop(name, None)
            if self.entries.pop(name, None) is not None:
                self.stale.add(name)


class PlanMemo(Generic[T]):
    """
    All that is remembered of one plan, as of snapshot ``number``.

    ``memos`` hold what does not depend on names of nodes, nor on how predictions are rated.
    """

    __slots__ = ("_tables", "memos", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.memos: ClaimsMemos = {}
        self._tables: dict[Settings, Table[T]] = {}

    @property
    def steps(self) -> int:
        """An upper bound of what the answers of any set of nodes are charged."""
        return sum(memo.steps for memo in self.memos.values())

    @property
    def full(self) -> bool:
        """Whether a set of claims has seen more than it should remember."""
        return any(
            isinstance(memo, ClaimsMemo) and memo.projector.size > _MAX_SEEN for memo in self.memos.values()
        )

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
    Memos by plan key, the least recently used dropped beyond ``capacity``.

    ``render`` turns a node name and a score into an entry, once for each node
    and change of it.
    """

    def __init__(self, render: Callable[[str, int], T], capacity: int = 128) -> None:
        self.render = render
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
        if memo is None or memo.number > snapshot.number or (memo.number < snapshot.number and memo.full):
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
            entries = {name: self.render(name, points) for name in snapshot.nodes}
        else:
            for name in changed:
                if name not in snapshot.nodes:
                    entries.pop(name, None)
                elif name not in entries:
                    entries[name] = self.render(name, points)
        self._equal[points] = (snapshot.number, entries)
        return entries

    def _turn_to(self, snapshot: Snapshot) -> None:
        """Forget everything if names mean other nodes or classes than before."""
        if snapshot.lineage is not self._lineage or snapshot.classes is not self._classes:
            self._plans.clear()
            self._equal.clear()
            self._lineage, self._classes = snapshot.lineage, snapshot.classes
