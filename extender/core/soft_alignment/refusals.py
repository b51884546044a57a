"""
Why a claim stays as its author wrote it: the codes, and the text of each.

The codes are a public contract (the annotation's first word, a metric's label) and are
documented in ``docs/soft-alignment.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..messages import Message, params_of, rendered


class RefusalCode(StrEnum):
    """Every refusal there is; the template of a code names its parameters."""

    # what the claim says
    ALREADY_REWRITTEN = "already-rewritten"
    ALREADY_PRIORITIZED = "already-prioritized"
    ALREADY_CONSTRAINED = "already-constrained"
    ALL_MODE = "all-mode"
    ADMIN_ACCESS = "admin-access"
    DERIVED_ATTRIBUTES = "derived-attributes"
    TOO_MANY_SELECTORS = "too-many-selectors"
    COUNT = "count"
    # what the cluster runs
    NO_PRIORITIZED_LIST = "no-prioritized-list"
    UNSUPPORTED_REQUEST = "unsupported-request"
    # what the slices say
    NO_DEVICES = "no-devices"
    NOT_TWO_KINDS = "not-two-kinds"
    SEVERAL_PAIRS = "several-pairs"
    TOO_COSTLY = "too-costly"
    SELECTOR_FAILS = "selector-fails"
    CAPACITY = "capacity"
    COUNTERS = "counters"
    BINDING_CONDITIONS = "binding-conditions"
    NODE_RESOURCES = "node-resources"
    INVALID_POOL = "invalid-pool"
    NO_COMMON_ATTRIBUTE = "no-common-attribute"
    NOTHING_TO_GAIN = "nothing-to-gain"
    NO_SAFE_FORM = "no-safe-form"


TEMPLATES: dict[RefusalCode, str] = {
    RefusalCode.ALREADY_REWRITTEN: "request {request} already tries aligned devices first",
    RefusalCode.ALREADY_PRIORITIZED: "request {request} has alternatives of its own (firstAvailable)",
    RefusalCode.ALREADY_CONSTRAINED: "the claim has constraints of its own, the first on {attribute}",
    RefusalCode.ALL_MODE: (
        "request {request} has allocationMode {mode}: only requests with ExactCount can be rewritten"
    ),
    RefusalCode.ADMIN_ACCESS: "request {request} sets adminAccess, which no alternative may have",
    RefusalCode.DERIVED_ATTRIBUTES: (
        "request {request} uses derived attributes, which the rewrite does not support"
    ),
    RefusalCode.TOO_MANY_SELECTORS: (
        "request {request} has {count} selectors, which leaves no room for another"
    ),
    RefusalCode.COUNT: (
        "request {request} asks for {count} devices: write one claim for each pair, with one device in "
        "each request"
    ),
    RefusalCode.NO_PRIORITIZED_LIST: (
        "Kubernetes {release} has feature gate DRAPrioritizedList off, so firstAvailable would be refused"
    ),
    RefusalCode.UNSUPPORTED_REQUEST: "the claim as it is cannot be allocated: {detail}",
    RefusalCode.NO_DEVICES: "request {request}: no device of any ResourceSlice fits class {class}",
    RefusalCode.NOT_TWO_KINDS: (
        "no two requests are for devices of two kinds on the PCI bus, such as a GPU and a NIC ({kinds})"
    ),
    RefusalCode.SEVERAL_PAIRS: (
        "requests {requests} can be paired in more than one way: write one claim for each pair"
    ),
    RefusalCode.TOO_COSTLY: (
        "the claim's selectors take more than {units} units of work on the devices of the cluster"
    ),
    RefusalCode.SELECTOR_FAILS: (
        "request {request}: the selector of {where} fails on {device}; the rewritten claim could make the "
        "scheduler try that device, which aborts the attempt: {detail}"
    ),
    RefusalCode.CAPACITY: (
        "request {request}: the requested capacity of {device} cannot be computed; the rewritten claim could "
        "make the scheduler try that device, which aborts the attempt: {detail}"
    ),
    RefusalCode.COUNTERS: (
        "request {request} selects {device}, which consumes counters: Kubernetes {release} does not return "
        "these when a device breaks a constraint (fixed in 1.36.3)"
    ),
    RefusalCode.BINDING_CONDITIONS: (
        "request {request} selects {device}, which has binding conditions: such devices should be tried last"
    ),
    RefusalCode.NODE_RESOURCES: (
        "request {request} selects {device}, which also takes node resources such as CPU: another device may "
        "not fit the node"
    ),
    RefusalCode.INVALID_POOL: (
        "pool {pool} is invalid, and Kubernetes {release} aborts the attempt when it reaches that pool: "
        "{detail}"
    ),
    RefusalCode.NO_COMMON_ATTRIBUTE: (
        "devices of requests {first} and {second} publish no attribute for the PCIe root under one name"
    ),
    RefusalCode.NOTHING_TO_GAIN: (
        "on no node a device of request {first} and one of {second} have the same {attribute}"
    ),
    RefusalCode.NO_SAFE_FORM: (
        "{device} publishes {attribute} in a form that no constraint accepts, so the rewritten claim could "
        "never get that device"
    ),
}


@dataclass(frozen=True, slots=True)
class Refusal(Message[RefusalCode]):
    """Why a claim stays as its author wrote it."""


def refusal(code: RefusalCode, **params: object) -> Refusal:
    """Build a refusal; see ``params_of``."""
    return Refusal(code, params_of(params))


def render_refusal(value: Refusal) -> str:
    """The refusal as one sentence for people."""
    return rendered(value, TEMPLATES)
