"""
What to write, as data: the one piece of advice that follows from all options that were judged.

Nothing is recommended that is unknown or worse now than the claim as written, that makes the scheduler
search long, that puts devices farther apart, or that puts two parts of one card together unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from extender.model import ClaimSpec

from ..messages import Message, params_of, rendered
from ..reasons import Outcome
from .cards import SharedCards
from .constraint_options import ConstraintOption, Group, OptionKind, Participants, covered_requests
from .judged import Judged
from .outcome_checks import LONG_STEPS
from .publications import Selected


class AdviceCode(StrEnum):
    """Every advice there is; the template of a code names its parameters."""

    AS_WRITTEN = "as-written"
    APART_AS_WRITTEN = "apart-as-written"
    HARD_CONSTRAINT = "hard-constraint"
    COSTS_NODES = "costs-nodes"
    SHARED_ATTRIBUTE = "shared-attribute"
    NOT_ADVISABLE = "not-advisable"
    NO_CONSTRAINT = "no-constraint"
    COUNT_NOT_ALL = "count-not-all"
    DISTINCT_CARDS = "distinct-cards"


TEMPLATES: dict[AdviceCode, str] = {
    AdviceCode.AS_WRITTEN: (
        "as written, the constraint on {attribute} over {over} keeps the devices together; nothing to change"
    ),
    AdviceCode.APART_AS_WRITTEN: (
        "as written, the constraint on {attribute} over {over} keeps a value in common, not the devices "
        "together: {why}"
    ),
    AdviceCode.HARD_CONSTRAINT: (
        "a hard matchAttribute, {attribute} over {over}, costs no node when the cluster is empty{rest}"
    ),
    AdviceCode.COSTS_NODES: (
        "a hard matchAttribute costs nodes: {attribute} over {over} leaves {leaves} of {of}{when}{rest}"
    ),
    AdviceCode.SHARED_ATTRIBUTE: (
        "all devices publish {attribute}; if its values are groups of near devices, a matchAttribute on it "
        "over {over} keeps the devices together, on {leaves} of {of} nodes when empty{rest}"
    ),
    AdviceCode.NOT_ADVISABLE: "no constraint is advisable: {attribute} over {over} {why}",
    AdviceCode.NO_CONSTRAINT: (
        "no constraint can keep the devices together on this cluster: {tried} tried, and no node can meet any"
    ),
    AdviceCode.COUNT_NOT_ALL: (
        "write count: {count} in place of allocationMode: All for {over}: All means every device of the node "
        "that passes the selectors, not all that the constraint on {attribute} leaves. With the count "
        "{leaves} of {nodes} can meet the claim when empty"
    ),
    AdviceCode.DISTINCT_CARDS: (
        "{over} can be given parts of one card; for different cards add a constraint with "
        "distinctAttribute: {attribute}, which {leaves} of {nodes} can meet when empty"
    ),
}
_COUNTED = frozenset({"nodes"})
_NAMED = 3
# From so many attributes on only their number is told.


@dataclass(frozen=True, slots=True)
class Recommendation(Message[AdviceCode]):
    """
    ``option`` is what it names, ``None`` for a constraint of the claim itself and where there is none.

    ``leaves`` and ``of``: empty nodes that can meet it, of those that can without a constraint.
    ``uncovered``: requests for hardware of the node that a matchAttribute leaves out.
    """

    option: ConstraintOption | None = None
    attribute: str = ""
    groups: tuple[tuple[Group, ...], ...] = ()
    leaves: int = 0
    of: int = 0
    uncovered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    What the choice hangs on beside the options. ``claims``: those with devices that have a place.

    ``kept``: attribute and groups of the claim's own constraints, where these reach all of its devices.
    ``takes_all``: some request for such devices asks for all of a node. ``pushes_together``: whether an
    option puts parts of one card together that want two. ``apart``: the claim says that parts of cards
    are of different cards. ``known``: the attributes of which it is known that they say how near devices
    are. ``requests``: those for devices that have a place, each with its alternatives. ``without_kept``: on
    how many nodes devices are nearer, and on how many farther, without ``kept`` if it is none of ``known``.
    """

    claims: int
    kept: tuple[str, tuple[tuple[Group, ...], ...]] | None
    takes_all: bool
    pushes_together: Callable[[ConstraintOption], bool]
    apart: bool
    known: frozenset[str]
    requests: tuple[tuple[str, tuple[int, ...]], ...]
    without_kept: tuple[int, int] = (0, 0)


def circumstances_of(
    specs: Sequence[ClaimSpec],
    taking_part: Sequence[Participants],
    shared: Sequence[SharedCards],
    selected: Mapping[int, Sequence[Selected]],
    known: Sequence[str],
) -> Circumstances:
    """What the claims as written say about their devices; ``selected`` by alternative."""

    def pushes_together(option: ConstraintOption) -> bool:
        return any(cards.pushed_together(members) for cards in shared for members in option.members)

    placed = [number for number, who in enumerate(taking_part) if who.least]
    takes_all = any(
        exact.mode == "All"
        for spec, who in zip(specs, taking_part, strict=True)
        for request in spec.requests
        if request.name in who.least
        for exact in ((request.exactly,) if request.exactly else request.first_available)
    )
    kept = _kept_together(specs, placed[0], taking_part, selected) if len(placed) == 1 else None
    requests = tuple(each for who in taking_part for each in who.alternatives.items())
    apart = any(cards.decided and not kept for cards in shared)
    return Circumstances(len(placed), kept, takes_all, pushes_together, apart, frozenset(known), requests)


def recommend(judged: Sequence[Judged], given: Circumstances) -> Recommendation | None:
    """Choose; ``None`` where there is nothing to choose."""
    written = judged[0]
    free = next((each for each in judged if each.option.kind is OptionKind.NONE), None)
    if free is None:
        return None
    for kind, code in (
        (OptionKind.COUNT, AdviceCode.COUNT_NOT_ALL),
        (OptionKind.DISTINCT, AdviceCode.DISTINCT_CARDS),
    ):
        for each in judged:
            worse = bool(_obstacle(each, written)) or each.fits_now < written.fits_now
            if each.option.kind is kind and each.fits_empty and not worse:
                return _about(
                    code, each, free, given, nodes=sum(each.empty.values()), count=each.option.count
                )
    matching = [each for each in judged if each.option.kind is OptionKind.MATCH]
    matching = [each for each in matching if not given.pushes_together(each.option)]
    if not free.fits_empty or not matching or given.takes_all:
        return None if given.kept is None or not written.fits_empty else _kept(written, free, None, given)
    widest = max(each.option.covers for each in matching)
    if given.kept is not None and written.fits_empty:
        good = [each for each in matching if each.option.covers == widest]
        best = _best([each for each in good if not _is_risky(each, written, given)], free, written, given)
        better = best is not None and best.nearer and _costs_nothing(best, free, written)
        if not better:
            return _kept(written, free, best, given)
    for covers in sorted({each.option.covers for each in matching}, reverse=True):
        found = _of_one_width([each for each in matching if each.option.covers == covers], judged, given)
        if found is not None:
            return found
    risky = next((each for each in matching if _may_hold(each)), None)
    if risky is not None:
        why = _obstacle(risky, written) or "brings the devices no nearer"
        return _about(AdviceCode.NOT_ADVISABLE, risky, free, given, why=why)
    if given.apart:
        return None
    names = list(dict.fromkeys(each.option.attribute for each in matching))
    tried = f"{' and '.join(names) if len(names) < _NAMED else f'{len(names)} attributes'} "
    tried += "was" if len(names) == 1 else "were"
    return Recommendation(AdviceCode.NO_CONSTRAINT, params_of({"tried": tried}), of=free.fits_empty)


def _of_one_width(
    options: Sequence[Judged], judged: Sequence[Judged], given: Circumstances
) -> Recommendation | None:
    """The advice on options that cover as many requests, ``None`` where none of these will do."""
    written = judged[0]
    free = next(each for each in judged if each.option.kind is OptionKind.NONE)
    good = [each for each in options if not _is_risky(each, written, given)]
    best = _best(good, free, written, given)
    if best is not None and _costs_nothing(best, free, written):
        return _about(AdviceCode.HARD_CONSTRAINT, best, free, given)
    if best is not None and best.fits_empty:
        when = "" if best.fits_empty < free.fits_empty else f" when empty, and {best.fits_now} now"
        return _about(AdviceCode.COSTS_NODES, best, free, given, when=when)
    unsure = [
        each for each in good if each.option.attribute not in given.known and not each.far and each.fits_empty
    ]
    if not unsure:
        return None
    most = max(unsure, key=lambda each: (_costs_nothing(each, free, written), each.fits_empty))
    return _about(AdviceCode.SHARED_ATTRIBUTE, most, free, given)


def render_recommendation(value: Recommendation) -> str:
    """The advice as one sentence for people."""
    return rendered(value, TEMPLATES, _COUNTED)


def over(groups: Sequence[Sequence[Group]], most: int = 2) -> str:
    """The requests of each constraint, as text."""
    names = [" + ".join(group) for each in groups for group in each]
    shown = "; ".join(names[:most])
    return shown + (f"; and {len(names) - most} more" if len(names) > most else "")


def _kept_together(
    specs: Sequence[ClaimSpec],
    number: int,
    taking_part: Sequence[Participants],
    selected: Mapping[int, Sequence[Selected]],
) -> tuple[str, tuple[tuple[Group, ...], ...]] | None:
    """The attribute by which one claim keeps all of its devices together, with the requests."""
    spec, who = specs[number], taking_part[number]
    groups: dict[str, list[Group]] = {}
    for constraint in spec.constraints:
        group = tuple(name for name in covered_requests(spec, constraint) if name in who.least)
        if constraint.match_attribute is not None and who.devices(group) > 1:
            groups.setdefault(constraint.match_attribute, []).append(group)
    for attribute, found in groups.items():
        covered = {name for group in found for name in group}
        if covered == who.least.keys() and all(
            _means_something(attribute, selected.get(index, ()))
            for name in covered
            for index in who.alternatives[name]
        ):
            parallel = [tuple(found) if index == number else () for index in range(len(specs))]
            return attribute, tuple(parallel)
    return None


def _means_something(attribute: str, selected: Sequence[Selected]) -> bool:
    """Whether devices that match are known to be together."""
    publications = [each.publications[attribute] for each in selected if attribute in each.publications]
    return not any(each.nothing or each.flat_nodes for each in publications)


def _best(good: Sequence[Judged], free: Judged, written: Judged, given: Circumstances) -> Judged | None:
    """
    The option on most empty nodes, of those that are known to bring devices near.

    One on an attribute of unknown meaning is, if its devices are nearer somewhere and farther nowhere.
    """
    sure = [each for each in good if each.option.attribute in given.known]
    best = max(sure, key=lambda each: each.fits_empty, default=None)
    if best is not None and _costs_nothing(best, free, written):
        return best
    shown = [each for each in good if each not in sure and each.nearer and not each.far]
    others = [each for each in shown if _costs_nothing(each, free, written)]
    return others[0] if others else best


def _costs_nothing(judged: Judged, free: Judged, written: Judged) -> bool:
    return judged.fits_empty >= free.fits_empty and judged.fits_now >= written.fits_now


def _may_hold(judged: Judged) -> bool:
    return bool(
        judged.fits_empty or judged.empty.get(Outcome.UNKNOWN, 0) or judged.now.get(Outcome.UNKNOWN, 0)
    )


def _is_risky(judged: Judged, written: Judged, given: Circumstances) -> bool:
    """Whether it can do harm, or is of no use: constraints on one request of each claim join no claims."""
    if _obstacle(judged, written) or judged.farther:
        return True
    joins = judged.option.one_claim or any(len(each.requests) > 1 for each in judged.option.members)
    return given.claims > 1 and not joins and not judged.nearer


def _obstacle(judged: Judged, written: Judged) -> str:
    """Why an option is worse for the scheduler than the claim as written; empty if it is not."""
    for state, counts, before in (
        ("now", judged.now, written.now),
        ("when empty", judged.empty, written.empty),
    ):
        unknown = counts.get(Outcome.UNKNOWN, 0)
        if unknown > before.get(Outcome.UNKNOWN, 0):
            return f"leaves {_nodes(unknown)} unknown {state}"
        aborts = counts.get(Outcome.ERROR, 0)
        if aborts > before.get(Outcome.ERROR, 0):
            return f"aborts the attempt on {_nodes(aborts)} {state}"
    if judged.steps >= LONG_STEPS and judged.steps > written.steps:
        return f"makes the scheduler search {judged.steps} steps on a node"
    return ""


def _nodes(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"


def _about(
    code: AdviceCode, judged: Judged, free: Judged, given: Circumstances, **params: object
) -> Recommendation:
    option = judged.option
    covered = frozenset(index for members in option.members for index in members.alternatives)
    uncovered = tuple(
        name for name, alternatives in given.requests if covered and covered.isdisjoint(alternatives)
    )
    rest = f"; it says nothing of {' and '.join(uncovered)}" if uncovered else ""
    text = over(option.groups) + (", in one claim" if option.one_claim else "")
    values = {"attribute": option.attribute, "over": text, "leaves": judged.fits_empty, "of": free.fits_empty}
    return Recommendation(
        code,
        params_of({**values, "rest": rest, **params}),
        option,
        option.attribute,
        option.groups,
        judged.fits_empty,
        free.fits_empty,
        uncovered,
    )


def _kept(written: Judged, free: Judged, best: Judged | None, given: Circumstances) -> Recommendation:
    """What the claim's own constraint does for it; ``best``: the best of the others, at a cost."""
    assert given.kept is not None
    attribute, groups = given.kept
    code, why = AdviceCode.AS_WRITTEN, ""
    nearer, farther = given.without_kept
    if nearer:
        code, why = AdviceCode.APART_AS_WRITTEN, "without it they are nearer on some nodes"
        why += ", and farther on others" if farther else ""
    elif written.far and best is not None and best.nearer and attribute not in given.known:
        code, why = AdviceCode.APART_AS_WRITTEN, "on some nodes they are on different NUMA nodes"
        why += (
            f", and {best.option.attribute} over {over(best.option.groups)} beside it brings them nearer, "
            f"but leaves {best.fits_empty} of {_nodes(free.fits_empty)} when empty"
        )
    return Recommendation(
        code,
        params_of({"attribute": attribute, "over": over(groups), "why": why}),
        None,
        attribute,
        groups,
        written.fits_empty,
        free.fits_empty,
    )
