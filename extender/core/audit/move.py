"""
One step of a plan: a pod that is recreated, and what it is promised then.
"""

from __future__ import annotations

from dataclasses import dataclass

from extender.model import Claim, DeviceResult

from .findings import PodFinding


@dataclass(frozen=True, slots=True)
class Move:
    """
    One pod that is recreated.

    ``node``: where it has to land. ``claims``: its claims then, with the allocations that are promised;
    those named in ``rewritten`` ask for near devices, by a constraint on ``attribute`` or, where that is
    empty, by preferring them. ``alignment``: of the promised devices, at
    least, 0..1.
    """

    finding: PodFinding
    node: str
    claims: tuple[Claim, ...]
    rewritten: tuple[str, ...]
    attribute: str
    alignment: float

    @property
    def devices(self) -> tuple[tuple[str, DeviceResult], ...]:
        """The promised devices, each with the name of its claim."""
        return tuple(
            (claim.name, result)
            for claim in self.claims
            if claim.allocation is not None
            for result in claim.allocation.results
        )
