"""
Obstacles: whatever can keep a device from a request besides its selectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .causes import HOLDING, CauseCode


class Obstacle(NamedTuple):
    """``detail``: the feature of a ``FEATURE_OFF``, ``claim/position`` of a ``CONSTRAINT``; else empty."""

    code: CauseCode
    detail: str = ""


Obstacles = frozenset[Obstacle]

NOTHING: Obstacles = frozenset()
HELD: Obstacles = frozenset(map(Obstacle, HOLDING))
"""What others hold, in all its forms."""

FEATURES: Mapping[str, str] = {
    "partitionable_devices": "DRAPartitionableDevices",
    "binding_conditions": "DRADeviceBindingConditions",
    "device_status": "DRAResourceClaimDeviceStatus",
    "compatibility_groups": "DRADeviceCompatibilityGroups",
}
"""Features without which devices are passed over, and their gates."""


def fields_of(feature: str) -> tuple[str, ...]:
    """Later releases take binding conditions and device status for one feature."""
    return ("binding_conditions", "device_status") if feature == "binding_conditions" else (feature,)
