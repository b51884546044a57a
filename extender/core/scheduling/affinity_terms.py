"""
Terms of pod affinity: which pods they mean.

Source: k8s.io/kube-scheduler framework/types.go AffinityTerm and k8s.io/kubernetes
pkg/scheduler/framework/plugins/interpodaffinity/plugin.go mergeAffinityTermNamespacesIfNotEmpty,
v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from extender.model.scheduling import AffinityTerm, LabelSelector, PodAffinity, SchedulingPod

from .labels import selector_matches
from .node_info import Nodes, PlacedPod
from .rules import SchedulingRules

_NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class OwnTerm:
    """A term of the pod to schedule. ``namespaces`` of ``None``: all."""

    topology_key: str
    selector: LabelSelector | None
    namespaces: frozenset[str] | None
    weight: int = 0

    def matches(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether a pod is meant."""
        if self.namespaces is not None and namespace not in self.namespaces:
            return False
        return selector_matches(self.selector, labels)


def own_terms(
    terms: Sequence[AffinityTerm], pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules
) -> tuple[OwnTerm, ...]:
    """The terms of the pod to schedule with the namespaces that their selectors match now."""
    return tuple(
        OwnTerm(term.topology_key, term.selector, _namespaces(term, pod, nodes, rules), term.weight)
        for term in terms
    )


def _namespaces(
    term: AffinityTerm, pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules
) -> frozenset[str] | None:
    selector = term.namespace_selector
    if selector is None:
        return frozenset(term.namespaces or (pod.namespace,))
    if not selector.requirements:
        return None
    # To 1.36 the selector stays in place and is asked about no labels for every pod.
    if not rules.forgets_namespace_selector and selector_matches(selector, _NO_LABELS):
        return None
    known = nodes.namespaces or {}
    chosen = (name for name, labels in known.items() if selector_matches(selector, labels))
    return frozenset((*term.namespaces, *chosen))


def term_means(term: AffinityTerm, owner: PlacedPod, pod: SchedulingPod, labels: Mapping[str, str]) -> bool:
    """
    Whether a term of ``owner``, a pod on a node, means the pod to schedule.

    ``labels``: those of the namespace of the pod to schedule.
    """
    if term.namespace_selector is None:
        in_namespace = pod.namespace in (term.namespaces or (owner.namespace,))
    else:
        in_namespace = pod.namespace in term.namespaces or selector_matches(term.namespace_selector, labels)
    return in_namespace and selector_matches(term.selector, pod.labels)


def namespace_labels(pod: SchedulingPod, nodes: Nodes) -> Mapping[str, str]:
    """The labels of the pod's namespace; none where it is not known."""
    return (nodes.namespaces or {}).get(pod.namespace, _NO_LABELS)


def all_terms(affinity: PodAffinity) -> Iterator[AffinityTerm]:
    """All terms of a pod."""
    yield from affinity.required
    yield from affinity.preferred
    yield from affinity.required_anti
    yield from affinity.preferred_anti


def pods_of(terms: Sequence[OwnTerm], nodes: Nodes) -> Iterator[tuple[int, PlacedPod]]:
    """Yield the pods in the namespaces of any of the terms, with the positions of their nodes."""
    chosen: set[str] = set()
    for term in terms:
        chosen |= nodes.pods_by_namespace.keys() if term.namespaces is None else term.namespaces
    for namespace in chosen:
        yield from nodes.pods_by_namespace.get(namespace, ())
