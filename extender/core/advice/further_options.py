"""
Options that replace no topology constraint: claims that prefer near devices, ask for different cards,
or for a number of devices in place of all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from extender.model import ClaimSpec, Constraint, Request

from ..soft_alignment.refusals import Refusal
from ..soft_alignment.soften import Rewrite, rewritten
from .cards import SEVERAL, SharedCards
from .constraint_options import (
    ConstraintOption,
    Group,
    OptionKind,
    Participants,
    covered_requests,
    written_anew,
)
from .groupings import Groupings


def soft_options(
    bare: Sequence[ClaimSpec], rewrites: Sequence[Rewrite | Refusal]
) -> Iterator[ConstraintOption]:
    """Yield the claims rewritten, if any of them can be."""
    if not any(isinstance(rewrite, Rewrite) for rewrite in rewrites):
        return
    specs = list(bare)
    for number, rewrite in enumerate(rewrites):
        if isinstance(rewrite, Rewrite):
            specs[number] = rewritten(specs[number], rewrite)
    yield ConstraintOption(OptionKind.SOFT, tuple(specs))


def distinct_options(specs: Sequence[ClaimSpec], shared: Sequence[SharedCards]) -> Iterator[ConstraintOption]:
    """Yield the claims as written, with parts of different cards where nothing is said about that."""
    for cards in shared:
        if cards.decided or not cards.identity or cards.claim == SEVERAL:
            continue
        spec = specs[cards.claim]
        added = Constraint(requests=cards.requests, distinct_attribute=cards.identity)
        changed = written_anew(spec, spec.requests, (*spec.constraints, added))
        yield ConstraintOption(
            OptionKind.DISTINCT,
            _replaced(specs, cards.claim, changed),
            cards.identity,
            _groups(specs, cards.claim, cards.requests),
        )


def count_options(
    specs: Sequence[ClaimSpec],
    taking_part: Sequence[Participants],
    found: Groupings,
    aborting: Collection[str],
) -> Iterator[ConstraintOption]:
    """
    Yield the claims with a count in place of all devices, where all break a constraint.

    ``aborting``: the requests whose devices do. The count is that of the devices that always agree.
    """
    for number, (spec, who) in enumerate(zip(specs, taking_part, strict=True)):
        failing = [request for request in spec.requests if request.name in aborting]
        if len(failing) != 1 or failing[0].exactly is None or failing[0].name not in who.least:
            continue
        (request,) = failing
        covering = [
            (constraint.match_attribute, who.members(tuple(name for name in covered if name in who.least)))
            for constraint in spec.constraints
            if constraint.match_attribute and request.name in (covered := covered_requests(spec, constraint))
        ]
        alternative = who.alternatives[request.name][0]
        count = min(
            (found.most_together(attribute, members, alternative) for attribute, members in covering),
            default=0,
        )
        if count:
            requests = [_counted(each, count) if each is request else each for each in spec.requests]
            yield ConstraintOption(
                OptionKind.COUNT,
                _replaced(specs, number, written_anew(spec, requests, spec.constraints, f"count {count}")),
                covering[0][0] or "",
                _groups(specs, number, (request.name,)),
                count=count,
            )


def _counted(request: Request, count: int) -> Request:
    exactly = request.exactly
    return (
        request
        if exactly is None
        else replace(request, exactly=replace(exactly, mode="ExactCount", count=count))
    )


def _replaced(specs: Sequence[ClaimSpec], number: int, spec: ClaimSpec) -> tuple[ClaimSpec, ...]:
    return (*specs[:number], spec, *specs[number + 1 :])


def _groups(specs: Sequence[ClaimSpec], number: int, group: Group) -> tuple[tuple[Group, ...], ...]:
    return tuple((group,) if index == number else () for index in range(len(specs)))
