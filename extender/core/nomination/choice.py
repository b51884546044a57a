"""
The node that a pod is nominated for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

from extender.model import Claim, DeviceID

from ..prediction.evaluate import Certainty, Evaluation, Outcome, Turn
from .refusals import Refusal

T = TypeVar("T")

MOST_TRIED = 32
"""Nodes that are looked at for one pod before it is left to the scheduler."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``claims``: those of the pod as they will be allocated on ``node``. ``equals``: nodes as good."""

    node: str
    claims: tuple[Claim, ...]
    equals: int


def devices_of(claims: Iterable[Claim]) -> frozenset[DeviceID]:
    """What the claims get."""
    return frozenset(
        result.id for claim in claims if claim.allocation is not None for result in claim.allocation.results
    )


def choose_node(
    evaluation: Evaluation[T],
    names: Sequence[str],
    *,
    pod_uid: str,
    scores: Callable[[Sequence[str]], Mapping[str, int]],
    on_their_way: Mapping[str, int],
    required: bool = False,
    turn: Turn | None = None,
) -> Choice | Refusal:
    """
    Choose among ``names``, the nodes that pass everything else, as the extender decides with ``--decisive``.

    That is one of the nodes that rank first. Between these the ``scores`` of the default scheduler decide,
    then how many pods are ``on_their_way`` there, then the pod's UID, which spreads pods. A node counts only
    if it is certain which devices the pod gets there, since these are assumed to be taken from then on.
    ``required``: where devices are too far apart does not count. Raises ``TurnOver``.
    """
    if not evaluation.pending:
        return Refusal.CLAIMS
    left, why = list(names), Refusal.NO_NODE
    tried = 0
    while left and tried < MOST_TRIED:
        first = evaluation.first(left, turn)
        if not first:
            return Refusal.UNCERTAIN
        totals = scores(first) if len(first) > 1 else {}
        for name in _by_preference(first, totals, on_their_way, crc32(pod_uid.encode())):
            if tried == MOST_TRIED:
                break
            tried += 1
            verdict = evaluation.verdicts([name], evaluation.budget(turn))[name]
            if verdict.outcome in (Outcome.UNSCHEDULABLE, Outcome.ERROR):
                # Nodes where the pod does not fit rank last.
                return why
            if verdict.outcome is Outcome.UNKNOWN or verdict.certainty is not Certainty.EXACT:
                why = Refusal.UNCERTAIN
                continue
            if required and evaluation.shortfalls([name], turn):
                return Refusal.MISALIGNED
            return Choice(name, evaluation.allocated_on(name, evaluation.budget(turn)), len(first))
        passed = frozenset(first)
        left = [name for name in left if name not in passed]
    return why


def _by_preference(
    names: Sequence[str], totals: Mapping[str, int], on_their_way: Mapping[str, int], number: int
) -> Iterator[str]:
    """The highest total first, then who expects the fewest pods; of equals the one of this ``number``."""
    equals: dict[tuple[int, int], list[str]] = {}
    for name in names:
        equals.setdefault((-totals.get(name, 0), on_their_way.get(name, 0)), []).append(name)
    for preference in sorted(equals):
        group = equals[preference]
        first = number % len(group)
        yield from group[first:]
        yield from group[:first]
