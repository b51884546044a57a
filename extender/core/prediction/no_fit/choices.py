"""How many choices upstream's search tries in vain, where that can be told from the devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from extender.model import DeviceID

from ...allocator.compared_values import ValueClass
from ...allocator.layout import Candidate
from ...allocator.shortage import Demand, is_plain, most_steps
from ...claims.compiled_claims import CompiledClaims, ConstraintKind

MANY_SETS = 1 << 22
"""More sets of devices than the scheduler tries in the 10 s that it has for a node."""

MANY_ORDERS = 1 << 20
"""The same for releases that try each order of a set, where one choice takes several times as long."""


def too_many(choices: int, *, combined: bool) -> bool:
    """Whether these take longer than the scheduler has; ``combined``: see ``Order.combinations``."""
    return choices > (MANY_SETS if combined else MANY_ORDERS)


def agreeing_choices(
    claims: CompiledClaims, left: Sequence[Mapping[DeviceID, Candidate]], *, combined: bool
) -> int:
    """
    The choices of devices that agree on the one ``matchAttribute`` over all requests of one claim.

    ``left``: the candidates by alternative. Counted in calls of allocateOne: a search that finds too few
    devices of one value begins again with each other device. 0: claims of another form, no telling.
    """
    alternatives = claims.alternatives
    if len(claims.claims) != 1 or len(claims.claims[0].constraints) != 1:
        return 0
    requests = claims.claims[0].requests
    if len(alternatives) != len(requests) or claims.claims[0].constraints[0].kind is ConstraintKind.DISTINCT:
        return 0
    if not all(is_plain(each) and each.constraints == (0,) for each in alternatives):
        return 0
    valued: list[list[tuple[ValueClass, DeviceID]]] = []
    for alternative, candidates in zip(alternatives, left, strict=True):
        compared = alternative.compared[0]
        if any(each.traits.allow_multiple_allocations for each in candidates.values()):
            return 0
        valued.append([(each.classes[compared], id_) for id_, each in candidates.items()])
    values = Counter(value for each in valued for value, _ in each)
    if any(isinstance(value, frozenset) for value in values):
        return 0
    steps = 1
    for value in values:
        demands = [
            Demand(alternative.request.count, [device for mine, device in each if mine == value])
            for alternative, each in zip(alternatives, valued, strict=True)
        ]
        # The first call is the same for all values.
        steps += most_steps(demands, combined=combined) - 1
    return steps
