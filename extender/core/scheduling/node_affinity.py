"""
NodeAffinity: the node selector of a pod, and its node affinity.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go and
k8s.io/component-helpers scheduling/corev1/nodeaffinity/nodeaffinity.go, v1.34 to v1.37.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from extender.model import NodeSelectorTerm
from extender.model.scheduling import SchedulingPod

from .labels import node_requirement_matches, valid_field_requirement, valid_requirement
from .node_info import Nodes
from .plugin import Column, PluginScores, default_normalised
from .reasons import FilterCode, filter_reason

NAME = "NodeAffinity"

_REFUSED = filter_reason(FilterCode.NODE_AFFINITY)
_NAME_FIELD = "metadata.name"


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
        terms = [term for term in pod.required_nodes.terms if valid_term(term)]
    keys = {*selector, *_keys(terms or ())}

    def judge(name: str, labels: Mapping[str, str]) -> bool:
        if any(labels.get(key) != value for key, value in selector.items()):
            return False
        return terms is None or any(_term_matches(term, name, labels) for term in terms)

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
    preferred = [each for each in pod.preferred_nodes if each.weight and not _empty(each.term)]
    keys = _keys(each.term for each in preferred)
    by_name = any(each.term.fields for each in preferred)
    known: dict[tuple[str | None, ...], int] = {}
    raw = []
    for position in feasible:
        node = nodes.infos[position].node
        key = (node.name if by_name else None, *(node.labels.get(key) for key in keys))
        if key not in known:
            known[key] = sum(
                each.weight for each in preferred if _term_matches(each.term, node.name, node.labels)
            )
        raw.append(known[key])
    return default_normalised(raw)


def valid_preferences(pod: SchedulingPod) -> bool:
    """Whether the scheduler can parse the preferred terms; else it fails the attempt."""
    return all(not each.weight or _empty(each.term) or valid_term(each.term) for each in pod.preferred_nodes)


def valid_term(term: NodeSelectorTerm) -> bool:
    """Whether a term can be parsed and is not empty: an empty one matches nothing."""
    return (
        not _empty(term)
        and all(valid_requirement(requirement) for requirement in term.expressions)
        and all(valid_field_requirement(requirement) for requirement in term.fields)
    )


def _empty(term: NodeSelectorTerm) -> bool:
    return not term.expressions and not term.fields


def _term_matches(term: NodeSelectorTerm, name: str, labels: Mapping[str, str]) -> bool:
    fields = {_NAME_FIELD: name}
    return all(node_requirement_matches(each, labels) for each in term.expressions) and all(
        (fields.get(each.key, "") in each.values) == (each.operator == "In") for each in term.fields
    )


def _keys(terms: Iterable[NodeSelectorTerm]) -> tuple[str, ...]:
    return tuple(sorted({each.key for term in terms for each in term.expressions}))
