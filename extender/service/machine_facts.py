"""
Facts of machines in words: what was used on which nodes, what was not, and what to do then.
"""

from __future__ import annotations

from collections.abc import Mapping

from extender.core.cluster.facts_report import uses_of_facts, without_nodes
from extender.core.cluster.snapshot import Snapshot
from extender.core.messages import first_few
from extender.core.topology.machine_facts import BUILT_IN, FactsProblem, FactsUse

SOURCE = "machine-facts"
"""How documents name facts of machines as the origin of a place."""

USED = "used"
STATES = (USED, *FactsProblem)
"""What may become of facts on a node."""

_MOST_NAMED = 3
_LEVELS = {"root": "PCIe root", "numa": "NUMA node", "socket": "socket"}


def facts_sentence(use: FactsUse) -> str:
    """Say what became of the facts of a machine type on a node, and what to do if they are not used."""
    facts = f"the facts of {use.machine} ({use.origin})"
    if use.problem is None:
        return f"{facts} fill what its drivers do not publish"
    if use.problem is FactsProblem.CONTRADICTED:
        level = _LEVELS[use.level]
        return (
            f"{facts} are not used: they put {use.device} on {level} {use.told}, and what is published "
            f"puts it on {level} {use.published}; {_correction(use)}"
        )
    if use.problem is FactsProblem.AMBIGUOUS:
        return (
            f"{facts} are not used: {use.told} matches as well and puts {use.device} elsewhere; give the "
            "nodes of one of the two another label and name it there"
        )
    what = f"they do not list {use.device}" if use.device else "they list none of its devices"
    return f"{facts} are not used: {what}; {_correction(use)}"


def _correction(use: FactsUse) -> str:
    if use.origin == BUILT_IN:
        return "run `dra-extender probe` there and give what it prints with --machines"
    return "run `dra-extender probe` there and correct the file"


NoteKey = tuple[str, ...]
"""What a note is about: the machine type, where its facts are written, and the problem."""


def facts_notes(snapshot: Snapshot) -> dict[NoteKey, str]:
    """
    Sentences about facts that are not used, one for each type and problem.

    That a type that is built in does not list a node's addresses is no fault of anybody, and is left out.
    """
    found: dict[NoteKey, tuple[FactsUse, list[str]]] = {}
    for use, names in uses_of_facts(snapshot.nodes).items():
        strange = use.problem is FactsProblem.OTHER_ADDRESSES and use.origin == BUILT_IN
        if use.problem is not None and not strange:
            found.setdefault((use.machine, use.origin, use.problem), (use, []))[1].extend(names)
    notes = {
        key: f"{first_few(names, _MOST_NAMED)}: {facts_sentence(use)}" for key, (use, names) in found.items()
    }
    if snapshot.nodes:
        notes |= {
            (written, "labels"): f"the facts of {written} are of no use: no node has their labels; "
            "correct the labels"
            for written in without_nodes(snapshot.machines, snapshot.nodes)
        }
    return notes


def facts_counts(snapshot: Snapshot) -> Mapping[str, int]:
    """How many nodes are in each of ``STATES``."""
    counts = dict.fromkeys(STATES, 0)
    for use, names in uses_of_facts(snapshot.nodes).items():
        counts[use.problem or USED] += len(names)
    return counts
