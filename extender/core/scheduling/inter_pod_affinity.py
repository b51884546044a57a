"""
InterPodAffinity: pods that have to be, or had better be, near other pods or away from them.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/interpodaffinity/filtering.go and
scoring.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from extender.model.scheduling import AffinityTerm, PodAffinity, SchedulingPod

from .affinity_terms import OwnTerm, namespace_labels, own_terms, pods_of, term_means
from .node_info import Nodes, PlacedPod
from .plugin import MAX_NODE_SCORE, Column, PluginScores
from .reasons import FilterCode, FilterReason, filter_reason
from .rules import SchedulingRules

NAME = "InterPodAffinity"

HARD_POD_AFFINITY_WEIGHT = 1
"""Source: k8s.io/kubernetes pkg/scheduler/apis/config/v1/defaults.go, v1.34 to v1.38.0-beta.0."""

_Domain = tuple[str, str]
"""A topology key and a node's value of it."""

_NO_AFFINITY = PodAffinity()
_NOT_NEAR = filter_reason(FilterCode.POD_AFFINITY)
_NOT_AWAY = filter_reason(FilterCode.POD_ANTI_AFFINITY)
_NOT_WANTED = filter_reason(FilterCode.EXISTING_ANTI_AFFINITY)


def filter_nodes(pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules) -> Column | None:
    """
    Whether a node's domains have a pod to be near and none to avoid, of either side's terms.

    ``None`` where neither the pod nor a pod that means it has required terms.
    """
    affinity = pod.affinity or _NO_AFFINITY
    required = own_terms(affinity.required, pod, nodes, rules)
    avoided = own_terms(affinity.required_anti, pod, nodes, rules)
    unwanted = _domains_that_avoid(pod, nodes)
    if not required and not avoided and not unwanted:
        return None
    near, away = _domains_near(required, nodes), _domains_to_avoid(avoided, nodes)
    # The first of several pods that want to be near each other finds none of them anywhere.
    is_first = not near and all(term.matches(pod.namespace, pod.labels) for term in required)
    keys = sorted(
        {term.topology_key for term in (*required, *avoided)} | {key for key, _ in (*unwanted, *away)}
    )
    known: dict[tuple[str | None, ...], FilterReason | None] = {}
    column = []
    for info in nodes.infos:
        values = tuple(info.node.labels.get(key) for key in keys)
        if values not in known:
            here = {(key, value) for key, value in zip(keys, values, strict=True) if value is not None}
            known[values] = _judge(here, required, is_first=is_first, near=near, away=away, unwanted=unwanted)
        column.append(known[values])
    return column


def _judge(
    here: set[_Domain],
    required: Sequence[OwnTerm],
    *,
    is_first: bool,
    near: set[_Domain],
    away: set[_Domain],
    unwanted: set[_Domain],
) -> FilterReason | None:
    values = dict(here)
    if any(term.topology_key not in values for term in required):
        return _NOT_NEAR
    if not is_first and any((term.topology_key, values[term.topology_key]) not in near for term in required):
        return _NOT_NEAR
    if away & here:
        return _NOT_AWAY
    return _NOT_WANTED if unwanted & here else None


def _domains_that_avoid(pod: SchedulingPod, nodes: Nodes) -> set[_Domain]:
    """The domains with a pod that has to avoid this one."""
    labels = namespace_labels(pod, nodes)
    return {
        (term.topology_key, value)
        for position, owner, affinity in _pods_with_affinity(nodes)
        for term in affinity.required_anti
        if (value := nodes.infos[position].node.labels.get(term.topology_key)) is not None
        and term_means(term, owner, pod, labels)
    }


def _domains_near(required: Sequence[OwnTerm], nodes: Nodes) -> set[_Domain]:
    """The domains of pods that all required terms mean."""
    domains: set[_Domain] = set()
    if not required:
        return domains
    for position, other in pods_of(required, nodes):
        if all(term.matches(other.namespace, other.labels) for term in required):
            domains.update(_domains_at(position, required, nodes))
    return domains


def _domains_to_avoid(avoided: Sequence[OwnTerm], nodes: Nodes) -> set[_Domain]:
    """For each term, the domains of pods that it means."""
    domains: set[_Domain] = set()
    for term in avoided:
        for position, other in pods_of((term,), nodes):
            if term.matches(other.namespace, other.labels):
                domains.update(_domains_at(position, (term,), nodes))
    return domains


def _domains_at(position: int, terms: Iterable[OwnTerm], nodes: Nodes) -> Iterator[_Domain]:
    labels = nodes.infos[position].node.labels
    return ((term.topology_key, labels[term.topology_key]) for term in terms if term.topology_key in labels)


def _pods_with_affinity(nodes: Nodes) -> Iterator[tuple[int, PlacedPod, PodAffinity]]:
    for position in nodes.with_affinity:
        for pod in nodes.infos[position].pods:
            if pod.affinity is not None:
                yield position, pod, pod.affinity


def score_nodes(
    pod: SchedulingPod, nodes: Nodes, feasible: Sequence[int], rules: SchedulingRules
) -> PluginScores | None:
    """The weights of the preferred terms of either side that a node's domains meet, less those to avoid."""
    weights = Counter[_Domain]()
    touched = False
    affinity = pod.affinity or _NO_AFFINITY
    for terms, sign in ((affinity.preferred, 1), (affinity.preferred_anti, -1)):
        for own in own_terms(terms, pod, nodes, rules):
            for position, other in pods_of((own,), nodes):
                if own.matches(other.namespace, other.labels):
                    for domain in _domains_at(position, (own,), nodes):
                        touched = True
                        weights[domain] += sign * own.weight
    labels = namespace_labels(pod, nodes)
    for position, owner, theirs in _pods_with_affinity(nodes):
        here = nodes.infos[position].node.labels
        for term, weight in _weighted(theirs):
            value = here.get(term.topology_key)
            if value is not None and term_means(term, owner, pod, labels):
                touched = True
                weights[term.topology_key, value] += weight
    if not touched:
        return None
    keys = sorted({key for key, _ in weights})
    known: dict[tuple[str | None, ...], int] = {}
    raw = []
    for position in feasible:
        of_node = nodes.infos[position].node.labels
        values = tuple(of_node.get(key) for key in keys)
        if values not in known:
            known[values] = sum(
                weights.get((key, value), 0)
                for key, value in zip(keys, values, strict=True)
                if value is not None
            )
        raw.append(known[values])
    return _normalised(raw)


def _weighted(affinity: PodAffinity) -> Iterator[tuple[AffinityTerm, int]]:
    """What the terms of a pod on a node add for the pod that they mean."""
    for term in affinity.required:
        yield term, HARD_POD_AFFINITY_WEIGHT
    for term in affinity.preferred:
        yield term, term.weight
    for term in affinity.preferred_anti:
        yield term, -term.weight


def _normalised(raw: Sequence[int]) -> PluginScores:
    """The least gets 0 and the most 100; all 0 where they are equal."""
    least, most = min(raw, default=0), max(raw, default=0)
    spread = most - least
    if spread == 0:
        return PluginScores(raw, [0] * len(raw))
    return PluginScores(
        raw, [int(float(MAX_NODE_SCORE) * (float(score - least) / float(spread))) for score in raw]
    )
