"""
What changes in a cluster, as JSON.

Only for recordings: predictions know values alone, and JSON costs memory.
"""

from __future__ import annotations

from collections.abc import Mapping

from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.model.kinds import POD, Key

from .recorded_objects import recorded_object

ObjectKey = tuple[str, Key]
"""Kind's name, and the object's key."""

RawChanges = dict[ObjectKey, bytes | None]
"""The last state of each object that changed, as a recording holds it; ``None``: it is gone."""


class RawObjects:
    """
    Keeps the JSON of what differs from before.

    What decodes to the value that was there before, such as a heartbeat, is no change. Of pods nothing is
    kept.
    """

    def __init__(self) -> None:
        self._objects = Objects()
        self._changes: RawChanges = {}

    def add(self, changes: Changes) -> RawChanges:
        """Take changes with their JSON; returns those that make a difference."""
        tables = {kind: table for kind, table in changes.by_kind.items() if kind != POD.name}
        different = self._objects.differences(Changes(tables, changes.complete))
        self._objects = self._objects.after(different)
        added = {
            (kind, key): None if after is None else recorded_object(kind, changes.json[kind][key])
            for kind, table in different.by_kind.items()
            for key, (_, after) in table.items()
        }
        self._changes |= added
        return added

    def drain(self) -> RawChanges:
        """Return what changed since the last call; at first that is all there is."""
        changes, self._changes = self._changes, {}
        return changes

    def give_back(self, changes: Mapping[ObjectKey, bytes | None]) -> None:
        """Take back changes that were drained and came to nothing."""
        self._changes = {**changes, **self._changes}
