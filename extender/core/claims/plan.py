"""
A pod on a cluster: what has to be searched, apart from any node.

Plans of pods with equal specs have equal keys; the key names neither the pod
nor its claims.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from extender.model import Allocation, Binding, ClaimSpec, DeviceClass, Node, Pod

from ..cluster.node_selection import NodeSelectorError, selector_matches
from ..cluster.node_type import NODE_FEATURE
from ..cluster.snapshot import Snapshot
from ..reasons import Outcome, Reason, ReasonCode, reason
from ..releases.release import Release
from .extended_resources import EXTENDED_CLAIM_NAME, claim_spec, through_dra
from .pod_claims import PodClaims, claims_of
from .preferences import most_passed_over

# All other reasons that hold for a whole pod make it unschedulable.
_OUTCOMES = {
    ReasonCode.CLAIM_MISSING: Outcome.UNKNOWN,
    ReasonCode.CLAIM_UNREADABLE: Outcome.UNKNOWN,
    ReasonCode.NOT_MODELLED: Outcome.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Uniform:
    """One outcome for all nodes."""

    outcome: Outcome
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """
    ``specs``: the claims to allocate, in order; ``holdings``: for each claim in pod
    order its allocation, ``None`` for one that is to be allocated.
    """

    pod: Pod
    claims: PodClaims
    specs: tuple[ClaimSpec, ...]
    holdings: tuple[Allocation | None, ...]

    @property
    def key(self) -> Hashable:
        """Equal for pods that get equal predictions on every node."""
        extended: Hashable = None
        if self.claims.extended:
            extended = (self.claims.extended, self.pod.init_containers, self.pod.containers)
        return (self.specs, self.holdings, tuple(claim.binding for claim in self.claims.claims), extended)

    @property
    def nothing_to_align(self) -> bool:
        """Whether no node can give the pod two devices."""
        if self.claims.extended:
            return False
        held = sum(
            not result.admin_access
            for holding in self.holdings
            if holding is not None
            for result in holding.results
        )
        return held + sum(map(_most_devices, self.specs)) <= 1

    @property
    def most_passed_over(self) -> int:
        """How many alternatives a node can pass over; 0 where the claims have no order of preference."""
        return most_passed_over(self.specs)

    @property
    def takes_nothing(self) -> bool:
        """Whether no node can give the pod a device that others then lack."""
        return not self.claims.extended and not any(map(_most_devices, self.specs))

    @property
    def claim_names(self) -> tuple[str, ...]:
        """Names of the claims to allocate, in the order of the specs; the made-up one last."""
        return (*(claim.name for claim in self.claims.pending), EXTENDED_CLAIM_NAME)

    def bound_elsewhere(self, node: Node, release: Release) -> Reason | None:
        """
        Why the node cannot use what the pod's claims already hold, if so.

        Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
        dynamicresources.go Filter, v1.37.2.
        """
        for claim in self.claims.claims:
            allocation = claim.allocation
            if allocation is None:
                continue
            if allocation.node_selector is not None:
                try:
                    if not selector_matches(allocation.node_selector, node):
                        return reason(ReasonCode.CLAIM_ELSEWHERE, claim=claim.name)
                except NodeSelectorError as error:
                    return reason(ReasonCode.NODE_SELECTOR, where=f"claim {claim.name}", detail=error)
            skips = release.checks_node_operations and any(
                result.skip_node_operations for result in allocation.results
            )
            if skips and NODE_FEATURE not in node.declared_features:
                return reason(ReasonCode.CLAIM_ELSEWHERE, claim=claim.name)
            if claim.binding is Binding.FAILED and release.features.binding:
                return reason(ReasonCode.BINDING_FAILED, claim=claim.name)
        return None

    def waiting(self, release: Release) -> Reason | None:
        """Why it hangs on the time whether the pod's claims are still good, if so."""
        for claim in self.claims.claims:
            if claim.binding is Binding.WAITING and release.features.binding:
                return reason(ReasonCode.BINDING_WAITING, claim=claim.name)
        return None

    def fails_in_score(self, release: Release) -> Reason | None:
        """
        Why the plugin cannot score nodes for the pod, if so.

        Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
        dynamicresources.go computeScore, v1.35.4, v1.36.1 (fails), v1.36.2 (mended).
        """
        if not release.plugin.score_fails_for_mixed_claims:
            return None
        held = [claim.name for claim in self.claims.claims if claim.allocation is not None]
        pending = [claim.name for claim in self.claims.pending]
        if not held or not (pending or self.claims.extended):
            return None
        return reason(
            ReasonCode.SCORE_FAILS,
            claims=f"{held[0]} and {pending[0] if pending else 'extended resources'}",
            fixed="1.35.6 and 1.36.2",
        )

    def resources_on(self, node: Node, classes: Mapping[str, DeviceClass]) -> tuple[str, ...] | Reason:
        """The extended resources that device classes offer on this node, sorted."""
        if not self.claims.extended:
            return ()
        resources = through_dra(self.claims.extended, node, classes)
        if isinstance(resources, str):
            return reason(ReasonCode.EXTENDED_RESOURCE_MISSING, resource=resources)
        return resources

    def specs_for(
        self, resources: tuple[str, ...], classes: Mapping[str, DeviceClass]
    ) -> tuple[ClaimSpec, ...]:
        """The claims to allocate where ``resources`` come from classes, the one for these last."""
        return (*self.specs, claim_spec(self.pod, resources, classes)) if resources else self.specs


def plan_of(pod: Pod, snapshot: Snapshot) -> Plan | Uniform:
    """Resolve a pod against a snapshot."""
    claims = claims_of(pod, snapshot.claims, snapshot.classes, snapshot.release)
    if isinstance(claims, Reason):
        return Uniform(_OUTCOMES.get(claims.code, Outcome.UNSCHEDULABLE), claims)
    plan = Plan(
        pod,
        claims,
        tuple(claim.spec for claim in claims.pending),
        tuple(claim.allocation for claim in claims.claims),
    )
    waiting = plan.waiting(snapshot.release)
    if waiting is not None:
        return Uniform(Outcome.UNKNOWN, waiting)
    aborts = _gathering_aborts(plan, snapshot)
    return plan if aborts is None else Uniform(Outcome.ERROR, aborts)


def _gathering_aborts(plan: Plan, snapshot: Snapshot) -> Reason | None:
    """
    Why the plugin cannot gather what is allocated, if so.

    Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
    dra_manager.go GatherAllocatedState, v1.38.0-beta.0.
    """
    release = snapshot.release
    aborts = release.plugin.negative_amount_aborts and release.features.consumable_capacity
    if not (aborts and snapshot.negative and (plan.specs or plan.claims.extended)):
        return None
    namespace, name = min(snapshot.negative)
    return reason(ReasonCode.NEGATIVE_AMOUNT, claim=f"{namespace}/{name}")


def _most_devices(spec: ClaimSpec) -> int:
    """The most devices that can count for alignment; two stands for any larger number."""
    total = 0
    for request in spec.requests:
        exact = request.first_available or ((request.exactly,) if request.exactly else ())
        total += max(
            (0 if each.admin_access else each.count if each.mode == "ExactCount" else 2 for each in exact),
            default=0,
        )
    return total
