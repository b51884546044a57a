"""
Facts of machines that are not used, each said once in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ..machine_facts import NoteKey, facts_notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extender.core.cluster.snapshot import NodeState, Snapshot

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.machine_facts")


class FactsLog:
    """
    Looks at a snapshot now and then. What was said is kept by type and problem, so it is bounded by the
    types that there are.
    """

    def __init__(self) -> None:
        self._said: set[NoteKey] = set()
        self._seen: Mapping[str, NodeState] | None = None

    def tell(self, snapshot: Snapshot) -> None:
        """Log what is new since the last call."""
        if snapshot.nodes is self._seen or not snapshot.machines.types:
            return
        self._seen = snapshot.nodes
        for key, note in facts_notes(snapshot).items():
            if key not in self._said:
                self._said.add(key)
                log.warning("facts of machines", note=note)
