"""
What the selectors of a request say of one device.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go isSelectable and
selectorsMatch, v0.34 to v0.37.
"""

from __future__ import annotations

from enum import IntEnum

from extender.cel import AnswerKind, CelDevice, Work
from extender.model import Device, DeviceTraits
from extender.model.quantity import Quantity

from ..claims.compiled_claims import Alternative
from ..releases.release import Release


class SelectorResult(IntEnum):
    """
    What the selectors of one alternative say of one device; only ``REJECTED`` is false.

    The last three stop the search when it comes to the device: a selector fails, we cannot tell
    what it says, or the device stands for a whole pool that is fatal to walk into.
    """

    REJECTED = 0
    SELECTED = 1
    FAILED = 2
    UNPREDICTABLE = 3
    INVALID_POOL = 4

    # Layouts are hashed with all their results; that of an enum hashes its name.
    __hash__ = int.__hash__


_RESULTS = {
    AnswerKind.MATCH: SelectorResult.SELECTED,
    AnswerKind.NO_MATCH: SelectorResult.REJECTED,
    AnswerKind.ERROR: SelectorResult.FAILED,
    AnswerKind.UNKNOWN: SelectorResult.UNPREDICTABLE,
    AnswerKind.OVER_BUDGET: SelectorResult.UNPREDICTABLE,
}


def as_seen(driver: str, device: Device, release: Release) -> CelDevice:
    """The device as expressions see it."""
    traits = device.traits
    shared = traits.allow_multiple_allocations and release.sees_sharing
    return CelDevice(driver, shared, device.attributes, _qualified_capacity(traits, driver))


def selector_result(
    alternative: Alternative, device: CelDevice, unsupported: str | None, work: Work
) -> tuple[SelectorResult, tuple[str, str]]:
    """
    Ask the class's selectors first, then the request's; the first that does not match decides.

    ``unsupported``: an attribute with a value that no expression can read, which fails every selector.
    Also tells where and why a selector failed, both empty where none did. A selector that takes more than
    is left of ``work`` is unpredictable.
    """
    for where, selector in alternative.selectors:
        if unsupported is not None:
            return SelectorResult.FAILED, (where, f"attribute {unsupported}: unsupported attribute value")
        answer = selector.matches(device, work)
        if answer.kind is not AnswerKind.MATCH:
            why = (where, answer.message) if answer.kind is not AnswerKind.NO_MATCH else ("", "")
            return _RESULTS[answer.kind], why
    return SelectorResult.SELECTED, ("", "")


def _qualified_capacity(traits: DeviceTraits, driver: str) -> dict[str, Quantity]:
    """The capacities in full; of both spellings of a name the qualified one, as of attributes."""
    named: dict[str, Quantity] = {}
    for name, capacity in traits.capacity:
        full = name if "/" in name else f"{driver}/{name}"
        if full is name or full not in named:
            named[full] = capacity.value
    return named
