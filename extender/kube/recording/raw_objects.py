"""
What changes in a cluster, as JSON, beside the decoded values that a sink gets.

Only for recordings: predictions know values alone, and JSON costs memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, cast

import msgspec

from extender.model import Claim, Node, Pod

from ..decode import Interner
from ..watch.events import Key, Sink
from ..watch.resources import Resource
from .recorded_objects import recorded_object

ObjectKey = tuple[str, Key]
"""Kind, and name or namespace and name."""

RawChanges = dict[ObjectKey, bytes | None]
"""The last state of each object that changed, as a recording holds it; ``None``: it is gone."""


class Observer(Protocol):
    """Is told what may decide an attempt, after the sink."""

    def claim_allocated(self, claim: Claim, data: bytes) -> None:
        """Take a claim that has an allocation and changed; ``data`` as a recording holds it."""
        ...

    def pod_seen(self, pod: Pod, data: bytes | msgspec.Raw) -> None:
        """Take a pod as the API server sent it."""
        ...

    def pods_gone(self, keys: Sequence[Key]) -> None:
        """Forget pods, by namespace and name."""
        ...


class RawObjects:
    """
    A ``Sink`` in front of another one that keeps the JSON of what differs.

    Reflectors must be given the resources that :meth:`kept` returns. What decodes to the value that
    was there before, such as a heartbeat, is no change. What is decoded may be passed on later, or
    never. Of pods nothing is kept.
    """

    def __init__(self, sink: Sink, observer: Observer | None = None) -> None:
        self.observer = observer
        self._sink = sink
        self._values: dict[str, dict[Key, object]] = {}
        self._decoded: dict[str, dict[Key, bytes]] = {}
        self._changes: RawChanges = {}

    def kept(self, resource: Resource) -> Resource:
        """Return the resource with a decoder that shows us every object on its way."""
        kind = resource.kind
        values, decoded = self._values.setdefault(kind, {}), self._decoded.setdefault(kind, {})

        def decode(data: bytes | msgspec.Raw, interner: Interner) -> object:
            value = resource.decode(data, interner)
            if kind == "Pod":
                if self.observer is not None:
                    self.observer.pod_seen(cast("Pod", value), data)
                return value
            key = _key(value)
            decoded.pop(key, None)
            if values.get(key) != value:
                decoded[key] = recorded_object(kind, data)
            return value

        return replace(resource, decode=decode)

    def replace(self, kind: str, objects: Sequence[object]) -> None:
        """Pass on a complete list of a kind."""
        self._sink.replace(kind, objects)
        if kind != "Pod":
            gone = self._values.setdefault(kind, {}).keys() - {_key(each) for each in objects}
            self._take(kind, objects, tuple(gone))

    def apply(self, kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> None:
        """Pass on changes of a kind."""
        self._sink.apply(kind, upserts, gone)
        if kind != "Pod":
            self._take(kind, upserts, gone)
        elif self.observer is not None and gone:
            self.observer.pods_gone(gone)

    def drain(self) -> RawChanges:
        """Return what changed since the last call; at first that is all there is."""
        changes, self._changes = self._changes, {}
        return changes

    def give_back(self, changes: Mapping[ObjectKey, bytes | None]) -> None:
        """Take back changes that were drained and came to nothing."""
        self._changes = {**changes, **self._changes}

    def _take(self, kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> None:
        values, decoded = self._values.setdefault(kind, {}), self._decoded.setdefault(kind, {})
        for key in gone:
            decoded.pop(key, None)
            if values.pop(key, None) is not None:
                self._changes[kind, key] = None
        for value in upserts:
            key = _key(value)
            data = decoded.pop(key, None)
            if data is None:
                continue
            values[key] = value
            self._changes[kind, key] = data
            if isinstance(value, Claim) and value.allocation is not None and self.observer is not None:
                self.observer.claim_allocated(value, data)


def _key(value: object) -> Key:
    return value.key if isinstance(value, Claim) else cast("Node", value).name
