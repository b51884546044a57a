"""Advice as text: what each constraint costs, how near devices could be, what is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from extender.core.advice.advisor import Advice
from extender.core.advice.claim_warnings import Severity, WarningCode, render_warning
from extender.core.advice.constraint_options import OptionKind
from extender.core.advice.judged import Judged
from extender.core.advice.nearness import Nearness
from extender.core.advice.nearness_counts import NearnessCounts
from extender.core.advice.publications import Publication
from extender.core.advice.recommendation import AdviceCode, over, render_recommendation
from extender.core.advice.runnable import Runnable
from extender.core.reasons import Outcome
from extender.core.scheduling import render_filter, render_unchecked
from extender.core.soft_alignment.refusals import Refusal, render_refusal
from extender.core.soft_alignment.soften import Rewrite

from ..text import columns, counted
from .subjects import Titled

_INDENT = "  "
_MOST_REFUSALS = 3
_LEFT_OPEN = (AdviceCode.COSTS_NODES, AdviceCode.NOT_ADVISABLE, AdviceCode.NO_CONSTRAINT)
_NEARNESS_HEADINGS = {
    Nearness.PCIE_ROOT: "one root",
    Nearness.NUMA: "one NUMA",
    Nearness.FAR: "farther",
    Nearness.UNKNOWN: "unknown",
}


def advice_table(titled: Titled, advice: Advice, kubernetes: str, width: int) -> Iterator[str]:
    """Yield the lines for one subject, at most ``width`` columns wide where names allow it."""
    yield from _wrapped(
        "",
        f"{titled.title} on Kubernetes {kubernetes}, {_judged_nodes(advice)}: {_verdict(advice)}",
        width,
    )
    if advice.runnable is not None and not _asks_for_nothing(advice):
        for sentence in _runnable(advice.runnable):
            yield from _wrapped(_INDENT, sentence, width)
    for each in advice.warnings:
        yield from _wrapped(f"{_INDENT}{each.severity}: ", render_warning(each), width)
    if _asks_for_nothing(advice):
        return
    yield ""
    yield from columns(
        [
            ["nodes that can meet the claim", "now", "empty"],
            *([f"{_INDENT}{_name(each)}", _nodes(each.now), _nodes(each.empty)] for each in _rows(advice)),
        ],
        right=(1, 2),
    )
    for remark in dict.fromkeys(remark for each in advice.judged for remark in _remarks(each)):
        yield from _wrapped(f"{_INDENT}{_INDENT}", remark, width)
    if advice.nearness is not None and any(advice.nearness.best_empty.values()):
        yield ""
        yield from _near(advice.nearness)
    conclusion = _conclusion(advice)
    if conclusion:
        yield ""
        yield from _wrapped("advice: ", conclusion, width)


def _judged_nodes(advice: Advice) -> str:
    every = advice.nodes if advice.runnable is None else advice.runnable.nodes
    return counted(every, "node") if advice.nodes == every else f"{advice.nodes} of {counted(every, 'node')}"


def _runnable(found: Runnable) -> Iterator[str]:
    """Which nodes accept the pod beside its devices, and what is not known of that."""
    shown = [f"{render_filter(reason)} ({counted(count, 'node')})" for reason, count in found.refusals]
    more = len(shown) - _MOST_REFUSALS
    why = "; ".join(shown[:_MOST_REFUSALS]) + (f"; and {more} more reasons" if more > 0 else "")
    if found.nowhere and found.nodes:
        yield f"no node accepts the pod, not even an empty one, so all are counted: {why}"
    elif shown:
        accept = "accepts" if len(found.now) == 1 else "accept"
        when_empty = f", {len(found.empty)} when empty" if found.empty != found.now else ""
        yield (
            f"{len(found.now)} of {counted(found.nodes, 'node')} {accept} the pod beside its devices"
            f"{when_empty}, and only these are counted: {why}"
        )
    if found.unchecked:
        unknown = "; ".join(map(render_unchecked, found.unchecked))
        yield f"not all is known of the nodes that accept the pod: {unknown}"


def _verdict(advice: Advice) -> str:
    written = advice.judged[0]
    if advice.blocked:
        return "can be met nowhere as written"
    if not advice.nodes:
        return "there is nothing to judge it on"
    if _asks_for_nothing(advice):
        return "asks for no devices"
    if all(counts.keys() <= {Outcome.UNKNOWN} for counts in (written.now, written.empty)):
        text = "not judged as written"
    else:
        text = f"{_met(written.now, 'now')}, {_met(written.empty, 'when empty')}"
    if any(each.code is WarningCode.CLAIM_UNUSABLE for each in advice.warnings):
        text = f"the pod cannot use its claims as they stand; {text} where it can"
    aborts = any(each.severity is Severity.ABORTS for each in advice.warnings)
    return text + ("; some abort the attempt" if aborts else "")


def _met(counts: Mapping[Outcome, int], state: str) -> str:
    """How many nodes can meet the claim as written; what is unknown is no zero."""
    unknown = counts.get(Outcome.UNKNOWN, 0)
    if unknown and unknown == sum(counts.values()):
        return f"not judged as written {state}"
    text = f"{_fits(counts)} can meet it as written {state}" if state == "now" else f"{_fits(counts)} {state}"
    return text + (f" ({unknown} not judged)" if unknown else "")


def _asks_for_nothing(advice: Advice) -> bool:
    """Whether there is no claim at all, not even one for extended resources."""
    return not any(each.option.specs for each in advice.judged)


def _rows(advice: Advice) -> Iterator[Judged]:
    """The options, but for one that says the same as the claim as written."""
    written, *others = advice.judged
    yield written
    yield from (each for each in others if each.option.specs != written.option.specs)


def _name(judged: Judged) -> str:
    option = judged.option
    if option.kind is OptionKind.AS_WRITTEN:
        return "as written"
    if option.kind is OptionKind.NONE:
        return "no topology constraint"
    if option.kind is OptionKind.SOFT:
        return "rewritten to prefer near devices"
    names = over(option.groups)
    if option.kind is OptionKind.COUNT:
        return f"count: {option.count} in place of all for {names}"
    if option.kind is OptionKind.DISTINCT:
        return f"different {option.attribute} for {names}"
    return f"{option.attribute} over {names}" + (", in one claim" if option.one_claim else "")


def _nodes(counts: Mapping[Outcome, int]) -> str:
    more = [
        f"{count} {word}"
        for outcome, word in ((Outcome.UNKNOWN, "unknown"), (Outcome.ERROR, "abort"))
        if (count := counts.get(outcome, 0))
    ]
    if more and counts.get(Outcome.UNKNOWN, 0) == sum(counts.values()):
        return more[0]
    return f"{_fits(counts)}" + (f" ({', '.join(more)})" if more else "")


def _fits(counts: Mapping[Outcome, int]) -> int:
    return counts.get(Outcome.ALLOCATED, 0)


def _remarks(judged: Judged) -> Iterator[str]:
    """Why an option holds on fewer nodes, or holds without meaning anything."""
    for each in judged.publications:
        yield from _remark(each)
    flat = max((each.flat_nodes for each in judged.publications), default=0)
    if flat:
        nodes = counted(flat, "node")
        yield f"{judged.option.attribute}: on {nodes} all PCI devices share one root, so any of them match"


def _remark(publication: Publication) -> Iterator[str]:
    who = f"{publication.attribute}: {publication.driver}"
    devices = counted(publication.devices, "device")
    if not publication.published:
        yield f"{who}: none of {devices} publishes it"
    elif publication.missing:
        yield f"{who}: {publication.published} of {devices} publish it"
    for value, number in publication.nothing:
        yield f"{who}: {value} on {counted(number, 'device')}, which means unknown but matches"


def _near(counts: NearnessCounts) -> Iterator[str]:
    order = list(_NEARNESS_HEADINGS)

    def row(name: str, found: Mapping[Nearness, int], guessed: int) -> list[str]:
        more = f"  ({counted(guessed, 'node')} not searched to the end)" if guessed else ""
        return [f"{_INDENT}{name}", *(str(found.get(each, 0)) for each in order), more]

    yield from columns(
        [
            ["nodes by distance, no topology constraint", *_NEARNESS_HEADINGS.values(), ""],
            row("the scheduler takes, now", counts.first_fit, 0),
            *([row("the scheduler takes, rewritten", counts.rewritten, 0)] if counts.rewritten else []),
            row("nearest possible, now", counts.best, counts.guessed),
            row("nearest possible, empty", counts.best_empty, counts.guessed_empty),
        ],
        right=(1, 2, 3, 4),
    )


def _conclusion(advice: Advice) -> str:
    """What to do about the alignment; empty where there is nothing to choose."""
    found = advice.recommendation
    if found is None:
        return ""
    text = render_recommendation(found)
    if found.code not in _LEFT_OPEN:
        return text
    if any(isinstance(each, Rewrite) for each in advice.rewrites):
        return (
            f"{text}. To prefer near devices without giving up nodes, rewrite the claim as -o yaml prints "
            "it, or leave it to the extender"
        )
    refused = [render_refusal(each) for each in advice.rewrites if isinstance(each, Refusal)]
    why = f" (the claim cannot be rewritten to prefer them: {refused[0]})" if refused else ""
    return f"{text}; leave it to the extender, which scores nodes by all that the drivers publish{why}"


def _wrapped(head: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * (len(head) if head.strip() == "" else len(_INDENT) * 2),
        break_on_hyphens=False,
        break_long_words=False,
    )
