"""
The store of a live cluster: events in, frozen snapshots out.

One writer, the event loop: each batch of events swaps the reference to the current snapshot. A request
reads it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

from extender.core.changes import Changes
from extender.core.snapshot import Snapshot
from extender.core.vocabulary import DEFAULT_VOCABULARY

from .in_flight import InFlight

if TYPE_CHECKING:
    from extender.core.model import Claim, DeviceClass, DeviceTaintRule, Namespace, Node, Pod, ResourceSlice
    from extender.core.releases import Release
    from extender.core.snapshot import ClaimKey
    from extender.core.vocabulary import Vocabulary

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

OnAllocated = Callable[["Claim"], None]
"""Is told of a claim whose allocation the API shows for the first time, after the snapshot has it."""


class LiveStore:
    """
    Follows the cluster.

    ``frozen`` is false: things change by themselves here. Until every kind has been listed once, which
    sets ``listed``, ``current`` is empty.
    """

    frozen = False

    def __init__(
        self,
        release: Release,
        in_flight: InFlight,
        clock: Callable[[], float],
        on_allocated: OnAllocated = lambda _: None,
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
    ) -> None:
        self.current = Snapshot.of(release=release, vocabulary=vocabulary)
        self.on_allocated = on_allocated
        self._in_flight = in_flight
        self._clock = clock
        self._waiting: dict[str, Sequence[object]] = {}
        self._keys: dict[str, set[Key]] = {kind: set() for kind in KINDS}
        self._claims: dict[ClaimKey, Claim] = {}
        self.listed = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether every kind has been listed once."""
        return self.listed.is_set()

    @property
    def in_flight(self) -> int:
        """How many claims are assumed to be allocated."""
        return len(self._in_flight)

    @property
    def assumed(self) -> tuple[Claim, ...]:
        """The claims that are assumed to be allocated, as they will be."""
        claims = self.current.claims
        return tuple(claims[key] for key in self._in_flight.claims if key in claims)

    def replace(self, kind: str, objects: Sequence[object]) -> None:
        """Take a complete list of a kind: all else of the kind is gone."""
        if self.ready:
            keys = {_key(kind, each) for each in objects}
            self.apply(kind, objects, tuple(self._keys[kind] - keys))
            return
        self._waiting[kind] = objects
        if len(self._waiting) == len(KINDS):
            self._begin()

    def apply(self, kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> None:
        """Take changes of one kind; before every kind is listed, changes of listed kinds."""
        if not self.ready:
            merged = {_key(kind, each): each for each in (*self._waiting.get(kind, ()), *upserts)}
            self._waiting[kind] = [each for key, each in merged.items() if key not in set(gone)]
            return
        known = self._keys[kind]
        known.difference_update(gone)
        known.update(_key(kind, each) for each in upserts)
        allocated: list[Claim] = []
        if kind == "ResourceClaim":
            claims = cast("Sequence[Claim]", upserts)
            allocated = [claim for claim in claims if self._newly_allocated(claim)]
            upserts = [self._taken_in(claim) for claim in claims]
            for key in cast("Sequence[ClaimKey]", gone):
                self._claims.pop(key, None)
                self._in_flight.drop_claim(key)
        self.current = self.current.following(_changes(kind, upserts, gone))
        for claim in allocated:
            self.on_allocated(claim)

    def assume(self, pod_uid: str, claims: Sequence[Claim]) -> None:
        """Count the devices of ``claims``, as they will be allocated, as taken from now on."""
        before = self._in_flight.drop_pod(pod_uid)
        self._in_flight.assume(pod_uid, claims, self._clock())
        self._show({*before, *(claim.key for claim in claims)})

    def forget(self, pod_uid: str) -> None:
        """Take back what was assumed of a pod, which is tried again."""
        self._show(self._in_flight.drop_pod(pod_uid))

    def expire(self) -> int:
        """Take back what was assumed too long ago; returns how many claims that were."""
        late = self._in_flight.drop_expired(self._clock())
        self._show(late)
        return len(late)

    def _begin(self) -> None:
        for kind, objects in self._waiting.items():
            self._keys[kind] = {_key(kind, each) for each in objects}
        claims = cast("Sequence[Claim]", self._waiting["ResourceClaim"])
        self._claims = {claim.key: claim for claim in claims}
        self.current = Snapshot.of(
            release=self.current.release,
            namespaces=cast("Sequence[Namespace]", self._waiting["Namespace"]),
            nodes=cast("Sequence[Node]", self._waiting["Node"]),
            slices=cast("Sequence[ResourceSlice]", self._waiting["ResourceSlice"]),
            classes=cast("Sequence[DeviceClass]", self._waiting["DeviceClass"]),
            claims=claims,
            pods=cast("Sequence[Pod]", self._waiting["Pod"]),
            taint_rules=cast("Sequence[DeviceTaintRule]", self._waiting["DeviceTaintRule"]),
            vocabulary=self.current.vocabulary,
        )
        self._waiting.clear()
        self.listed.set()

    def _newly_allocated(self, claim: Claim) -> bool:
        before = self._claims.get(claim.key)
        seen = before is not None and before.uid == claim.uid and before.allocation is not None
        return claim.allocation is not None and not seen

    def _taken_in(self, claim: Claim) -> Claim:
        self._claims[claim.key] = claim
        return self._in_flight.shown(claim)

    def _show(self, keys: Iterable[ClaimKey]) -> None:
        """Bring claims in the snapshot to what the API and the assumptions say now."""
        shown = [self._in_flight.shown(self._claims[key]) for key in sorted(keys) if key in self._claims]
        if shown:
            self.current = self.current.with_claims(shown)


def _key(kind: str, each: object) -> Key:
    if kind in ("Pod", "ResourceClaim"):
        pod = cast("Pod | Claim", each)
        return pod.namespace, pod.name
    return cast("Node", each).name


def _changes(kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> Changes:
    match kind:
        case "Namespace":
            namespaces = cast("Sequence[Namespace]", upserts)
            return Changes(namespaces=tuple(namespaces), gone_namespaces=tuple(cast("Sequence[str]", gone)))
        case "Node":
            return Changes(
                nodes=tuple(cast("Sequence[Node]", upserts)), gone_nodes=tuple(cast("Sequence[str]", gone))
            )
        case "ResourceSlice":
            slices = cast("Sequence[ResourceSlice]", upserts)
            return Changes(slices=tuple(slices), gone_slices=tuple(cast("Sequence[str]", gone)))
        case "DeviceClass":
            classes = cast("Sequence[DeviceClass]", upserts)
            return Changes(classes=tuple(classes), gone_classes=tuple(cast("Sequence[str]", gone)))
        case "DeviceTaintRule":
            rules = cast("Sequence[DeviceTaintRule]", upserts)
            return Changes(taint_rules=tuple(rules), gone_taint_rules=tuple(cast("Sequence[str]", gone)))
        case "Pod":
            pods = cast("Sequence[Pod]", upserts)
            return Changes(pods=tuple(pods), gone_pods=tuple(cast("Sequence[tuple[str, str]]", gone)))
        case _:
            claims = cast("Sequence[Claim]", upserts)
            return Changes(claims=tuple(claims), gone_claims=tuple(cast("Sequence[ClaimKey]", gone)))
