"""How many devices of a node are of the class that a request names."""

from __future__ import annotations

from collections.abc import Iterator

from extender.cel import AnswerKind, Work
from extender.model import Device, ResourceSlice

from ...allocator.selector_result import as_seen
from ...claims.compiled_claims import Alternative
from ...cluster.inventory import Inventory
from ...releases.release import Release

MOST_UNITS = 200_000
"""Units of work that the selectors may take; beyond, nothing is counted."""


class ClassCounts:
    """Counts for one pod, by the selectors of classes alone. Costs an evaluation per device."""

    def __init__(self) -> None:
        self._work = Work(MOST_UNITS)

    def count(self, alternative: Alternative, inventory: Inventory, release: Release) -> int | None:
        """Devices of the node that the class selects; ``None`` past the limit."""
        count = 0
        selectors = alternative.selectors[: len(alternative.device_class.selectors)]
        for slice_, device in devices_of(inventory):
            seen = as_seen(slice_.driver, device, release)
            for _, selector in selectors:
                kind = selector.matches(seen, self._work).kind
                if kind is AnswerKind.OVER_BUDGET:
                    return None
                if kind is not AnswerKind.MATCH:
                    break
            else:
                count += 1
        return count


def devices_of(inventory: Inventory) -> Iterator[tuple[ResourceSlice, Device]]:
    """The devices that are for the node, with their slices."""
    for slice_, signature in zip(inventory.slices, inventory.signature.slices, strict=True):
        for position, device in enumerate(slice_.devices):
            if not signature.targets or signature.targets[position]:
                yield slice_, device
