"""What a placement leaves for the pods that come later: the free pairs of a node before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..cluster.free_pairs import FreePairs, Pairable


class Fragmentation(NamedTuple):
    """
    The free pairs of a node before and after a pod gets its devices there.

    ``own``: the pairs that the pod gets itself.
    """

    before: FreePairs
    after: FreePairs
    own: int

    @property
    def broken(self) -> int:
        """Pairs that are gone and that the pod does not get; never negative."""
        return self.before.intact - self.after.intact - self.own

    @property
    def delayed(self) -> int:
        """Pairs that first fit does not reach after it; negative where it reaches more."""
        return self.before.first_fit - self.after.first_fit


def fragmentation_of(
    pairable: Pairable, free: int, before: FreePairs, taken: Iterable[tuple[int, int]]
) -> Fragmentation:
    """
    What becomes of the free pairs of a node, ``before`` among its ``free`` units.

    ``taken``: (slice, device) positions of what the pod gets; what cannot be part of a
    pair is passed over.
    """
    bits = 0
    for position in taken:
        unit = pairable.unit_of.get(position)
        if unit is not None:
            bits |= 1 << unit
    bits &= free
    if not bits:
        return Fragmentation(before, before, 0)
    return Fragmentation(before, pairable.pairs(free & ~bits), pairable.own_pairs(bits))
