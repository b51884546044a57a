"""
The store of a live cluster: events in, frozen snapshots out.

One writer, the event loop: each batch of events swaps the reference to the current snapshot. A request
reads it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extender.core.claims.extended_resources import awaited_key
from extender.core.cluster.negative_amounts import claim_names, holds_negative
from extender.core.cluster.objects import Objects
from extender.core.cluster.snapshot import Snapshot
from extender.core.cluster.usage import held_twice
from extender.core.topology.machine_facts import NO_FACTS
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model.kinds import KINDS, POD, RESOURCE_CLAIM

from .group_cycle import GroupCycle
from .in_flight import GroupKey, InFlight

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.core.cluster.snapshot import ClaimKey
    from extender.core.releases.release import Release
    from extender.core.topology.machine_facts import MachineFacts
    from extender.core.topology.vocabulary import Vocabulary
    from extender.model import Claim, DeviceID, Pod


@dataclass(frozen=True, slots=True)
class Events:
    """
    What the API shows for the first time, once the snapshot has it.

    ``allocated``: claims that have an allocation. ``landed``: pods that await their devices, each with the
    node that it is nominated for or bound to. ``gone``: the UIDs of pods that it shows no more.
    """

    allocated: tuple[Claim, ...] = ()
    landed: tuple[tuple[Pod, str], ...] = ()
    gone: tuple[str, ...] = ()

    def __or__(self, later: Events) -> Events:
        return Events(self.allocated + later.allocated, self.landed + later.landed, self.gone + later.gone)


NO_EVENTS = Events()


class LiveStore:
    """
    Follows the cluster.

    Until every kind has been listed once, which sets ``listed``, ``current`` is empty. ``apart``: the first
    snapshot is built by ``begin``, in a thread, so that requests and events go on meanwhile.
    """

    def __init__(
        self,
        release: Release,
        in_flight: InFlight,
        clock: Callable[[], float],
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
        machines: MachineFacts = NO_FACTS,
        *,
        apart: bool = False,
    ) -> None:
        self.current = Snapshot.of(release=release, vocabulary=vocabulary, machines=machines)
        self._in_flight = in_flight
        self._cycle = GroupCycle()
        self._clock = clock
        self._apart = apart
        self._first = Objects()
        self._unlisted = {kind.name for kind in KINDS}
        self._complete = asyncio.Event()
        self._building = False
        self._meanwhile: list[Changes] = []
        # As the API shows them; those of the snapshot have what is assumed of them.
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

    def shows_unbound(self, namespace: str, name: str, uid: str) -> bool:
        """Whether the API shows the pod with this UID and without a node."""
        pod = self.current.pods.get((namespace, name))
        return pod is not None and bool(uid) and pod.uid == uid and not pod.node_name

    @property
    def held_twice(self) -> tuple[DeviceID, ...]:
        """Devices that the API shows in several claims; looks at every claim."""
        return held_twice(self._claims.values())

    @property
    def negative_amounts(self) -> tuple[str, ...]:
        """Claims that the API shows with a negative amount; looks at every claim."""
        return claim_names(key for key, claim in self._claims.items() if holds_negative(claim))

    def apply(self, changes: Changes) -> Events:
        """Take changes; before every kind is listed, changes of listed kinds. Returns what is news."""
        if self._building:
            self._meanwhile.append(changes)
        elif self.ready:
            return self._update(changes)
        else:
            self._first = self._first.updated(changes)
            self._unlisted -= changes.complete
            if not self._unlisted:
                self._complete.set()
                if not self._apart:
                    self._begin_with(self._freeze_first())
        return NO_EVENTS

    @property
    def taken_nodes(self) -> Mapping[str, int]:
        """The nodes where pods may be about to land, and how many."""
        return self._in_flight.nodes

    @property
    def perhaps_taken_nodes(self) -> frozenset[str]:
        """Those of them where it is open whether the pod lands there; looks at every pod in flight."""
        return self._in_flight.perhaps_taken_nodes

    @property
    def confirmed(self) -> Snapshot:
        """The snapshot without what is assumed that the scheduler need not have assumed."""
        keys = self._in_flight.unconfirmed_claims
        if not keys:
            return self.current
        claims = [self._claims[key] for key in keys if key in self._claims]
        return self.current.with_claims(claims, [key for key in keys if key not in self._claims])

    def confirm(self, pod: Pod) -> None:
        """The API is about to show the pod: what is assumed of it counts like any other."""
        self._in_flight.confirm(pod.uid)
        self._cycle.expect(pod)

    def sharer(self, group: GroupKey, keys: Iterable[ClaimKey], node: str) -> str | None:
        """The pod of a group's simulation that has one of these claims, not on the node as far as we know."""
        return self._in_flight.sharer(group, keys, node)

    def assume(
        self,
        pod_uid: str,
        claims: Sequence[Claim],
        nodes: Sequence[str] = (),
        *,
        confirmed: bool = True,
        nominated: bool = False,
        group: GroupKey | None = None,
    ) -> None:
        """
        Count the devices of ``claims``, as they will be allocated, as taken from now on.

        Claims without an allocation wait for the pod to land; ``nodes``: where it may. ``confirmed``: the
        API shows the pod. ``nominated``: by us, and the scheduler has not asked about it. ``group``: its pod
        group, where this is a part of that group's simulation.
        """
        before = self._in_flight.drop_pod(pod_uid)
        self._in_flight.assume(
            pod_uid,
            claims,
            nodes,
            self._clock(),
            confirmed=confirmed,
            nominated=nominated,
            group=group,
        )
        self._show({*before, *(claim.key for claim in claims)})

    def forget(self, *pod_uids: str) -> bool:
        """Take back what was assumed of pods, which are tried again; whether that was anything."""
        keys = [key for uid in pod_uids for key in self._in_flight.drop_pod(uid)]
        self._show(keys)
        return bool(keys)

    def is_under_way(self, pod_uid: str) -> bool:
        """Whether the scheduler has asked about the pod, and may be about to place it."""
        return self._in_flight.is_under_way(pod_uid)

    def end_simulation(self, pod: Pod) -> None:
        """Take back what was assumed of pod groups whose simulation has ended, as this request says."""
        failed = self._cycle.on_request(pod)
        if failed is not None:
            self._show(self._in_flight.drop_simulation(failed))
        if pod.group is not None:
            self._show(self._in_flight.drop_simulation_before(pod.uid, pod.group))

    def expire(self) -> int:
        """
        Take back what was assumed too long ago; returns how many claims that were.

        Those of a group that did not fit are expected, and not counted.
        """
        now = self._clock()
        self._show(self._in_flight.drop_ended_simulations(now))
        late = self._in_flight.drop_expired(now)
        self._show(late)
        return len(late)

    async def begin(self) -> Events:
        """
        Build the first snapshot once every kind is listed; for stores that do so ``apart``.

        Whatever comes meanwhile is taken after it. Returns what of that is news.
        """
        await self._complete.wait()
        self._building = True
        self._begin_with(await asyncio.to_thread(self._freeze_first))
        self._building = False
        events = NO_EVENTS
        for changes in self._meanwhile:
            events |= self._update(changes)
        self._meanwhile.clear()
        return events

    def _freeze_first(self) -> Snapshot:
        """Freeze the first lists. Takes seconds for tens of thousands of slices, and changes nothing here."""
        now = self.current
        return Snapshot.of_objects(self._first, now.release, now.vocabulary, now.machines)

    def _begin_with(self, snapshot: Snapshot) -> None:
        self._claims = dict(snapshot.claims)
        self._cycle.show(snapshot.pods.values())
        self.current = snapshot
        self._first = Objects()
        self.listed.set()

    def _update(self, changes: Changes) -> Events:
        before = self.current.pods
        allocated = tuple(filter(self._is_newly_allocated, changes.upserts(RESOURCE_CLAIM)))
        landed = tuple(
            (pod, node)
            for pod in changes.upserts(POD)
            # Of a group, what was assumed in the placement that won may have been undone by the next one.
            if (pod.uid in self._in_flight or pod.group is not None)
            and (node := _new_node(pod, before.get(POD.key(pod))))
            # That the API shows a nomination of ours is no news.
            and not self._in_flight.is_nominated(pod.uid, node)
        )
        refused = {group for pod in changes.upserts(POD) if (group := self._refused_group(pod, before))}
        left = [before[key] for key in changes.gone(POD, before) if key in before]
        gone = [pod.uid for pod in left] + [
            then.uid
            for pod in changes.upserts(POD)
            if (then := before.get(POD.key(pod))) is not None and then.uid != pod.uid
        ]
        self._cycle.show(changes.upserts(POD))
        self.current = self.current.updated(self._with_assumptions(changes))
        for pod in left:
            self._cycle.remove(pod)
            self.forget(pod.uid)
        for group in sorted(refused):
            self._show(self._in_flight.drop_simulation(group))
        return Events(allocated, landed, tuple(gone))

    def _refused_group(self, pod: Pod, before: Mapping[ClaimKey, Pod]) -> GroupKey | None:
        """The group of a pod for which there was a node and that is refused now, since the group failed."""
        if not (pod.unschedulable and self._in_flight.is_simulated(pod.uid)):
            return None
        then = before.get(POD.key(pod))
        return None if then is not None and then.unschedulable else pod.group

    def _is_newly_allocated(self, claim: Claim) -> bool:
        before = self._claims.get(claim.key)
        seen = before is not None and before.uid == claim.uid and before.allocation is not None
        return claim.allocation is not None and not seen

    def _with_assumptions(self, changes: Changes) -> Changes:
        """
        Take the claims of ``changes``; returns the changes with what is assumed of these claims.

        What the API shows of a claim may end what is assumed of it, and replace a claim that only the
        scheduler knew.
        """
        if RESOURCE_CLAIM.name not in changes.by_kind:
            return changes
        claims, gone = changes.upserts(RESOURCE_CLAIM), changes.gone(RESOURCE_CLAIM, self._claims)
        left = [claim for key in gone if (claim := self._claims.pop(key, None)) is not None]
        settled = [claim for claim in claims if claim.allocation is not None or claim.deleting]
        made_up = [awaited_key(claim) for claim in (*left, *settled) if claim.extended_resource]
        for key in (*gone, *made_up):
            self._in_flight.drop_claim(key)
        self._claims.update((claim.key, claim) for claim in claims)
        shown = [self._in_flight.shown(claim) for claim in claims]
        return changes.replaced(RESOURCE_CLAIM, shown, (*gone, *made_up))

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


def _new_node(pod: Pod, before: Pod | None) -> str:
    """The node that the pod is bound to or nominated for, if that is news; else empty."""
    now, then = (_place(state) if state is not None else "" for state in (pod, before))
    return now if now != then else ""


def _place(pod: Pod) -> str:
    """
    The node where devices are taken for the pod, empty without one.

    A pod of a group that is refused may be nominated by preemption, which reserves nothing.
    """
    return pod.node_name or ("" if pod.unschedulable else pod.nominated_node_name)
