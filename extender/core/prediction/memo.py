"""
The memo of predictions: the only state of the core.

Per plan key it keeps the compiled claims, one prediction per distinct layout and
usage, and tables from node name to the ready answer. These follow the snapshots of one
lineage by dropping the nodes that changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from extender.model import ClaimSpec, DeviceClass

from ..allocator.layout import LayoutUsage
from ..allocator.projection import Projector
from ..allocator.solutions import Best
from ..claims.compiled_claims import CompiledClaims
from ..cluster.free_pairs import Pairable
from ..cluster.snapshot import Lineage, Snapshot
from ..releases.release import Release
from ..topology.locations import Location
from .fragmentation import Fragmentation
from .predict import Prediction
from .rank import Rank
from .shortfall import Shortfall

T = TypeVar("T")

_MAX_PREDICTIONS = 50_000
# Per set of compiled claims; far more than a fleet has distinct nodes. Past it the memo starts afresh.

_MAX_SEEN = 100_000
# Distinct slices and nodes per set of compiled claims; several times a large fleet. Drivers that
# keep changing what claims read would fill the memory without an end.

PredictionKey = tuple[int, LayoutUsage, tuple[tuple[Location | None, ...], ...]]
"""Layout number, usage, and the locations of devices that the pod holds already."""

FragmentationKey = tuple[Prediction, int, Pairable, int]
"""The prediction, the identity of what it was placed on, and the node's free units."""


class ClaimsMemo:
    """
    Compiled claims and their predictions. ``steps``: what all of them took.

    ``best``: the best achievable alignment, where somebody asked for it. ``fragmentations``:
    what predicted devices leave; the projector keeps alive what the identities in the keys are of.
    """

    __slots__ = ("best", "compiled", "fragmentations", "predictions", "projector", "release", "steps")

    def __init__(self, compiled: CompiledClaims, release: Release) -> None:
        self.compiled = compiled
        self.release = release
        self.projector = Projector(compiled, release)
        self.predictions: dict[PredictionKey, Prediction] = {}
        self.best: dict[PredictionKey, Best] = {}
        self.fragmentations: dict[FragmentationKey, Fragmentation] = {}
        self.steps = 0

    def remember(self, key: PredictionKey, prediction: Prediction) -> None:
        if len(self.predictions) >= _MAX_PREDICTIONS:
            self.predictions.clear()
            self.best.clear()
            self.fragmentations.clear()
            self.steps = 0
        self.predictions[key] = prediction
        self.steps += prediction.steps

    def remember_fragmentation(self, key: FragmentationKey, found: Fragmentation) -> None:
        if len(self.fragmentations) >= _MAX_PREDICTIONS:
            self.fragmentations.clear()
        self.fragmentations[key] = found


class Table(Generic[T]):
    """
    Answers by node name as of snapshot ``number``.

    ``memos``: by the claims to allocate, which differ between nodes only for
    extended resources; a prediction where they are refused without a search.
    ``stale``: nodes that had an entry before they changed. ``scores``: of the nodes with
    an entry, ``ranks`` too. ``shortfalls``:
    ``None`` for a node without.
    """

    __slots__ = ("entries", "memos", "number", "ranks", "scores", "shortfalls", "stale")

    def __init__(self, number: int) -> None:
        self.number = number
        self.entries: dict[str, T] = {}
        self.scores: dict[str, int] = {}
        self.ranks: dict[str, Rank] = {}
        self.stale: set[str] = set()
        self.shortfalls: dict[str, Shortfall | None] = {}
        self.memos: dict[tuple[ClaimSpec, ...], ClaimsMemo | Prediction] = {}

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

    def follow(self, snapshot: Snapshot) -> None:
        """Forget the nodes that changed since this table was last used."""
        if self.number == snapshot.number:
            return
        changed = snapshot.changed_since(self.number)
        self.number = snapshot.number
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


class Memo(Generic[T]):
    """
    Tables by plan key, the least recently used dropped beyond ``capacity``.

    ``render`` turns a node name and a score into an entry, once for each node
    and change of it.
    """

    def __init__(self, render: Callable[[str, int], T], capacity: int = 128) -> None:
        self.render = render
        self._capacity = capacity
        self._tables: OrderedDict[Hashable, Table[T]] = OrderedDict()
        self._equal: dict[int, tuple[int, dict[str, T] | None]] = {}
        self._lineage: Lineage | None = None
        self._classes: Mapping[str, DeviceClass] | None = None

    def table(self, key: Hashable, snapshot: Snapshot) -> Table[T]:
        """The table for a plan, brought up to the snapshot."""
        self._turn_to(snapshot)
        table = self._tables.get(key)
        if table is None or table.number > snapshot.number or (table.number < snapshot.number and table.full):
            # Only on a new snapshot: within a request, equal nodes must stay equal.
            table = self._tables[key] = Table(snapshot.number)
            while len(self._tables) > self._capacity:
                self._tables.popitem(last=False)
        self._tables.move_to_end(key)
        table.follow(snapshot)
        return table

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
            self._tables.clear()
            self._equal.clear()
            self._lineage, self._classes = snapshot.lineage, snapshot.classes
