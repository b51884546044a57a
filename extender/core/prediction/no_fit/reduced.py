"""
Candidates and claims without what some obstacles look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from extender.model import ExactRequest

from ...allocator.layout import Candidate
from ...claims.compiled_claims import Alternative, CompiledClaims
from .causes import CauseCode


class Stripped:
    """Candidates without what some obstacles look at."""

    def __init__(self, codes: Iterable[CauseCode]) -> None:
        gone = frozenset(codes)
        self.capacity = CauseCode.CAPACITY_TOO_SMALL in gone
        self._operations = CauseCode.NODE_OPERATIONS in gone
        self._taints = CauseCode.TAINTED in gone
        self._counters = CauseCode.COUNTERS_TOO_SMALL in gone
        self.changes = self._operations or self._taints or self._counters or self.capacity

    def candidate(self, candidate: Candidate) -> Candidate:
        traits = replace(
            candidate.traits,
            taints=() if self._taints else candidate.traits.taints,
            consumes_counters=() if self._counters else candidate.traits.consumes_counters,
            capacity=() if self.capacity else candidate.traits.capacity,
        )
        return candidate._replace(traits=traits, unusable=candidate.unusable and not self._operations)


def reduced_claims(
    claims: CompiledClaims, constraints: frozenset[str], counts: Mapping[int, int], *, capacity: bool
) -> CompiledClaims:
    """The claims without some constraints, with other counts, or without amounts of capacity."""
    if not (constraints or counts or capacity):
        return claims

    def reduced(alternative: Alternative) -> Alternative:
        kept = [
            (position, compared)
            for position, compared in zip(alternative.constraints, alternative.compared, strict=True)
            if f"{alternative.claim}/{position}" not in constraints
        ]
        request: ExactRequest = alternative.request
        if alternative.index in counts:
            request = replace(request, mode="ExactCount", count=counts[alternative.index])
        if capacity and request.capacity is not None:
            request = replace(request, capacity=None)
        return replace(
            alternative,
            request=request,
            constraints=tuple(position for position, _ in kept),
            compared=tuple(compared for _, compared in kept),
        )

    alternatives = tuple(map(reduced, claims.alternatives))
    return replace(
        claims,
        alternatives=alternatives,
        claims=tuple(
            replace(
                claim,
                requests=tuple(
                    replace(
                        request,
                        alternatives=tuple(alternatives[each.index] for each in request.alternatives),
                    )
                    for request in claim.requests
                ),
            )
            for claim in claims.claims
        ),
    )
