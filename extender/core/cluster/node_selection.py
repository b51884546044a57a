"""
Which nodes a slice, a device, an allocated claim or the affinity of a pod is for.

Source: k8s.io/component-helpers scheduling/corev1/nodeaffinity nodeaffinity.go, k8s.io/apimachinery
pkg/labels/selector.go and k8s.io/dynamic-resource-allocation structured/internal/incubating
pools_incubating.go NodeMatches, v0.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extender.model import Node, NodeRequirement, NodeSelector, NodeSelectorTerm, ResourceSlice
from extender.model.integers import parse_int64
from extender.model.scheduling import LabelRequirement

HOSTNAME = "kubernetes.io/hostname"
_NAME_FIELD = "metadata.name"

Anchor = tuple[str, str]
"""A label of a node with its value, or ``NAME_ANCHOR`` with the node's name."""

NAME_ANCHOR = ""


class NodeSelectorError(ValueError):
    """A node selector that Kubernetes refuses to parse; fatal for the attempt upstream."""


def node_matches(node: Node, node_name: str, all_nodes: bool, selector: NodeSelector | None) -> bool:
    """Apply the first rule that is set; with none set nothing matches."""
    if node_name:
        return node.name == node_name
    if all_nodes:
        return True
    return selector is not None and selector_matches(selector, node)


def ties_to(selector: NodeSelector | None, node: Node) -> bool:
    """
    Whether a selector that matches the node can match no other: each of its terms names the node.

    A term does so by the field ``metadata.name``, or by the label ``kubernetes.io/hostname``, which the
    kubelet gives to each node and which is unique where hostnames are.
    """
    return selector is not None and all(
        any(each.operator == "In" and each.values == (node.name,) for each in term.fields)
        or any(
            each.key == HOSTNAME and each.operator == "In" and each.values == (node.labels.get(HOSTNAME),)
            for each in term.expressions
        )
        for term in selector.terms
        if term.expressions or term.fields
    )


def anchors_of(selector: NodeSelector) -> frozenset[Anchor] | None:
    """
    Anchors of which each node that the selector matches has one; ``None`` where there may be others.

    So it is for a selector that Kubernetes refuses to parse, too, and then every node that looks at it fails.
    """
    anchors: set[Anchor] = set()
    for term in selector.terms:
        if not term_parses(term):
            return None
        names = [each.values[0] for each in term.fields if (each.key, each.operator) == (_NAME_FIELD, "In")]
        labels = [each for each in term.expressions if each.operator == "In"]
        if names:
            anchors.add((NAME_ANCHOR, names[0]))
        elif labels:
            anchors.update((labels[0].key, value) for value in labels[0].values)
        elif not is_empty(term):
            return None
    return frozenset(anchors)


def nodes_targeted(slices: Iterable[ResourceSlice], nodes: Iterable[Node]) -> set[str] | None:
    """
    Names of all nodes that any of the slices or their devices may be for; ``None``: of all.

    Names that slices give are taken as they are. An invalid selector is fatal on
    every node that looks at it, so it may be for all.
    """
    targets = {target for slice_ in slices for target in _targets(slice_)}
    if any(all_nodes and not name for name, all_nodes, _ in targets):
        return None
    names = {name for name, _, _ in targets if name}
    selectors = []
    for name, _, selector in targets:
        if selector is None or name:
            continue
        anchors = anchors_of(selector)
        if anchors is not None and all(key == NAME_ANCHOR for key, _ in anchors):
            names |= {value for _, value in anchors}
        else:
            selectors.append(selector)
    if not selectors:
        return names
    try:
        for node in nodes:
            if any(selector_matches(selector, node) for selector in selectors):
                names.add(node.name)
    except NodeSelectorError:
        return None
    return names


def _targets(slice_: ResourceSlice) -> Iterable[tuple[str, bool, NodeSelector | None]]:
    """What ``node_matches`` is asked about the slice."""
    if slice_.per_device_node_selection:
        for traits in slice_.devices.traits.distinct:
            yield traits.node_name, traits.all_nodes, traits.node_selector
    yield slice_.node_name, slice_.all_nodes, slice_.node_selector


def selector_matches(selector: NodeSelector, node: Node) -> bool:
    """
    Terms are ORed; a term without requirements matches nothing.

    Every requirement is checked for validity first, also those that would not
    be reached. Raises ``NodeSelectorError`` naming the requirement.
    """
    for term in selector.terms:
        for requirement in term.expressions:
            if not requirement.parses:
                raise _error(requirement.key, requirement)
        for requirement in term.fields:
            if not _field_parses(requirement):
                raise _error(f"field {requirement.key}", requirement)
    return any(not is_empty(term) and term_matches(term, node.name, node.labels) for term in selector.terms)


def is_empty(term: NodeSelectorTerm) -> bool:
    """Whether a term has no requirements: such a term matches nothing."""
    return not term.expressions and not term.fields


def term_parses(term: NodeSelectorTerm) -> bool:
    """Whether the scheduler takes all requirements of a term."""
    return all(requirement.parses for requirement in term.expressions) and all(
        _field_parses(requirement) for requirement in term.fields
    )


def term_matches(term: NodeSelectorTerm, name: str, labels: Mapping[str, str]) -> bool:
    """Whether a node meets all requirements of a term that parses. The only field is ``metadata.name``."""
    return all(requirement_matches(requirement, labels) for requirement in term.expressions) and all(
        (requirement.values[0] == (name if requirement.key == _NAME_FIELD else ""))
        == (requirement.operator == "In")
        for requirement in term.fields
    )


def _field_parses(requirement: NodeRequirement) -> bool:
    return requirement.operator in ("In", "NotIn") and len(requirement.values) == 1


def _error(what: str, requirement: NodeRequirement) -> NodeSelectorError:
    return NodeSelectorError(
        f"{what}: operator {requirement.operator!r} with values {list(requirement.values)}"
    )


def requirement_matches(requirement: NodeRequirement | LabelRequirement, labels: Mapping[str, str]) -> bool:
    """Whether labels meet a requirement that parses."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            actual = None if value is None else parse_int64(value)
            wanted = parse_int64(requirement.values[0])
            if actual is None or wanted is None:
                return False
            return actual > wanted if requirement.operator == "Gt" else actual < wanted
