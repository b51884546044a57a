"""
What can go wrong with a claim on this cluster: the codes, and the text of each.

The codes are a public contract (the advice's ``code``) and are documented in ``docs/advise.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ..messages import Message, params_of, rendered


class Severity(StrEnum):
    """
    The worst first.

    ``blocks``: the claim can be met on no node, not even an empty one. ``aborts``: some nodes
    make the scheduler give up the whole attempt when it comes to look at them. ``warns``:
    fewer nodes, or other devices than meant. ``notes``: good to know.
    """

    BLOCKS = "blocks"
    ABORTS = "aborts"
    WARNS = "warns"
    NOTES = "notes"


class WarningCode(StrEnum):
    """Every warning there is; the template of a code names its parameters."""

    CLASS_MISSING = "class-missing"
    CLASS_MISSPELT = "class-misspelt"
    HOLDS_NOWHERE = "holds-nowhere"
    NOT_JUDGED = "not-judged"
    ATTEMPT_ABORTS = "attempt-aborts"
    SELECTOR_FAILS = "selector-fails"
    SELECTOR_CAN_FAIL = "selector-can-fail"
    SELECTS_NOTHING = "selects-nothing"
    SLICES_IGNORED = "slices-ignored"
    SELECTOR_ATTRIBUTE_MISSPELT = "selector-attribute-misspelt"
    SELECTOR_ATTRIBUTE_UNKNOWN = "selector-attribute-unknown"
    ATTRIBUTE_UNQUALIFIED = "attribute-unqualified"
    ATTRIBUTE_MISSPELT = "attribute-misspelt"
    ATTRIBUTE_UNKNOWN = "attribute-unknown"
    ATTRIBUTE_RETIRED = "attribute-retired"
    ATTRIBUTE_NEVER_PUBLISHED = "attribute-never-published"
    ATTRIBUTE_PARTLY_PUBLISHED = "attribute-partly-published"
    ATTRIBUTE_SAYS_NOTHING = "attribute-says-nothing"
    ATTRIBUTE_TYPES_DIFFER = "attribute-types-differ"
    FLAT_ROOT = "flat-root"
    NEVER_EQUAL = "never-equal"
    TOO_FEW_TOGETHER = "too-few-together"
    COUNT_IS_NOT_PAIRS = "count-is-not-pairs"
    ALL_CONSTRAINT_FAILS = "all-constraint-fails"
    ALL_CONSTRAINT = "all-constraint"
    SEPARATE_CLAIMS = "separate-claims"
    EXTENDED_RESOURCES = "extended-resources"
    DEVICE_PLUGIN = "device-plugin"
    CARD_USED_TWICE = "card-used-twice"
    DEVICE_NOT_LISTED = "device-not-listed"
    CLAIM_UNUSABLE = "claim-unusable"
    SEARCH_EXPLODES = "search-explodes"
    SEARCH_LONG = "search-long"


TEMPLATES: dict[WarningCode, str] = {
    WarningCode.CLASS_MISSING: (
        "request {request}: device class {class} does not exist; those that do are {classes}"
    ),
    WarningCode.CLASS_MISSPELT: (
        "request {request}: device class {class} does not exist; did you mean {instead}?"
    ),
    WarningCode.HOLDS_NOWHERE: "no node can meet this, not even an empty one: {detail}",
    WarningCode.NOT_JUDGED: "not judged on {nodes}: {detail}",
    WarningCode.ATTEMPT_ABORTS: (
        "on {nodes} the scheduler would abort the whole attempt, and the pod stays pending wherever "
        "else it would fit: {detail}"
    ),
    WarningCode.SELECTOR_FAILS: (
        "{where}: the CEL selector fails on devices of {nodes}, which aborts the whole attempt, such as "
        'on {device}: {detail}; test for the attribute first, as in "x" in device.attributes["domain"]'
    ),
    WarningCode.SELECTOR_CAN_FAIL: (
        "{where}: the CEL selector fails on {devices}, which will abort the whole attempt once the devices "
        "before them are taken: {detail}"
    ),
    WarningCode.SELECTS_NOTHING: (
        "request {request}: no device of this cluster is of class {class} and passes the selectors"
    ),
    WarningCode.SLICES_IGNORED: (
        "{drivers} publish {devices} with counters or with a node selection of their own, which cannot be "
        "had: feature gate {gate} is off in this release"
    ),
    WarningCode.SELECTOR_ATTRIBUTE_MISSPELT: (
        '{where}: attributes["{domain}"] is never there, because a domain has no slash; '
        'write attributes["{instead}"].{id}'
    ),
    WarningCode.SELECTOR_ATTRIBUTE_UNKNOWN: (
        "{where}: the CEL selector reads {attribute}, which no device of this cluster publishes"
    ),
    WarningCode.ATTRIBUTE_UNQUALIFIED: (
        "the constraint on {attribute} names no domain, which the API server refuses; write {instead}"
    ),
    WarningCode.ATTRIBUTE_MISSPELT: (
        "the constraint on {attribute} can never hold: no device publishes that name; use {instead}"
    ),
    WarningCode.ATTRIBUTE_UNKNOWN: (
        "the constraint on {attribute} can never hold: no device of this cluster publishes that attribute"
    ),
    WarningCode.ATTRIBUTE_RETIRED: (
        "{where}: the CEL selector reads {attribute}, which its driver stopped publishing; use {instead}"
    ),
    WarningCode.ATTRIBUTE_NEVER_PUBLISHED: (
        "request {request}: none of the {devices} that it selects of {driver} publishes {attribute}, so the "
        "constraint refuses them all"
    ),
    WarningCode.ATTRIBUTE_PARTLY_PUBLISHED: (
        "request {request}: {missing} of the {devices} that it selects of {driver} do not publish "
        "{attribute}; the constraint refuses those"
    ),
    WarningCode.ATTRIBUTE_SAYS_NOTHING: (
        "request {request}: {attribute} is {value} on {devices} of {driver}, which means unknown; the "
        "constraint still takes these for equal, wherever the devices are"
    ),
    WarningCode.ATTRIBUTE_TYPES_DIFFER: (
        "{attribute} has different types, {types}, which never match each other"
    ),
    WarningCode.FLAT_ROOT: (
        "on {nodes} one PCIe root holds every PCI device although there are several NUMA nodes, as in a "
        "virtual machine; the constraint on {attribute} holds there for any devices"
    ),
    WarningCode.NEVER_EQUAL: (
        "the constraint on {attribute} can never hold: devices of {requests} never have a value in common "
        "on a node"
    ),
    WarningCode.TOO_FEW_TOGETHER: (
        "the constraint on {attribute} can never hold: {requests} take {needed} devices together, and no "
        "node has more than {most} with one value"
    ),
    WarningCode.COUNT_IS_NOT_PAIRS: (
        "the constraint on {attribute} keeps all {needed} devices of {requests} on one value; it makes no "
        "pairs. For pairs write a request for each device and a constraint for each pair"
    ),
    WarningCode.ALL_CONSTRAINT_FAILS: (
        "request {request} asks for all devices, and on {nodes} one of them breaks a constraint, such as "
        "{device}; that aborts the whole attempt"
    ),
    WarningCode.ALL_CONSTRAINT: (
        "request {request} asks for all devices under the constraint on {attribute}: one device that "
        "differs aborts the whole attempt"
    ),
    WarningCode.SEPARATE_CLAIMS: (
        "the devices are in {claims} claims ({kinds}), and no constraint can span two claims: put them "
        "into one claim, or leave it to the extender's score"
    ),
    WarningCode.EXTENDED_RESOURCES: (
        "{resources} become a claim that the scheduler makes up, which has no constraints; to keep the "
        "devices together write a claim instead"
    ),
    WarningCode.DEVICE_PLUGIN: (
        "the devices of {resources} come from a device plugin, which chooses them on its own: they are "
        "outside of what is judged here"
    ),
    WarningCode.CARD_USED_TWICE: (
        "on {nodes} the scheduler gives away a card twice, because the driver lists it in several ways: "
        "on {node}, {entries} are one card"
    ),
    WarningCode.DEVICE_NOT_LISTED: (
        "claim {claim} holds {device}, which no ResourceSlice lists any more: where it is cannot be told"
    ),
    WarningCode.CLAIM_UNUSABLE: (
        "as things stand, no node can run this pod: {detail}. The counts are of claims that it can use"
    ),
    WarningCode.SEARCH_EXPLODES: (
        "on {nodes} the search was given up after {steps}; the scheduler searches for up to 10 s on each "
        "attempt while all other pods wait, and then {then}"
    ),
    WarningCode.SEARCH_LONG: (
        "on {nodes} the scheduler searches up to {steps}, on each attempt and for as long as the "
        "pod is pending"
    ),
}


_COUNTED = frozenset({"nodes", "devices", "steps"})


@dataclass(frozen=True, slots=True)
class ClaimWarning(Message[WarningCode]):
    """What can go wrong, and how bad it is here."""

    severity: Severity = field(kw_only=True)


def warning(code: WarningCode, severity: Severity, **params: object) -> ClaimWarning:
    """Build a warning; see ``params_of``."""
    return ClaimWarning(code, params_of(params), severity=severity)


def render_warning(value: ClaimWarning) -> str:
    """The warning as one sentence for people."""
    return rendered(value, TEMPLATES, _COUNTED)
