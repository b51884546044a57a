"""
The store of a live cluster: events in, frozen snapshots out.

One writer, the event loop: each batch of events swaps the reference to the current snapshot. A request
reads it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from extender.core.changes import Changes
from extender.core.claims import awaited_key
from extender.core.snapshot import Snapshot
from extender.core.usage import held_twice
from extender.core.vocabulary import DEFAULT_VOCABULARY

from .in_flight import InFlight

if TYPE_CHECKING:
    from extender.core.model import (
        Claim,
        DeviceClass,
        DeviceID,
        DeviceTaintRule,
        Namespace,
        Node,
        Pod,
        ResourceSlice,
    )
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

OnLanded = Callable[["Pod", str], None]
"""Is told of a pod that awaits its devices and the node that the API shows it nominated for or bound to."""


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
        on_landed: OnLanded = lambda _pod, _node: None,
    ) -> None:
        self.current = Snapshot.of(release=release, vocabulary=vocabulary)
        self.on_allocated = on_allocated
        self.on_landed = on_landed
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

    @property
    def held_twice(self) -> tuple[DeviceID, ...]:
        """Devices that the API shows in several claims; looks at every claim."""
        return held_twice(self._claims.values())

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
        match kind:
            case "ResourceClaim":
                self._take_claims(cast("Sequence[Claim]", upserts), cast("Sequence[ClaimKey]", gone))
            case "Pod":
                self._take_pods(cast("Sequence[Pod]", upserts), cast("Sequence[tuple[str, str]]", gone))
            case _:
                self.current = self.current.following(_changes(kind, upserts, gone))

    @property
    def open_places(self) -> Mapping[str, int]:
        """The nodes where pods may be about to land, and how many."""
        return self._in_flight.places

    def assume(self, pod_uid: str, claims: Sequence[Claim], places: Sequence[str] = ()) -> None:
        """
        Count the devices of ``claims``, as they will be allocated, as taken from now on.

        Claims without an allocation wait for the pod to land; ``places``: the nodes where it may.
        """
        before = self._in_flight.drop_pod(pod_uid)
        self._in_flight.assume(pod_uid, claims, places, self._clock())
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

    def _take_claims(self, claims: Sequence[Claim], gone: Sequence[ClaimKey]) -> None:
        allocated = [claim for claim in claims if self._newly_allocated(claim)]
        left = [claim for key in gone if (claim := self._claims.pop(key, None)) is not None]
        settled = [claim for claim in claims if claim.allocation is not None or claim.deleting]
        made_up = [awaited_key(claim) for claim in (*left, *settled) if claim.extended_resource]
        for key in (*gone, *made_up):
            self._in_flight.drop_claim(key)
        shown = [self._taken_in(claim) for claim in claims]
        self.current = self.current.with_claims(shown, (*gone, *made_up))
        for claim in allocated:
            self.on_allocated(claim)

    def _take_pods(self, pods: Sequence[Pod], gone: Sequence[tuple[str, str]]) -> None:
        before = self.current.pods
        left = [before[key].uid for key in gone if key in before]
        landed = [
            (pod, node)
            for pod in pods
            if pod.uid in self._in_flight
            and (node := _news_of_node(pod, before.get((pod.namespace, pod.name))))
        ]
        self.current = self.current.following(Changes(pods=tuple(pods), gone_pods=tuple(gone)))
        for uid in left:
            self.forget(uid)
        for pod, node in landed:
            self.on_landed(pod, node)

    def _newly_allocated(self, claim: Claim) -> bool:
        before = self._claims.get(claim.key)
        seen = before is not None and before.uid == claim.uid and before.allocation is not None
        return claim.allocation is not None and not seen

    def _taken_in(self, claim: Claim) -> Claim:
        self._claims[claim.key] = claim
        return self._in_flight.shown(claim)

    def _show(self, keys: Iterable[ClaimKey]) -> None:
        """Bring claims in the snapshot to what the API and the assumptions say now."""
        shown: list[Claim] = []
        gone: list[ClaimKey] = []
        for key in sorted(keys):
            claim = self._claims.get(key)
            if claim is not None:
                shown.append(self._in_flight.shown(claim))
            elif (made_up := self._in_flight.made_up(key)) is not None:
                shown.append(made_up)
            else:
                gone.append(key)
        if shown or gone:
            self.current = self.current.with_claims(shown, gone)


def _news_of_node(pod: Pod, before: Pod | None) -> str:
    """The node that the pod is bound to or nominated for, if that is news; else empty."""
    node, known = ((each.node_name or each.nominated_node_name) if each else "" for each in (pod, before))
    return node if node != known else ""


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
        case _:
            rules = cast("Sequence[DeviceTaintRule]", upserts)
            return Changes(taint_rules=tuple(rules), gone_taint_rules=tuple(cast("Sequence[str]", gone)))
