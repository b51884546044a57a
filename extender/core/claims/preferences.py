"""
The order of preference that the author of a claim wrote as ``firstAvailable``.

A node is the worse for each alternative that was passed over there. kube-scheduler counts the same:
its score of a node is the sum of ``8 - index`` of the alternatives used, which falls by one with each
that is passed over.

The alternatives of a claim rewritten for soft alignment are no wish of its author. They ask for the same
devices, near each other and then anywhere, so what they are worth is the alignment of what they get.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources dynamicresources.go
computeScore, v1.35 to v1.37.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from extender.model import ClaimSpec, ExactRequest, Request

ALIGNED, ANY, REST = "aligned", "any", "rest"
"""Names of the subrequests of soft alignment, in the order in which the allocator tries them."""

_SOFTENED = ((ALIGNED, ANY), (ALIGNED, ANY, REST))

Position = tuple[int, int]
"""A claim among those to allocate, and a request in it."""


def preferring(specs: Iterable[ClaimSpec]) -> frozenset[Position]:
    """The requests whose alternatives are an order of preference."""
    return frozenset(
        (claim, position) for claim, spec in enumerate(specs) for position, _ in _with_preference(spec)
    )


def most_passed_over(specs: Iterable[ClaimSpec]) -> int:
    """How many alternatives can be passed over at most; 0 where the claims have no order of preference."""
    return sum(len(request.first_available) - 1 for spec in specs for _, request in _with_preference(spec))


def passed_over(selected: Iterable[tuple[Position, int]], preferring: frozenset[Position]) -> int:
    """How many alternatives of ``preferring`` requests come before the ones that are ``selected``."""
    return sum(alternative for position, alternative in selected if position in preferring)


def _with_preference(spec: ClaimSpec) -> Iterator[tuple[int, Request]]:
    for position, request in enumerate(spec.requests):
        if request.first_available and not _is_softened(request, spec):
            yield position, request


def _is_softened(request: Request, spec: ClaimSpec) -> bool:
    """Whether soft alignment wrote it: the same devices in each alternative, at first under a constraint."""
    alternatives = request.first_available
    if tuple(alternative.name for alternative in alternatives) not in _SOFTENED:
        return False
    first = alternatives[0]
    return any(
        constraint.match_attribute is not None and f"{request.name}/{ALIGNED}" in constraint.requests
        for constraint in spec.constraints
    ) and all(_asks_within(alternative, first) for alternative in alternatives[1:])


def _asks_within(alternative: ExactRequest, first: ExactRequest) -> bool:
    """Whether an alternative asks for what the first one asks for, with one more selector at most."""
    more = alternative.selectors[len(first.selectors) :]
    return len(more) <= 1 and alternative == replace(
        first, name=alternative.name, selectors=(*first.selectors, *more)
    )
