"""
How much work a pod is: filters and scores are bounded by it, whoever wrote the pod.

Counted in conditions: one requirement, toleration, port, image or resource that is looked at once,
about a third of a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable

from extender.model.scheduling import AffinityTerm, LabelSelector, PodAffinity, SchedulingPod

WORK_LIMIT = 4_000_000
"""Conditions that one pod may cost, about a second. A pod as people write it costs under a tenth of it."""

_VALUES_PER_CONDITION = 16
"""Values of a requirement are compared by a built-in operation, which is quick."""


def pod_work(pod: SchedulingPod, *, nodes: int, pods_in_namespace: int, pods: int) -> int:
    """The most conditions that filters and scores look at because of what the pod itself says."""
    terms = [*(pod.required_nodes.terms if pod.required_nodes else ())]
    terms += [each.term for each in pod.preferred_nodes]
    requirements = [each for term in terms for each in (*term.expressions, *term.fields)]
    resources = pod.resources
    containers = (*resources.containers, *resources.init_containers)
    per_node = (
        sum(_size(len(each.values)) for each in requirements)
        + len(pod.node_selector or ())
        + len(pod.tolerations)
        + len(pod.host_ports)
        + len(pod.images)
        + len(pod.image_volumes)
        + len(pod.node_features)
        + len({name for each in containers for name, _ in each.requests})
        + 4 * len(pod.spread)
    )
    per_pod_in_namespace = sum(1 + selector_work(each.selector) for each in pod.spread)
    per_pod = affinity_work(pod.affinity) if pod.affinity else 0
    return per_node * nodes + per_pod_in_namespace * pods_in_namespace + per_pod * pods


def affinity_work(affinity: PodAffinity) -> int:
    """The conditions in the terms of pod affinity."""
    return _terms_work(
        affinity.required + affinity.preferred + affinity.required_anti + affinity.preferred_anti
    )


def selector_work(selector: LabelSelector | None) -> int:
    """The conditions in a label selector."""
    return sum(_size(len(each.values)) for each in selector.requirements) if selector else 0


def _terms_work(terms: Iterable[AffinityTerm]) -> int:
    return sum(
        1
        + selector_work(term.selector)
        + selector_work(term.namespace_selector)
        + len(term.namespaces) // _VALUES_PER_CONDITION
        for term in terms
    )


def _size(values: int) -> int:
    return 1 + values // _VALUES_PER_CONDITION
