"""
Which nodes a slice, a device or an allocated claim belongs to.

Source: k8s.io/component-helpers scheduling/corev1/nodeaffinity nodeaffinity.go
and k8s.io/dynamic-resource-allocation structured/internal/incubating
pools_incubating.go NodeMatches, v0.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extender.model import Node, NodeRequirement, NodeSelector, ResourceSlice

HOSTNAME = "kubernetes.io/hostname"


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
    selectors = [selector for name, _, selector in targets if selector is not None and not name]
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
        for device in slice_.devices:
            yield device.traits.node_name, device.traits.all_nodes, device.traits.node_selector
    yield slice_.node_name, slice_.all_nodes, slice_.node_selector


def selector_matches(selector: NodeSelector, node: Node) -> bool:
    """
    Terms are ORed; a term without requirements matches nothing.

    Every requirement is checked for validity first, also those that would not
    be reached. Raises ``NodeSelectorError`` naming the requirement.
    """
    for term in selector.terms:
        for requirement in term.expressions:
            _validate(requirement)
        for requirement in term.fields:
            _validate_field(requirement)
    fields = {"metadata.name": node.name}
    return any(
        (term.expressions or term.fields)
        and all(requirement_matches(requirement, node.labels) for requirement in term.expressions)
        and all(requirement_matches(requirement, fields) for requirement in term.fields)
        for term in selector.terms
    )


def _validate(requirement: NodeRequirement) -> None:
    operator, values = requirement.operator, requirement.values
    if operator in ("In", "NotIn"):
        valid = len(values) > 0
    elif operator in ("Exists", "DoesNotExist"):
        valid = not values
    elif operator in ("Gt", "Lt"):
        valid = len(values) == 1 and _integer(values[0]) is not None
    else:
        valid = False
    if not valid:
        raise NodeSelectorError(f"{requirement.key}: operator {operator!r} with values {list(values)}")


def _validate_field(requirement: NodeRequirement) -> None:
    if requirement.operator not in ("In", "NotIn") or len(requirement.values) != 1:
        raise NodeSelectorError(
            f"field {requirement.key}: operator {requirement.operator!r} "
            f"with values {list(requirement.values)}"
        )


def requirement_matches(requirement: NodeRequirement, labels: Mapping[str, str]) -> bool:
    """Whether labels meet a valid requirement (``Requirement.Matches`` of apimachinery pkg/labels, v0.36)."""
    present = requirement.key in labels
    value = labels.get(requirement.key, "")
    match requirement.operator:
        case "In":
            return present and value in requirement.values
        case "NotIn":
            return not present or value not in requirement.values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case _:
            actual, wanted = _integer(value) if present else None, _integer(requirement.values[0])
            if actual is None or wanted is None:
                return False
            return actual > wanted if requirement.operator == "Gt" else actual < wanted


def _integer(text: str) -> int | None:
    """An integer as Go's ParseInt reads it: no spaces, no underscores."""
    digits = text[1:] if text[:1] in "+-" else text
    return int(text) if digits.isascii() and digits.isdigit() else None
