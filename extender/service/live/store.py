"""
The store of a live cluster: events in, frozen snapshots out.

One writer, the event loop: each batch of events swaps the reference to the current snapshot. A request
reads it once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from extender.core.claims.extended_resources import awaited_key
from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.cluster.usage import held_twice
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY

from .first_lists import KINDS, FirstLists, Key, key_of
from .in_flight import InFlight

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import ClaimKey
    from extender.core.releases.release import Release
    from extender.core.topology.vocabulary import Vocabulary
    from extender.model import (
        Claim,
        DeviceClass,
        DeviceID,
        DeviceTaintRule,
        Namespace,
        Node,
        Pod,
        ResourceSlice,
    )

OnAllocated = Callable[["Claim"], None]
"""Is told of a claim whose allocation the API shows for the first time, after the snapshot has it."""

OnLanded = Callable[["Pod", str], None]
"""Is told of a pod that awaits its devices and the node that the API shows it nominated for or bound to."""


class LiveStore:
    """
    Follows the cluster.

    ``frozen`` is false: things change by themselves here. Until every kind has been listed once, which
    sets ``listed``, ``current`` is empty. ``apart``: the first snapshot is built by ``begin``, in a thread,
    so that requests and events go on meanwhile.
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
        *,
        apart: bool = False,
    ) -> None:
        self.current = Snapshot.of(release=release, vocabulary=vocabulary)
        self.on_allocated = on_allocated
        self.on_landed = on_landed
        self._in_flight = in_flight
        self._clock = clock
        self._apart = apart
        self._first = FirstLists()
        self._complete = asyncio.Event()
        self._building = False
        self._meanwhile: deque[Callable[[], None]] = deque()
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
        if self._building:
            self._meanwhile.append(partial(self.replace, kind, objects))
        elif self.ready:
            keys = {key_of(kind, each) for each in objects}
            self.apply(kind, objects, tuple(self._keys[kind] - keys))
        else:
            self._first.replace(kind, objects)
            if self._first.complete:
                self._complete.set()
                if not self._apart:
                    self._take_first(self._first.snapshot(self.current.release, self.current.vocabulary))

    def apply(self, kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> None:
        """Take changes of one kind; before every kind is listed, changes of listed kinds."""
        if self._building:
            self._meanwhile.append(partial(self.apply, kind, upserts, gone))
            return
        if not self.ready:
            self._first.apply(kind, upserts, gone)
            return
        known = self._keys[kind]
        known.difference_update(gone)
        known.update(key_of(kind, each) for each in upserts)
        match kind:
            case "ResourceClaim":
                self._take_claims(cast("Sequence[Claim]", upserts), cast("Sequence[ClaimKey]", gone))
            case "Pod":
                self._take_pods(cast("Sequence[Pod]", upserts), cast("Sequence[tuple[str, str]]", gone))
            case _:
                self.current = self.current.updated(_changes(kind, upserts, gone))

    @property
    def taken_nodes(self) -> Mapping[str, int]:
        """The nodes where pods may be about to land, and how many."""
        return self._in_flight.nodes

    def assume(self, pod_uid: str, claims: Sequence[Claim], nodes: Sequence[str] = ()) -> None:
        """
        Count the devices of ``claims``, as they will be allocated, as taken from now on.

        Claims without an allocation wait for the pod to land; ``nodes``: where it may.
        """
        before = self._in_flight.drop_pod(pod_uid)
        self._in_flight.assume(pod_uid, claims, nodes, self._clock())
        self._show({*before, *(claim.key for claim in claims)})

    def forget(self, pod_uid: str) -> None:
        """Take back what was assumed of a pod, which is tried again."""
        self._show(self._in_flight.drop_pod(pod_uid))

    def expire(self) -> int:
        """Take back what was assumed too long ago; returns how many claims that were."""
        late = self._in_flight.drop_expired(self._clock())
        self._show(late)
        return len(late)

    async def begin(self) -> None:
        """
        Build the first snapshot once every kind is listed; for stores that do so ``apart``.

        Whatever comes meanwhile is taken in after it.
        """
        await self._complete.wait()
        self._building = True
        first = self._first
        current = self.current
        self._take_first(await asyncio.to_thread(first.snapshot, current.release, current.vocabulary))
        self._building = False
        while self._meanwhile:
            self._meanwhile.popleft()()

    def _take_first(self, snapshot: Snapshot) -> None:
        for kind in KINDS:
            self._keys[kind] = self._first.keys(kind)
        self._claims = {claim.key: claim for claim in self._first.claims}
        self.current = snapshot
        self._first = FirstLists()
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
        self.current = self.current.updated(Changes(pods=tuple(pods), gone_pods=tuple(gone)))
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
