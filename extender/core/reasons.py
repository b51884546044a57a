"""
Why a node got its verdict: the codes, and the text of each.

The codes are a public contract (the explanation's ``reason``) and are documented in
``docs/explain.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .messages import Message, params_of, rendered


class ReasonCode(StrEnum):
    """Every reason there is; the template of a code names its parameters."""

    # unschedulable
    NO_FIT = "no-fit"
    INVALID_POOL = "invalid-pool"
    ALL_POOL_NOT_READY = "all-pool-not-ready"
    CLASS_MISSING = "class-missing"
    CLAIM_ELSEWHERE = "claim-elsewhere"
    CLAIM_IN_USE = "claim-in-use"
    CLAIM_LISTED_TWICE = "claim-listed-twice"
    CLAIM_DELETING = "claim-deleting"
    CLAIM_NOT_OWNED = "claim-not-owned"
    BINDING_FAILED = "binding-failed"
    STALE_EXTENDED_CLAIM = "stale-extended-claim"
    EXTENDED_RESOURCE_MISSING = "extended-resource-missing"
    FEATURE_DISABLED = "feature-disabled"
    # error: upstream aborts the whole attempt
    CEL_ERROR = "cel-error"
    DERIVED_ATTRIBUTE = "derived-attribute"
    UNUSABLE_VALUE = "unusable-value"
    NEGATIVE_AMOUNT = "negative-amount"
    CAPACITY = "capacity"
    INVALID_POOL_FATAL = "invalid-pool-fatal"
    TOO_MANY_DEVICES = "too-many-devices"
    ALL_INCOMPLETE_POOL = "all-incomplete-pool"
    ALL_CONSTRAINT = "all-constraint"
    UNSUPPORTED_REQUEST = "unsupported-request"
    NODE_SELECTOR = "node-selector"
    # unknown: no opinion
    CLAIM_MISSING = "claim-missing"
    CLAIM_UNREADABLE = "claim-unreadable"
    ALLOCATION_UNREADABLE = "allocation-unreadable"
    NODE_UNKNOWN = "node-unknown"
    SEARCH_BUDGET = "search-budget"
    REQUEST_BUDGET = "request-budget"
    REQUEST_WORK = "request-work"
    CEL_UNKNOWN = "cel-unknown"
    BINDING_WAITING = "binding-waiting"
    NOT_MODELLED = "not-modelled"
    SCORE_FAILS = "score-fails"


TEMPLATES: dict[ReasonCode, str] = {
    ReasonCode.NO_FIT: "no set of free devices on this node satisfies all claims of the pod",
    ReasonCode.INVALID_POOL: "no free devices fit, and pool {pool} is invalid: {detail}",
    ReasonCode.ALL_POOL_NOT_READY: (
        "request {request} asks for all devices while pool {pool} is {state}, so this node fails"
    ),
    ReasonCode.CLASS_MISSING: "request {request}: device class {class} does not exist",
    ReasonCode.CLAIM_ELSEWHERE: "claim {claim} is already allocated, and not for this node",
    ReasonCode.CLAIM_IN_USE: "claim {claim} is allocated and has no room for another consumer",
    ReasonCode.CLAIM_LISTED_TWICE: "the pod lists claim {claim} twice, which can never be reserved",
    ReasonCode.CLAIM_DELETING: "claim {claim} is being deleted",
    ReasonCode.CLAIM_NOT_OWNED: "claim {claim} was made from a template, but for another pod",
    ReasonCode.BINDING_FAILED: "a device of claim {claim} could not be made ready for the pod's node",
    ReasonCode.STALE_EXTENDED_CLAIM: (
        "claim {claim} for extended resources is left over from an earlier attempt and gets deleted first"
    ),
    ReasonCode.EXTENDED_RESOURCE_MISSING: (
        "extended resource {resource} is offered neither by a device plugin nor by a device class"
    ),
    ReasonCode.FEATURE_DISABLED: "{where}: {what} is used, but feature gate {gate} is off",
    ReasonCode.CEL_ERROR: (
        "{where}: the CEL selector fails on {device}, which aborts the scheduling attempt: {detail}"
    ),
    ReasonCode.DERIVED_ATTRIBUTE: (
        "request {request}: a derived attribute fails on {device}, which aborts the attempt: {detail}"
    ),
    ReasonCode.UNUSABLE_VALUE: (
        "request {request}: a constraint cannot compare what {device} publishes, which aborts the attempt"
    ),
    ReasonCode.NEGATIVE_AMOUNT: (
        "claim {claim} holds a negative amount of a capacity, which aborts every attempt of this release "
        "until the claim is gone"
    ),
    ReasonCode.CAPACITY: (
        "request {request}: the requested capacity of {device} cannot be computed, "
        "which aborts the attempt: {detail}"
    ),
    ReasonCode.INVALID_POOL_FATAL: "pool {pool} is invalid, which aborts the attempt: {detail}",
    ReasonCode.TOO_MANY_DEVICES: "claim {claim} asks for {count} devices, more than the limit of {limit}",
    ReasonCode.ALL_INCOMPLETE_POOL: (
        "request {request} asks for all devices while pool {pool} is {state}, which aborts the attempt"
    ),
    ReasonCode.ALL_CONSTRAINT: (
        "request {request} asks for all devices, and {device} breaks a constraint of the claim, "
        "which aborts the attempt"
    ),
    ReasonCode.UNSUPPORTED_REQUEST: "{where}: {detail}",
    ReasonCode.NODE_SELECTOR: "{where}: the node selector cannot be parsed: {detail}",
    ReasonCode.CLAIM_MISSING: "claim {claim} is not known (yet)",
    ReasonCode.CLAIM_UNREADABLE: "claim {claim} cannot be read; the extender's log says why",
    ReasonCode.ALLOCATION_UNREADABLE: (
        "claim {claim} holds devices of this node's pools, and it cannot be read what it holds"
    ),
    ReasonCode.NODE_UNKNOWN: "the node is not known (yet)",
    ReasonCode.SEARCH_BUDGET: "the search was given up after {steps} steps (limit per search)",
    ReasonCode.REQUEST_BUDGET: "the request's budget of {steps} search steps was spent on other nodes",
    ReasonCode.REQUEST_WORK: (
        "the request's budget of {units} units of work does not suffice for this node and those before it"
    ),
    ReasonCode.CEL_UNKNOWN: "{where}: the CEL selector cannot be evaluated: {detail}",
    ReasonCode.BINDING_WAITING: (
        "claim {claim} waits for a device to become ready, and it is not known when that wait times out"
    ),
    ReasonCode.NOT_MODELLED: "not modelled: {detail}",
    ReasonCode.SCORE_FAILS: (
        "the devices fit, but this release aborts the attempt when it scores nodes for a pod with both "
        "allocated and unallocated claims ({claims}), unless only one node is left; mended in {fixed}"
    ),
}


ALL_WITH_COUNTERS = "all devices with counters: this release crashes"
CONSUMABLE_CAPACITY = "consumable capacity, which crashes this release"
CRASHES = frozenset({ALL_WITH_COUNTERS, CONSUMABLE_CAPACITY})
"""The details of ``not-modelled`` where the scheduler itself crashes."""


@dataclass(frozen=True, slots=True)
class Reason(Message[ReasonCode]):
    """Why a node got its verdict."""


def reason(code: ReasonCode, **params: object) -> Reason:
    """Build a reason; see ``params_of``."""
    return Reason(code, params_of(params))


def render(value: Reason) -> str:
    """The reason as one sentence for people."""
    return rendered(value, TEMPLATES)


class Outcome(StrEnum):
    """``error``: upstream aborts the whole attempt; ``unknown``: we have no opinion."""

    ALLOCATED = "allocated"
    UNSCHEDULABLE = "unschedulable"
    ERROR = "error"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """``order-dependent``: the release walks pools or slices in random order, and it matters."""

    EXACT = "exact"
    ORDER_DEPENDENT = "order-dependent"
