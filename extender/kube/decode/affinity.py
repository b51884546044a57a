"""
Affinity and topology spread constraints of pods.

Source: k8s.io/api core/v1 types.go, v0.37.
"""

from __future__ import annotations

from extender.model import NodeSelector
from extender.model.scheduling import AffinityTerm, PodAffinity, PreferredNodes, SpreadConstraint

from .fields import NodeSelectorJSON, TermJSON, Wire, node_selector, node_selector_term
from .label_selectors import LabelSelectorJSON, label_selector


class PreferredNodesJSON(Wire):
    weight: int | None = None
    preference: TermJSON | None = None


class NodeAffinityJSON(Wire):
    required_during_scheduling_ignored_during_execution: NodeSelectorJSON | None = None
    preferred_during_scheduling_ignored_during_execution: list[PreferredNodesJSON] | None = None


class AffinityTermJSON(Wire):
    topology_key: str | None = None
    label_selector: LabelSelectorJSON | None = None
    namespaces: list[str] | None = None
    namespace_selector: LabelSelectorJSON | None = None


class WeightedTermJSON(Wire):
    weight: int | None = None
    pod_affinity_term: AffinityTermJSON | None = None


class PodAffinityJSON(Wire):
    required_during_scheduling_ignored_during_execution: list[AffinityTermJSON] | None = None
    preferred_during_scheduling_ignored_during_execution: list[WeightedTermJSON] | None = None


class AffinityJSON(Wire):
    node_affinity: NodeAffinityJSON | None = None
    pod_affinity: PodAffinityJSON | None = None
    pod_anti_affinity: PodAffinityJSON | None = None


class SpreadConstraintJSON(Wire):
    max_skew: int | None = None
    topology_key: str | None = None
    when_unsatisfiable: str | None = None
    label_selector: LabelSelectorJSON | None = None
    min_domains: int | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None
    match_label_keys: list[str] | None = None


def required_nodes(affinity: AffinityJSON | None) -> NodeSelector | None:
    nodes = affinity and affinity.node_affinity
    return node_selector(nodes.required_during_scheduling_ignored_during_execution) if nodes else None


def preferred_nodes(affinity: AffinityJSON | None) -> tuple[PreferredNodes, ...]:
    nodes = affinity and affinity.node_affinity
    if not nodes:
        return ()
    return tuple(
        PreferredNodes(entry.weight or 0, node_selector_term(entry.preference or TermJSON()))
        for entry in nodes.preferred_during_scheduling_ignored_during_execution or ()
    )


def pod_affinity(affinity: AffinityJSON | None) -> PodAffinity | None:
    """Return ``None`` where the pod has neither pod affinity nor anti-affinity."""
    if affinity is None or (affinity.pod_affinity is None and affinity.pod_anti_affinity is None):
        return None
    near, far = affinity.pod_affinity or PodAffinityJSON(), affinity.pod_anti_affinity or PodAffinityJSON()
    return PodAffinity(
        required=_required(near),
        preferred=_preferred(near),
        required_anti=_required(far),
        preferred_anti=_preferred(far),
    )


def spread_constraint(entry: SpreadConstraintJSON) -> SpreadConstraint:
    """Return the constraint; an absent policy or ``minDomains`` has the scheduler's default."""
    return SpreadConstraint(
        topology_key=entry.topology_key or "",
        max_skew=entry.max_skew or 0,
        required=entry.when_unsatisfiable != "ScheduleAnyway",
        selector=label_selector(entry.label_selector),
        min_domains=1 if entry.min_domains is None else entry.min_domains,
        honor_affinity=(entry.node_affinity_policy or "Honor") == "Honor",
        honor_taints=entry.node_taints_policy == "Honor",
        match_label_keys=tuple(entry.match_label_keys or ()),
    )


def _required(affinity: PodAffinityJSON) -> tuple[AffinityTerm, ...]:
    return tuple(
        _term(term, 0) for term in affinity.required_during_scheduling_ignored_during_execution or ()
    )


def _preferred(affinity: PodAffinityJSON) -> tuple[AffinityTerm, ...]:
    return tuple(
        _term(entry.pod_affinity_term or AffinityTermJSON(), entry.weight or 0)
        for entry in affinity.preferred_during_scheduling_ignored_during_execution or ()
    )


def _term(term: AffinityTermJSON, weight: int) -> AffinityTerm:
    return AffinityTerm(
        topology_key=term.topology_key or "",
        selector=label_selector(term.label_selector),
        namespaces=tuple(term.namespaces or ()),
        namespace_selector=label_selector(term.namespace_selector),
        weight=weight,
    )
