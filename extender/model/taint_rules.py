"""
DeviceTaintRules: taints that an administrator puts on devices.

Source: k8s.io/api resource/v1 types.go, v0.37.
"""

from __future__ import annotations

from dataclasses import dataclass

from .devices import Taint


@dataclass(frozen=True, slots=True)
class DeviceTaintRule:
    """
    ``driver``, ``pool`` and ``device`` empty: any. ``selects``: the rule has a device
    selector at all. ``by_class_or_cel``: it selects by what later versions dropped.
    """

    name: str
    taint: Taint
    driver: str = ""
    pool: str = ""
    device: str = ""
    selects: bool = True
    by_class_or_cel: bool = False
