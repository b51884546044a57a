"""How many devices agree on the attribute of a constraint, against how many it covers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...allocator.compared_values import ValueClass
from ...allocator.layout import Candidate
from ...claims.compiled_claims import CompiledClaims, ConstraintKind


def covered(claims: CompiledClaims, claim: int, position: int) -> tuple[str, ...]:
    """The requests, or alternatives, that a constraint of the claim is over."""
    return tuple(
        alternative.result_name
        for request in claims.claims[claim].requests
        for alternative in request.alternatives
        if position in alternative.constraints
    )


def agreement(
    claims: CompiledClaims, claim: int, position: int, left: Sequence[Sequence[Candidate]]
) -> tuple[int, int]:
    """
    How many devices the requests under a constraint ask for, and how many of those left they could get.

    ``left``: candidates by alternative. A request for all devices asks for those left for it; of
    alternatives the smallest counts. What they could get is counted for the best value, or for
    ``distinctAttribute`` it is the number of values.
    """
    asked = 0
    gets: Counter[int] = Counter()
    for request in claims.claims[claim].requests:
        counts = []
        best: Counter[int] = Counter()
        for alternative in request.alternatives:
            if position not in alternative.constraints:
                counts.append(0)
                continue
            mine = left[alternative.index]
            count = len(mine) if alternative.all_devices else alternative.request.count
            counts.append(count)
            compared = alternative.compared[alternative.constraints.index(position)]
            having = Counter(value for each in mine for value in _values(each.classes[compared]))
            best |= Counter({value: min(count, devices) for value, devices in having.items()})
        asked += min(counts)
        gets += best
    if is_distinct(claims, claim, position):
        return asked, len(gets)
    return asked, max(gets.values(), default=0)


def is_distinct(claims: CompiledClaims, claim: int, position: int) -> bool:
    """Whether devices have to differ in the attribute."""
    return claims.claims[claim].constraints[position].kind is ConstraintKind.DISTINCT


def _values(value: ValueClass) -> frozenset[int]:
    return value if isinstance(value, frozenset) else frozenset((value,))
