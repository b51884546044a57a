"""
Which nodes are located with the help of facts of machines, and which are not although they could be.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..topology.machine_facts import BUILT_IN, FactsUse, MachineFacts
from .node_state import NodeState


def uses_of_facts(nodes: Mapping[str, NodeState]) -> dict[FactsUse, list[str]]:
    """Names of the nodes by what became of facts on them; a node of no known type is in none."""
    uses: dict[FactsUse, list[str]] = {}
    for name, state in nodes.items():
        use = state.inventory.facts
        if use is not None:
            uses.setdefault(use, []).append(name)
    return uses


def without_nodes(machines: MachineFacts, nodes: Mapping[str, NodeState]) -> list[str]:
    """The site's own types whose labels no node has, each with where it is written."""
    return [
        f"{each.name} ({each.origin})"
        for each in machines.types
        if each.origin != BUILT_IN and not any(each.has_labels(state.node.labels) for state in nodes.values())
    ]
