"""
The first list of every kind: what the first snapshot of a live cluster is made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from extender.core.cluster.snapshot import Snapshot

if TYPE_CHECKING:
    from extender.core.releases.release import Release
    from extender.core.topology.vocabulary import Vocabulary
    from extender.model import Claim, DeviceClass, DeviceTaintRule, Namespace, Node, Pod, ResourceSlice

KINDS = (
    "Namespace",
    "Node",
    "Pod",
    "DeviceClass",
    "ResourceClaim",
    "ResourceSlice",
    "DeviceTaintRule",
)
"""All that a snapshot is made of."""

Key = str | tuple[str, str]
"""A name, or namespace and name."""


def key_of(kind: str, each: object) -> Key:
    """The key of an object of one of ``KINDS``."""
    if kind in ("Pod", "ResourceClaim"):
        pod = cast("Pod | Claim", each)
        return pod.namespace, pod.name
    return cast("Node", each).name


class FirstLists:
    """Gathers lists, and the changes that come before there is one of each kind."""

    def __init__(self) -> None:
        self._lists: dict[str, Sequence[object]] = {}

    @property
    def complete(self) -> bool:
        """Whether every kind has been listed."""
        return len(self._lists) == len(KINDS)

    @property
    def claims(self) -> Sequence[Claim]:
        return cast("Sequence[Claim]", self._lists["ResourceClaim"])

    def keys(self, kind: str) -> set[Key]:
        return {key_of(kind, each) for each in self._lists[kind]}

    def replace(self, kind: str, objects: Sequence[object]) -> None:
        """Take a complete list of a kind."""
        self._lists[kind] = objects

    def apply(self, kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> None:
        """Take changes of a kind that is listed."""
        merged = {key_of(kind, each): each for each in (*self._lists.get(kind, ()), *upserts)}
        removed = set(gone)
        self._lists[kind] = [each for key, each in merged.items() if key not in removed]

    def snapshot(self, release: Release, vocabulary: Vocabulary) -> Snapshot:
        """Freeze the world. Takes seconds for tens of thousands of slices, and changes nothing here."""
        lists = self._lists
        return Snapshot.of(
            release=release,
            namespaces=cast("Sequence[Namespace]", lists["Namespace"]),
            nodes=cast("Sequence[Node]", lists["Node"]),
            slices=cast("Sequence[ResourceSlice]", lists["ResourceSlice"]),
            classes=cast("Sequence[DeviceClass]", lists["DeviceClass"]),
            claims=self.claims,
            pods=cast("Sequence[Pod]", lists["Pod"]),
            taint_rules=cast("Sequence[DeviceTaintRule]", lists["DeviceTaintRule"]),
            vocabulary=vocabulary,
        )
