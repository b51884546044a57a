"""
Placements that the scheduler has made and the API does not show yet.

Between choosing a node and writing the claims' status kube-scheduler already counts the devices as
taken. Pods that come back to back would otherwise be judged on devices that are gone. What is assumed
here is a prediction: it ends when the claim is seen allocated or deleted, when the pod is tried again,
or after a while.

The pods of a pod group are placed in a simulation, one after the other. kube-scheduler undoes it at its end,
and makes it come true only if the whole group fits: then the API shows at once where each pod lands. So what
is assumed of a group ends sooner, and all together.
Source: k8s.io/kubernetes pkg/scheduler/schedule_one_podgroup.go, v1.36.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import ClaimKey
    from extender.model import Claim


GroupKey = tuple[str, str]
"""Namespace and name of a pod group."""

SIMULATED_SECONDS = 5.0
"""How long to wait after an answer for a pod group for the next request, or until its pods land."""


@dataclass(slots=True)
class _Simulation:
    """``pods``: the UIDs of those with an assumption, the last that was asked about at the end."""

    pods: dict[str, None] = field(default_factory=dict)
    expires: float = 0.0


@dataclass(frozen=True, slots=True)
class Assumption:
    """
    ``claims`` of one pod with the allocations that they will get, without where its node is not known.

    ``nodes``: where the pod may land. ``confirmed``: the API shows the pod. ``nominated``: the pod is
    nominated by us, and the scheduler has not asked about it since, so it reserves no devices yet.
    ``group``: that of whose simulation this is a part; ``None`` as soon as the API shows the pod's node.
    """

    pod_uid: str
    claims: dict[ClaimKey, Claim]
    nodes: tuple[str, ...]
    expires: float
    confirmed: bool = True
    nominated: bool = False
    group: GroupKey | None = None


class InFlight:
    """
    The assumptions, by pod.

    ``seconds``: how long to believe in a placement of which nothing is heard. Times are seconds of any
    clock that does not go back.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._by_pod: dict[str, Assumption] = {}
        self._by_claim: dict[ClaimKey, Assumption] = {}
        self._nodes: Counter[str] = Counter()
        self._groups: dict[GroupKey, _Simulation] = {}

    def __len__(self) -> int:
        """Count the claims whose allocation is assumed."""
        return len(self.claims)

    @property
    def claims(self) -> Sequence[ClaimKey]:
        """The claims whose allocation is assumed."""
        return [
            key for key, assumption in self._by_claim.items() if assumption.claims[key].allocation is not None
        ]

    def __contains__(self, pod_uid: str) -> bool:
        """Whether the pod has claims of which the API does not show what they got."""
        return pod_uid in self._by_pod

    @property
    def nodes(self) -> Mapping[str, int]:
        """The nodes where pods may be about to land, and how many."""
        return self._nodes

    @property
    def perhaps_taken_nodes(self) -> frozenset[str]:
        """The nodes where pods may be about to land that may land elsewhere as well."""
        return frozenset(
            node
            for assumption in self._by_pod.values()
            if len(assumption.nodes) > 1
            for node in assumption.nodes
        )

    @property
    def unconfirmed_claims(self) -> Sequence[ClaimKey]:
        """
        The claims of which something is assumed that the scheduler need not have assumed.

        That is for pods, or simulations, that the API does not show, and for nominations.
        """
        return [
            key
            for key, assumption in self._by_claim.items()
            if not assumption.confirmed or assumption.nominated or assumption.group is not None
        ]

    def is_nominated(self, pod_uid: str, node: str) -> bool:
        """Whether the pod is assumed to be on the node because of a nomination."""
        assumption = self._by_pod.get(pod_uid)
        return assumption is not None and assumption.nominated and assumption.nodes == (node,)

    def is_under_way(self, pod_uid: str) -> bool:
        """Whether the scheduler has asked about the pod, and may be about to place it."""
        assumption = self._by_pod.get(pod_uid)
        return assumption is not None and bool(assumption.nodes) and not assumption.nominated

    def confirm(self, pod_uid: str) -> None:
        """The API shows the pod: what is assumed of it counts like any other."""
        before = self._by_pod.get(pod_uid)
        if before is None or before.confirmed:
            return
        after = replace(before, confirmed=True)
        self._by_pod[pod_uid] = after
        self._by_claim.update(dict.fromkeys(after.claims, after))

    def assume(
        self,
        pod_uid: str,
        claims: Iterable[Claim],
        nodes: Iterable[str],
        now: float,
        *,
        confirmed: bool = True,
        nominated: bool = False,
        group: GroupKey | None = None,
    ) -> None:
        """
        Remember what a pod's claims will get; replaces what was assumed of it and of them before.

        ``nominated``: the scheduler has not asked about the pod, which we have nominated.
        ``group``: this is a part of the simulation of that pod group, and ends with it.

        Of a pod that is not ``confirmed`` only claims count that are nobody else's, and of which nothing
        is assumed for a confirmed pod.
        """
        self.drop_pod(pod_uid)
        wanted = {claim.key: claim for claim in claims if confirmed or self._may_take(pod_uid, claim)}
        if not wanted:
            return
        for key in wanted:
            self.drop_claim(key)
        assumption = Assumption(
            pod_uid, wanted, tuple(nodes), now + self._seconds, confirmed, nominated, group
        )
        self._by_pod[pod_uid] = assumption
        self._by_claim.update(dict.fromkeys(wanted, assumption))
        self._nodes.update(assumption.nodes)
        if group is not None:
            simulation = self._groups.setdefault(group, _Simulation())
            simulation.pods[pod_uid] = None
            simulation.expires = now + min(SIMULATED_SECONDS, self._seconds)

    def _may_take(self, pod_uid: str, claim: Claim) -> bool:
        assumption = self._by_claim.get(claim.key)
        displaces = assumption is not None and assumption.confirmed
        return not displaces and claim.owner_uid in ("", pod_uid)

    def shown(self, claim: Claim) -> Claim:
        """
        The claim as the scheduler sees it.

        One that is allocated, being deleted or another object of that name ends the assumption.
        """
        assumption = self._by_claim.get(claim.key)
        if assumption is None:
            return claim
        assumed = assumption.claims[claim.key]
        if claim.allocation is not None or claim.deleting or claim.uid != assumed.uid:
            self.drop_claim(claim.key)
            return claim
        return replace(claim, allocation=assumed.allocation)

    def made_up(self, key: ClaimKey) -> Claim | None:
        """The claim of that key that only the scheduler knows, if its allocation is assumed."""
        assumption = self._by_claim.get(key)
        claim = assumption.claims[key] if assumption is not None else None
        return claim if claim is not None and claim.allocation is not None else None

    def sharer(self, group: GroupKey, keys: Iterable[ClaimKey], node: str) -> str | None:
        """The pod of a group's simulation that has one of these claims, and may land elsewhere."""
        for key in keys:
            assumption = self._by_claim.get(key)
            if assumption is not None and assumption.group == group and assumption.nodes != (node,):
                return assumption.pod_uid
        return None

    def drop_claim(self, key: ClaimKey) -> None:
        """End what is assumed of a claim, if anything."""
        assumption = self._by_claim.pop(key, None)
        if assumption is None:
            return
        del assumption.claims[key]
        if not assumption.claims:
            self._leave(assumption)

    def drop_pod(self, pod_uid: str) -> tuple[ClaimKey, ...]:
        """End what is assumed of a pod; returns the claims that it was assumed of."""
        assumption = self._by_pod.get(pod_uid)
        if assumption is None:
            return ()
        for key in assumption.claims:
            del self._by_claim[key]
        self._leave(assumption)
        return tuple(assumption.claims)

    def drop_simulation_before(self, pod_uid: str, group: GroupKey) -> tuple[ClaimKey, ...]:
        """
        End what is assumed of a pod group if its simulation begins anew; returns the claims.

        That is so where a pod is asked about again that was not the last.
        """
        simulation = self._groups.get(group)
        if simulation is None or pod_uid not in simulation.pods or pod_uid == next(reversed(simulation.pods)):
            return ()
        return self.drop_simulation(group)

    def drop_simulation(self, group: GroupKey) -> tuple[ClaimKey, ...]:
        """End what is assumed of the pods of a group of which the API shows no node; returns the claims."""
        simulation = self._groups.get(group, _Simulation())
        return tuple(key for uid in tuple(simulation.pods) for key in self.drop_pod(uid))

    def is_simulated(self, pod_uid: str) -> bool:
        """Whether what is assumed of the pod is a part of a simulation of its group."""
        assumption = self._by_pod.get(pod_uid)
        return assumption is not None and assumption.group is not None

    def drop_expired(self, now: float) -> tuple[ClaimKey, ...]:
        """End the assumptions that are too old; returns their claims."""
        late = [uid for uid, assumption in self._by_pod.items() if assumption.expires <= now]
        return tuple(key for uid in late for key in self.drop_pod(uid))

    def drop_ended_simulations(self, now: float) -> tuple[ClaimKey, ...]:
        """End the simulations of pod groups of which nothing came; returns their claims."""
        late = [group for group, simulation in self._groups.items() if simulation.expires <= now]
        return tuple(key for group in late for key in self.drop_simulation(group))

    def _leave(self, assumption: Assumption) -> None:
        del self._by_pod[assumption.pod_uid]
        if assumption.group is not None:
            simulation = self._groups[assumption.group]
            del simulation.pods[assumption.pod_uid]
            if not simulation.pods:
                del self._groups[assumption.group]
        for node in assumption.nodes:
            self._nodes[node] -= 1
            if not self._nodes[node]:
                del self._nodes[node]
