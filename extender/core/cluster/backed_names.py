"""Extended resources that device classes name."""

from __future__ import annotations

from collections.abc import Iterable

from extender.model import DeviceClass


def backed_names(classes: Iterable[DeviceClass]) -> frozenset[str]:
    """The extended resources that device classes name; not those that a class backs by its own name."""
    return frozenset(each.extended_resource_name for each in classes if each.extended_resource_name)
