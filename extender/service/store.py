"""
The store: one reference to the current snapshot.

One writer swaps the reference; a request reads it once. There are no locks
because a snapshot never changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import ClaimKey, Snapshot
from extender.model import Claim


class FrozenStore:
    """
    Holds the current snapshot. It comes from a dump, so nothing can be bound and nothing changes by
    itself.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.current = snapshot

    @property
    def ready(self) -> bool:
        """Whether predictions can be made; a dump is complete from the start."""
        return True

    def apply(self, changes: Changes) -> None:
        """Swap in the snapshot that follows from changes of any kind."""
        self.current = self.current.updated(changes)

    def apply_claims(self, upserts: Iterable[Claim] = (), deletions: Iterable[ClaimKey] = ()) -> None:
        """Swap in the snapshot that follows from claim events."""
        self.current = self.current.with_claims(upserts, deletions)
