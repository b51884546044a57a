"""
What of a pod, or of what it meets, is not modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from extender.model.scheduling import AffinityTerm, LabelSelector, SchedulingPod

from .affinity_terms import all_terms
from .labels import valid_selector
from .node_affinity import valid_preferences
from .node_info import NON_ZERO_REQUESTS, Nodes
from .node_resources_fit import pod_request
from .reasons import NotModelled, NotModelledCode, not_modelled
from .rules import SchedulingRules
from .scoring_strategy import ScoringStrategy
from .work import WORK_LIMIT, pod_work

_SELECTING_OWNERS = frozenset(
    {("v1", "ReplicationController"), ("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet")}
)


def filters_not_modelled(pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules) -> tuple[NotModelled, ...]:
    """Why we cannot say where the pod may go; empty where we can."""
    return tuple(_filters(pod, nodes, rules))


def _filters(pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules) -> Iterator[NotModelled]:
    conditions = nodes.affinity_conditions + pod_work(
        pod,
        nodes=len(nodes.infos),
        pods_in_namespace=len(nodes.pods_by_namespace.get(pod.namespace, ())),
        # Terms are compared with namespaces, too.
        pods=sum(len(pods) for pods in nodes.pods_by_namespace.values()) + len(nodes.namespaces or ()),
    )
    if conditions > WORK_LIMIT:
        # The other checks look at every condition, too.
        yield not_modelled(NotModelledCode.TOO_MUCH_WORK, conditions=conditions, limit=WORK_LIMIT)
        return
    if not rules.known:
        yield not_modelled(NotModelledCode.RELEASE, minor=rules.minor)
    if pod.gated:
        yield not_modelled(NotModelledCode.SCHEDULING_GATES)
    if pod.grouped:
        yield not_modelled(NotModelledCode.POD_GROUP)
    if pod.volumes:
        yield not_modelled(NotModelledCode.VOLUMES, volumes=", ".join(pod.volumes))
    own = tuple(all_terms(pod.affinity)) if pod.affinity else ()
    if not valid_preferences(pod):
        yield not_modelled(NotModelledCode.INVALID_SELECTOR, where="spec.affinity.nodeAffinity")
    if not all(valid_selector(each) for each in _selectors(own)):
        yield not_modelled(NotModelledCode.INVALID_SELECTOR, where="spec.affinity")
    if not all(valid_selector(each.selector) for each in pod.spread):
        yield not_modelled(NotModelledCode.INVALID_SELECTOR, where="spec.topologySpreadConstraints")
    if _too_large(pod, rules):
        yield not_modelled(NotModelledCode.AMOUNT_TOO_LARGE)
    if nodes.namespaces is None and any(_selects_namespaces(term) for term in (*own, *_placed_terms(nodes))):
        yield not_modelled(NotModelledCode.NAMESPACE_LABELS)


def scores_not_modelled(
    pod: SchedulingPod, strategy: ScoringStrategy, dra_resources: AbstractSet[str]
) -> tuple[NotModelled, ...]:
    """Why the scores are incomplete where the filters are not; empty where they are complete."""
    found = []
    if not pod.spread and (pod.labels or _owner_selects(pod)):
        found.append(not_modelled(NotModelledCode.DEFAULT_SPREAD))
    found += [
        not_modelled(NotModelledCode.SCORED_DRA_RESOURCE, resource=name)
        for name, _ in strategy.resources
        if name in dra_resources
    ]
    return tuple(found)


def _owner_selects(pod: SchedulingPod) -> bool:
    return pod.owner is not None and (pod.owner.api_version, pod.owner.kind) in _SELECTING_OWNERS


def _too_large(pod: SchedulingPod, rules: SchedulingRules) -> bool:
    if pod_request(pod, rules).too_large:
        return True
    containers = len(pod.resources.containers) + len(pod.resources.init_containers)
    return containers * NON_ZERO_REQUESTS["memory"] > 2**63 * 10**9


def _selectors(terms: Iterable[AffinityTerm]) -> Iterator[LabelSelector | None]:
    for term in terms:
        yield term.selector
        yield term.namespace_selector


def _selects_namespaces(term: AffinityTerm) -> bool:
    return term.namespace_selector is not None and bool(term.namespace_selector.requirements)


def _placed_terms(nodes: Nodes) -> Iterator[AffinityTerm]:
    for position in nodes.with_affinity:
        for pod in nodes.infos[position].pods:
            if pod.affinity is not None:
                yield from all_terms(pod.affinity)
