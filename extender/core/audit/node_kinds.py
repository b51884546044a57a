"""
The nodes of a changing cluster by kind: claims get equal judgements on nodes of one kind.

Nodes are told apart by their type, by what is taken of it, and by the values that any of the claims so far
read there. To tell more apart than some claims can see costs them a judgement more, and is never wrong.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Hashable, Sequence

from ..allocator.projection import Projector
from ..cluster.signature import NodeLook
from ..cluster.snapshot import NodeState
from .changing_nodes import ChangingNodes

Place = tuple[int, str]
"""How many pods came to a node, and its name."""


class NodeKinds:
    """
    Numbers for the kinds of ``nodes`` as they stand, shared by all claims, and the nodes of each.

    A node that changes is numbered once. Good for pods that hold nothing and ask for no extended resources:
    to these, a node's own name and what it has beside devices are of no consequence. ``appeared``: the kinds
    that ever had nodes, in the order in which they got the first one.
    """

    def __init__(self, nodes: ChangingNodes) -> None:
        self.nodes = nodes
        self._followed = 0
        self._inventories = {state.inventory.type.number: state.inventory for _, state in nodes.states()}
        self.appeared: list[int] = []
        self._shown: set[Projector] = set()
        self._reads: dict[int, dict[tuple[int, int], None]] = {number: {} for number in self._inventories}
        self._numbers: dict[Hashable, int] = {}
        self._looks: list[NodeLook] = []
        self._arrivals: Counter[str] = Counter()
        self._places: dict[int, list[Place]] = {}
        self._of_nodes: dict[str, int] = {}

    def follow(self, projector: Projector) -> int:
        """
        Bring all up to date, for the claims of ``projector`` too; returns how many nodes were numbered.

        These are the nodes that changed; all nodes for claims that read what none before did.
        """
        changes = self.nodes.changes
        if projector not in self._shown:
            self._shown.add(projector)
            if self._reads_more(projector) or not self._of_nodes:
                self._number_all()
                self._followed = len(changes)
                return len(self._of_nodes)
        changed = sorted(set(changes[self._followed :]))
        for name in changed:
            place = self._taken_from(name)
            insort(self._places_for(name), place)
        self._followed = len(changes)
        return len(changed)

    def number(self, state: NodeState) -> int:
        """The kind of a node in any state that it may come to."""
        inventory, look = state.inventory, state.look
        slices = inventory.slices
        columns = tuple(
            [slices[place].devices.columns[column] for place, column in self._reads[look.type.number]]
        )
        key = (id(look), columns, inventory.failure)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
            # Looks are told apart by identity, as long as they are there.
            self._looks.append(look)
        return number

    def of(self, name: str) -> int:
        """The kind of a node as of the last ``follow``."""
        return self._of_nodes[name]

    def places(self, kind: int) -> Sequence[Place]:
        """The nodes of a kind as of the last ``follow``: those first to which the fewest pods came."""
        return self._places.get(kind, ())

    def arrive(self, name: str) -> None:
        """A pod comes to the node."""
        arrivals, _ = self._taken_from(name)
        self._arrivals[name] = arrivals + 1
        insort(self._places[self._of_nodes[name]], (arrivals + 1, name))

    def _taken_from(self, name: str) -> Place:
        place = self._arrivals[name], name
        places = self._places[self._of_nodes[name]]
        del places[bisect_left(places, place)]
        return place

    def _places_for(self, name: str) -> list[Place]:
        """Those of the kind of which the node is as things stand."""
        kind = self._of_nodes[name] = self.number(self.nodes.state(name))
        places = self._places.get(kind)
        if places is None:
            places = self._places[kind] = []
            self.appeared.append(kind)
        return places

    def _number_all(self) -> None:
        for places in self._places.values():
            places.clear()
        for name, _ in self.nodes.states():
            self._places_for(name).append((self._arrivals[name], name))
        for places in self._places.values():
            places.sort()

    def _reads_more(self, projector: Projector) -> bool:
        """Add what the claims read where nodes of one type differ; whether any of it is new."""
        more = False
        for number, inventory in self._inventories.items():
            reads, differing = self._reads[number], inventory.type.columns.differing
            before = len(reads)
            reads.update(dict.fromkeys(place for place in projector.reads(inventory) if place in differing))
            more = more or len(reads) > before
        return more
