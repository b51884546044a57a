"""
The nodes of a changing cluster, numbered so that claims get equal judgements where numbers are equal.

Nodes are told apart by their type, by what is taken of it, and by the values that any of the claims so far
read there. To tell more apart than some claims can see costs them a judgement more, and is never wrong.
"""

from __future__ import annotations

from collections.abc import Hashable

from ..allocator.projection import Projector
from ..cluster.inventory import Inventory
from ..cluster.snapshot import NodeState
from .changing_nodes import ChangingNodes


class NodeKinds:
    """
    Numbers for the nodes of ``nodes``, shared by all claims: a node that changes is numbered once.

    Good for pods that hold nothing and ask for no extended resources: to these, a node's own name and
    what it has beside devices are of no consequence.
    """

    def __init__(self, nodes: ChangingNodes) -> None:
        self._nodes = nodes
        self._followed = 0
        self._shown: set[Projector] = set()
        self._reads: dict[int, dict[tuple[int, int], None]] = {}
        self._numbers: dict[Hashable, int] = {}
        self._of_nodes: dict[str, int] = {}

    def follow(self, projector: Projector) -> dict[str, int]:
        """
        The number of each node by name, as things stand, for the claims of ``projector`` too.

        Costs what the nodes cost that changed; all nodes for claims that read what none before did.
        """
        nodes = self._nodes
        if projector not in self._shown:
            self._shown.add(projector)
            if self._reads_more(projector):
                self._of_nodes = {name: self.number(state) for name, state in nodes.states()}
                self._followed = len(nodes.changes)
        for name in set(nodes.changes[self._followed :]):
            self._of_nodes[name] = self.number(nodes.state(name))
        self._followed = len(nodes.changes)
        return self._of_nodes

    def number(self, state: NodeState) -> int:
        """The number of a node in any state that it may come to."""
        inventory = state.inventory
        if inventory.failure is not None:
            key: Hashable = inventory.failure
        else:
            slices = inventory.slices
            reads = self._reads.get(inventory.type.number, ())
            values = tuple([slices[place].devices.columns[position] for place, position in reads])
            key = (inventory.type.number, values, state.look.taken)
        return self._numbers.setdefault(key, len(self._numbers))

    def _reads_more(self, projector: Projector) -> bool:
        """Add what the claims read; whether any of it is new."""
        inventories: dict[int, Inventory] = {
            state.inventory.type.number: state.inventory for _, state in self._nodes.states()
        }
        more = not self._reads
        for number, inventory in inventories.items():
            reads = self._reads.setdefault(number, {})
            before = len(reads)
            reads.update(dict.fromkeys(projector.reads(inventory)))
            more = more or len(reads) > before
        return more
