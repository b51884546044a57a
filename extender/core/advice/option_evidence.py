"""
What is known of an option without any search: what the covered devices publish, and whether it can hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..allocator.selector_result import SelectorResult
from ..claims.compiled_claims import Alternative, CompiledClaims
from .constraint_options import ConstraintOption, Participants
from .publications import Publication, Selected
from .survey import NodeGroup


@dataclass(frozen=True, slots=True, eq=False)
class OptionEvidence:
    """
    ``compiled``: of the claims as written; ``selected``: what its alternatives select, by index.

    ``sound``: no selector fails on any device, nor is there one that we cannot evaluate.
    """

    compiled: CompiledClaims
    selected: Mapping[int, Sequence[Selected]]
    taking_part: Sequence[Participants]
    sound: bool


def sound(surveyed: Sequence[NodeGroup]) -> bool:
    """Whether every selector has an answer on every device of every node."""
    return all(
        result in (SelectorResult.REJECTED, SelectorResult.SELECTED)
        for group in surveyed
        for candidate in (group.view.node_layout.layout.candidates if group.view is not None else ())
        for result in candidate.selector_results
    )


def publications_of(option: ConstraintOption, evidence: OptionEvidence) -> tuple[Publication, ...]:
    """Of the requests that the option covers, each driver once; the one with most devices counts."""
    by_driver: dict[str, Publication] = {}
    for alternative in _covered(option, evidence):
        for selected in evidence.selected.get(alternative.index, ()):
            publication = selected.publications[option.attribute]
            most = by_driver.get(selected.driver)
            if most is None or most.devices < publication.devices:
                by_driver[selected.driver] = publication
    return tuple(by_driver[driver] for driver in sorted(by_driver))


def cannot_hold(option: ConstraintOption, evidence: OptionEvidence) -> bool:
    """
    Whether it is certain that the option turns every node down that could be had without it.

    A constraint refuses each device without its attribute. Where no device of a covered request
    has it, the search finds nothing, and nothing aborts it if selectors are sound and no
    request asks for *all* devices.
    """
    if not evidence.sound or any(alternative.all_devices for alternative in evidence.compiled.alternatives):
        return False
    published: dict[tuple[int, str], int] = {}
    for alternative in _covered(option, evidence):
        key = (alternative.claim, alternative.base_name)
        published[key] = published.get(key, 0) + sum(
            selected.publications[option.attribute].published
            for selected in evidence.selected.get(alternative.index, ())
        )
    return any(count == 0 for count in published.values())


def _covered(option: ConstraintOption, evidence: OptionEvidence) -> Iterator[Alternative]:
    for alternative in evidence.compiled.alternatives:
        claim_participants = evidence.taking_part[alternative.claim]
        if option.one_claim:
            covered = alternative.base_name in (*claim_participants.on_bus, *claim_participants.off_bus)
        else:
            covered = any(alternative.base_name in group for group in option.groups[alternative.claim])
        if covered:
            yield alternative
