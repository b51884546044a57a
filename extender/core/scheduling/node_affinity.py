"""
NodeAffinity: the node selector of a pod, and its node affinity.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go and
k8s.io/component-helpers scheduling/corev1/nodeaffinity/nodeaffinity.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from extender.model import NodeSelectorTerm
from extender.model.scheduling import SchedulingPod

from ..cluster.node_selection import is_empty, term_matches, term_parses
from .node_info import Nodes
from .plugin import Column, PluginScores, default_normalised
from .reasons import FilterCode, filter_reason

NAME = "NodeAffinity"

_REFUSED = filter_reason(FilterCode.NODE_AFFINITY)


def filter_nodes(pod: SchedulingPod, nodes: Nodes) -> Column | None:
    """Nodes that are equal in the labels that the pod asks for are judged once."""
    matches = required_matches(pod, nodes)
    if matches is None:
        return None
    return [None if matching else _REFUSED for matching in matches]


def required_matches(pod: SchedulingPod, nodes: Nodes) -> list[bool] | None:
    """
    Whether each node matches node selector and required node affinity; ``None``: the pod has neither.

    A term that cannot be parsed matches nothing; upstream ignores the error.
    """
    if not pod.node_selector and pod.required_nodes is None:
        return None
    selector = dict(pod.node_selector or ())
    terms = None
    if pod.required_nodes is not None:
        terms = [term for term in pod.required_nodes.terms if term_parses(term) and not is_empty(term)]
    keys = {*selector, *_keys(terms or ())}

    def judge(name: str, labels: Mapping[str, str]) -> bool:
        if any(labels.get(key) != value for key, value in selector.items()):
            return False
        return terms is None or any(term_matches(term, name, labels) for term in terms)

    by_name = any(term.fields for term in terms or ())
    known: dict[tuple[str | None, ...], bool] = {}
    matches = []
    for info in nodes.infos:
        name, labels = info.node.name, info.node.labels
        # A name tells nodes apart, labels that are asked for mostly do not.
        key = (name if by_name else None, *(labels.get(key) for key in keys))
        if key not in known:
            known[key] = judge(name, labels)
        matches.append(known[key])
    return matches


def score_nodes(pod: SchedulingPod, nodes: Nodes, feasible: Sequence[int]) -> PluginScores | None:
    """The sum of the weights of the preferred terms that match; all of them must be valid."""
    if not pod.preferred_nodes:
        return None
    preferred = [each for each in pod.preferred_nodes if each.weight and not is_empty(each.term)]
    keys = _keys(each.term for each in preferred)
    by_name = any(each.term.fields for each in preferred)
    known: dict[tuple[str | None, ...], int] = {}
    raw = []
    for position in feasible:
        node = nodes.infos[position].node
        key = (node.name if by_name else None, *(node.labels.get(key) for key in keys))
        if key not in known:
            known[key] = sum(
                each.weight for each in preferred if term_matches(each.term, node.name, node.labels)
            )
        raw.append(known[key])
    return default_normalised(raw)


def valid_preferences(pod: SchedulingPod) -> bool:
    """Whether the scheduler can parse the preferred terms; else it fails the attempt."""
    return all(not each.weight or term_parses(each.term) for each in pod.preferred_nodes)


def _keys(terms: Iterable[NodeSelectorTerm]) -> tuple[str, ...]:
    return tuple(sorted({each.key for term in terms for each in term.expressions}))
