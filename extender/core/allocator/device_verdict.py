"""
What the selectors of a request say of one device.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go isSelectable and
selectorsMatch, v0.34 to v0.37.
"""

from __future__ import annotations

from extender.cel import AnswerKind, CelDevice
from extender.model import Device, DeviceTraits
from extender.model.quantity import Quantity

from ..claims.compiled_claims import Alternative
from ..releases.release import Release

REJECTED, SELECTED, FAILED, UNDECIDED, INVALID_POOL = range(5)
"""
Verdict of one alternative on one device; the last three stop the search when reached.

``INVALID_POOL`` stands for a whole pool that is fatal to walk into.
"""

_VERDICTS = {
    AnswerKind.MATCH: SELECTED,
    AnswerKind.NO_MATCH: REJECTED,
    AnswerKind.ERROR: FAILED,
    AnswerKind.UNKNOWN: UNDECIDED,
}


def as_seen(driver: str, device: Device, release: Release) -> CelDevice:
    """The device as expressions see it."""
    traits = device.traits
    shared = traits.allow_multiple_allocations and release.sees_sharing
    return CelDevice(driver, shared, device.attributes, _qualified_capacity(traits, driver))


def device_verdict(
    alternative: Alternative, device: CelDevice, unsupported: str | None
) -> tuple[int, tuple[str, str]]:
    """
    Ask the class's selectors first, then the request's; the first that does not match decides.

    ``unsupported``: an attribute with a value that no expression can read, which fails every selector.
    Also tells where and why a selector failed, both empty where none did.
    """
    for where, selector in alternative.selectors:
        if unsupported is not None:
            return FAILED, (where, f"attribute {unsupported}: unsupported attribute value")
        verdict = selector.matches(device)
        if verdict.kind is not AnswerKind.MATCH:
            why = (where, verdict.message) if verdict.kind is not AnswerKind.NO_MATCH else ("", "")
            return _VERDICTS[verdict.kind], why
    return SELECTED, ("", "")


def _qualified_capacity(traits: DeviceTraits, driver: str) -> dict[str, Quantity]:
    return {name if "/" in name else f"{driver}/{name}": capacity.value for name, capacity in traits.capacity}
