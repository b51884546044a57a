"""
Topology spread constraints: which nodes and pods count for one.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/podtopologyspread/common.go, v1.34 to
v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from extender.model import Taint
from extender.model.scheduling import (
    LabelRequirement,
    LabelSelector,
    SchedulingPod,
    SelectorOperator,
    SpreadConstraint,
)

from .labels import selector_matches
from .node_affinity import required_matches
from .node_info import Nodes
from .rules import SchedulingRules
from .taint_toleration import tolerated

NAME = "PodTopologySpread"

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"

DEFAULT_CONSTRAINTS = (
    SpreadConstraint(HOSTNAME, 3, required=False),
    SpreadConstraint(ZONE, 5, required=False),
)
"""What pods without constraints get (``systemDefaultConstraints``, plugin.go, v1.36): for scores alone."""


def default_selector(
    pod: SchedulingPod, services: Iterable[Mapping[str, str]], controller: LabelSelector | None = None
) -> LabelSelector | None:
    """
    What selects a pod: the services of its namespace that do, and its controller; ``None``: nothing.

    ``services``: the selectors of all services in the pod's namespace that have one. ``controller``: the
    selector of the ReplicationController, ReplicaSet or StatefulSet that owns the pod.

    Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/helper/spread.go DefaultSelector,
    v1.34 to v1.38.0-beta.0.
    """
    merged: dict[str, str] = {}
    for selector in services:
        if all(pod.labels.get(key) == value for key, value in selector.items()):
            merged |= selector
    requirements = tuple(
        LabelRequirement(key, SelectorOperator.IN, (value,)) for key, value in sorted(merged.items())
    )
    if controller is not None:
        requirements += controller.requirements
    return LabelSelector(requirements) if requirements else None


def constraints_of(pod: SchedulingPod, *, required: bool) -> tuple[SpreadConstraint, ...]:
    """The pod's hard or soft constraints, with the values of ``matchLabelKeys`` in their selectors."""
    return tuple(_with_label_keys(each, pod.labels) for each in pod.spread if each.required is required)


def has_all_keys(labels: Mapping[str, str], constraints: Sequence[SpreadConstraint]) -> bool:
    """``nodeLabelsMatchSpreadConstraints``."""
    return all(constraint.topology_key in labels for constraint in constraints)


def inclusion(pod: SchedulingPod, nodes: Nodes) -> Callable[[SpreadConstraint, int], bool]:
    """Return whether a constraint's inclusion policies let the node at a position count."""
    affinity = required_matches(pod, nodes)
    known: dict[tuple[Taint, ...], bool] = {}

    def included(constraint: SpreadConstraint, position: int) -> bool:
        if constraint.honor_affinity and affinity is not None and not affinity[position]:
            return False
        if not constraint.honor_taints:
            return True
        taints = nodes.infos[position].node.taints
        if taints not in known:
            known[taints] = tolerated(taints, pod.tolerations)
        return known[taints]

    return included


def matching_pods(
    selector: LabelSelector | None, namespace: str, nodes: Nodes, rules: SchedulingRules
) -> Iterator[int]:
    """
    Yield the position of a node once for each pod on it that counts (``countPodsMatchSelector``).

    A selector without requirements counts none, or all with ``spread_counts_all``.
    """
    if selector is None or not (selector.requirements or rules.spread_counts_all):
        return
    for position, pod in nodes.pods_by_namespace.get(namespace, ()):
        if not pod.deleting and selector_matches(selector, pod.labels):
            yield position


def _with_label_keys(constraint: SpreadConstraint, labels: Mapping[str, str]) -> SpreadConstraint:
    added = tuple(
        LabelRequirement(key, SelectorOperator.IN, (labels[key],))
        for key in constraint.match_label_keys
        if key in labels
    )
    if not added or constraint.selector is None:
        return constraint
    return replace(constraint, selector=LabelSelector((*added, *constraint.selector.requirements)))
