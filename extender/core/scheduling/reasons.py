"""
Why the default scheduler would not accept a node, and what we do not model: codes and texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..messages import Message, params_of, rendered


class FilterCode(StrEnum):
    """Why a filter plugin refuses a node; the template of a code names its parameters."""

    NODE_UNSCHEDULABLE = "node-unschedulable"
    NODE_NAME = "node-name"
    TAINT = "taint"
    NODE_AFFINITY = "node-affinity"
    HOST_PORT = "host-port"
    TOO_MANY_PODS = "too-many-pods"
    INSUFFICIENT_RESOURCE = "insufficient-resource"
    SPREAD_LABEL_MISSING = "spread-label-missing"
    SPREAD_SKEW = "spread-skew"
    POD_AFFINITY = "pod-affinity"
    POD_ANTI_AFFINITY = "pod-anti-affinity"
    EXISTING_ANTI_AFFINITY = "existing-anti-affinity"
    NODE_FEATURE = "node-feature"
    # No opinion: the numbers are beyond what upstream's arithmetic holds.
    NODE_AMOUNT_TOO_LARGE = "node-amount-too-large"


FILTER_TEMPLATES: dict[FilterCode, str] = {
    FilterCode.NODE_UNSCHEDULABLE: "the node is unschedulable (cordoned)",
    FilterCode.NODE_NAME: "the pod names another node: {node}",
    FilterCode.TAINT: "the node has taint {taint}, which the pod does not tolerate",
    FilterCode.NODE_AFFINITY: "the node does not match the pod's node selector or node affinity",
    FilterCode.HOST_PORT: "a host port of the pod is taken on the node",
    FilterCode.TOO_MANY_PODS: "the node has as many pods as it may have",
    FilterCode.INSUFFICIENT_RESOURCE: "the node has too little {resource} left",
    FilterCode.SPREAD_LABEL_MISSING: "the node lacks label {label} of a topology spread constraint",
    FilterCode.SPREAD_SKEW: "the pod would be spread too unevenly over {label}",
    FilterCode.POD_AFFINITY: "no pod that the pod has to be near is in the node's topology domain",
    FilterCode.POD_ANTI_AFFINITY: "a pod that the pod has to avoid is in the node's topology domain",
    FilterCode.EXISTING_ANTI_AFFINITY: "a pod in the node's topology domain has to avoid this one",
    FilterCode.NODE_FEATURE: "the node does not declare feature {feature}, which the pod needs",
    FilterCode.NODE_AMOUNT_TOO_LARGE: (
        "not modelled: the node's resources, or those of a pod on it, are too large for 64 bits"
    ),
}


class NotModelledCode(StrEnum):
    """What of a pod we do not model; ``scores`` alone is affected where the text says so."""

    SCHEDULING_GATES = "scheduling-gates"
    POD_GROUP = "pod-group"
    VOLUMES = "volumes"
    INVALID_SELECTOR = "invalid-selector"
    AMOUNT_TOO_LARGE = "amount-too-large"
    NAMESPACE_LABELS = "namespace-labels"
    TOO_MUCH_WORK = "too-much-work"
    RELEASE = "release"
    DEFAULT_SPREAD = "default-spread"
    SCORED_DRA_RESOURCE = "scored-dra-resource"


NOT_MODELLED_TEMPLATES: dict[NotModelledCode, str] = {
    NotModelledCode.SCHEDULING_GATES: "the pod has scheduling gates: no scheduler looks at it yet",
    NotModelledCode.POD_GROUP: "the pod is in a pod group, which is scheduled as a whole",
    NotModelledCode.VOLUMES: "the pod has volumes that decide about nodes: {volumes}",
    NotModelledCode.INVALID_SELECTOR: "the scheduler cannot parse a selector in {where}",
    NotModelledCode.AMOUNT_TOO_LARGE: "the pod requests more than 64 bits hold",
    NotModelledCode.TOO_MUCH_WORK: (
        "{conditions} conditions of the pod, or of pods on nodes, are too many to look at (limit {limit})"
    ),
    NotModelledCode.RELEASE: "the default scheduler of Kubernetes {minor} is not modelled",
    NotModelledCode.NAMESPACE_LABELS: "a namespace selector of pod affinity needs labels that are not known",
    NotModelledCode.DEFAULT_SPREAD: (
        "scores only: the services and controllers that select the pod are not known, "
        "so its default topology spread is not either"
    ),
    NotModelledCode.SCORED_DRA_RESOURCE: (
        "scores only: the scoring strategy rates {resource}, which a device class backs"
    ),
}

SCORES_ONLY = frozenset({NotModelledCode.DEFAULT_SPREAD, NotModelledCode.SCORED_DRA_RESOURCE})
"""What leaves the filters as they are."""


@dataclass(frozen=True, slots=True)
class FilterReason(Message[FilterCode]):
    """Why a node is refused."""


@dataclass(frozen=True, slots=True)
class NotModelled(Message[NotModelledCode]):
    """What of a pod is not modelled."""


def filter_reason(code: FilterCode, **params: object) -> FilterReason:
    """Build a reason; see ``params_of``."""
    return FilterReason(code, params_of(params))


def not_modelled(code: NotModelledCode, **params: object) -> NotModelled:
    """Build a reason; see ``params_of``."""
    return NotModelled(code, params_of(params))


def render_filter(value: FilterReason) -> str:
    """The reason as one sentence for people."""
    return rendered(value, FILTER_TEMPLATES)


def render_not_modelled(value: NotModelled) -> str:
    """The reason as one sentence for people."""
    return rendered(value, NOT_MODELLED_TEMPLATES)
