"""The cards of an audit's page: pods that lose most, jobs, the plan, and pods that wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from extender.core.audit.alike import AlikeFindings, alike
from extender.core.audit.auditor import Audit
from extender.core.audit.findings import KnownDistances
from extender.core.audit.joint_plan import JointPlan

from ..markup import Markup, element, joined
from .plan_words import (
    advice_words,
    command_for,
    job_words,
    pending_command,
    pending_words,
    plan_caveat,
    rows_of_plan,
    slowed_jobs,
    who,
)
from .source import Source
from .words import far_pairs, percent


def losing_cards(audit: Audit, source: Source, top: int, drawings: Mapping[str, str]) -> Iterator[Markup]:
    """One card for each kind of losing pods; ``drawings``: the anchor of a node's drawing, by node."""
    groups = alike(audit.losing)
    if not groups:
        yield element("p", "None is known to lose anything.")
        return
    shown = groups[:top]
    more = f"The first {len(shown)} of {len(groups)} kinds. " if len(groups) > len(shown) else ""
    legend = (
        f"{more}The bar is the best throughput: the full part is what the distances leave, the hatched part "
        "is lost to distance although nearer devices are possible. Both are estimates."
    )
    yield element("p", legend, class_="soft small")
    for group in shown:
        yield _losing_card(group, audit.plan, source, drawings)


def job_cards(audit: Audit, top: int) -> list[Markup]:
    """What slows jobs; empty where nothing does."""
    jobs = slowed_jobs(audit)
    if not jobs:
        return []
    legend = "The pods of a job wait for each other, so a job is as fast as its worst pod."
    return [
        element("p", legend, class_="soft small"),
        _list("ul", ((f"{job_words(job)}.", "") for job in jobs[:top])),
        *_beyond(len(jobs) - top),
    ]


def plan_cards(audit: Audit, source: Source, top: int) -> list[Markup]:
    """The moves of the plan in their order; empty where there are none."""
    plan = audit.plan
    if not plan.moves:
        return []
    rows = ((f"{pod}: {what}.", command) for pod, what, command in rows_of_plan(plan.moves[:top], source))
    return [
        *(element("p", sentence, class_="soft small") for sentence in plan_caveat(plan)),
        _list("ol", rows),
        *_beyond(len(plan.moves) - top),
    ]


def pending_cards(audit: Audit, source: Source, top: int) -> list[Markup]:
    """Pods that wait for devices, and why; empty where none does."""
    rows = [(f"{pending_words(group)}.", pending_command(group, source)) for group in audit.pending]
    return [_list("ul", rows[:top]), *_beyond(len(rows) - top)] if rows else []


def _losing_card(
    group: AlikeFindings, plan: JointPlan, source: Source, drawings: Mapping[str, str]
) -> Markup:
    finding = group.first
    running, possible = finding.running, finding.possible
    at_most = "" if finding.judgement is KnownDistances.KNOWN else "at most "
    at_least = "" if possible.empty.complete and possible.here.complete else "at least "
    items = [element("li", sentence, class_=f"at-{apart}") for apart, sentence in far_pairs(finding)]
    has, best = percent(running.highest), percent(finding.best)
    name, rest = finding.name, who(group).removeprefix(finding.name)
    anchor = drawings.get(running.pod.node_name)
    link = (
        [element("p", element("a", "See its machine drawn", href=f"#{anchor}"), class_="small")]
        if anchor
        else []
    )
    return element(
        "article",
        element("h3", name, element("span", rest, class_="soft")),
        element(
            "div",
            element("i", class_="lost", style=f"width:{100 * finding.best:.1f}%"),
            element("i", style=f"width:{100 * running.highest:.1f}%"),
            class_="bar",
            role="img",
            aria_label=f"{at_most}{has} of {best}",
        ),
        element("p", f"Has {at_most}{has}, could have {at_least}{best}."),
        element("ul", *items),
        *(element("p", _capital(each), class_="small") for each in advice_words(group, plan)),
        *_sentence("", command_for(group, plan, source)),
        *link,
        class_="card",
    )


def _list(name: str, rows: Iterable[tuple[str, str]]) -> Markup:
    """One card with a list, each entry a sentence and a command."""
    return element(name, *(element("li", *_sentence(*row)) for row in rows), class_="card list")


def _sentence(text: str, command: str) -> Sequence[Markup]:
    """A paragraph, and a command below it that can be copied."""
    parts = [element("p", text, class_="small")] if text else []
    return [*parts, element("pre", element("code", command))] if command else parts


def _beyond(more: int) -> list[Markup]:
    return [element("p", f"and {more} more", class_="soft small")] if more > 0 else []


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def section(title: str, parts: Sequence[str]) -> Markup:
    """A section with its heading; nothing where it has no parts."""
    return element("section", element("h2", title), *parts) if parts else joined()
