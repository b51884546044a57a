"""An audit as text: what matters in sentences, the pods that lose most, then the totals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from extender.core.audit.alike import AlikeFindings, alike
from extender.core.audit.auditor import Audit
from extender.core.audit.findings import KnownDistances
from extender.core.audit.joint_plan import JointPlan
from extender.core.audit.totals import Tally, Totals

from ..text import columns, counted
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
from .words import (
    TALLY_HEADS,
    caveats,
    distance_counts,
    far_pairs,
    headline,
    machine_type_name,
    machine_type_parts,
    percent,
    source_words,
    tally_cells,
)

_INDENT = "  "
_WITH_PERCENT = "\N{NO-BREAK SPACE}%"
_LEGEND = (
    "'has': the share of the best throughput that the distances of a pod's devices leave. 'could have': the "
    "largest share that it could have, on its node if that were empty, or on any node now. Both are "
    "estimates, and means over the pods whose distances are all known, whose number is 'mean over'. "
    "'avoidable': pods that could have nearer devices now."
)


def audit_table(
    audit: Audit, totals: Totals, notes: Sequence[str], source: Source, top: int, width: int
) -> Iterator[str]:
    """Yield the lines, at most ``width`` columns wide where names allow it; the ``top`` losing pods."""
    for sentence in (*headline(audit, totals), *caveats(audit, totals)):
        yield from _wrapped(sentence, width)
    for note in notes:
        yield from _wrapped(f"note: {note}", width)
    yield from _list("jobs that some of their pods slow down", map(job_words, slowed_jobs(audit)), top, width)
    groups = alike(audit.losing)
    if groups:
        yield ""
        more = f", the first {top} of {len(groups)} kinds" if len(groups) > top else ""
        yield f"pods that lose most{more}"
        for group in groups[:top]:
            yield from _group(group, audit.plan, source, width)
    if audit.plan.moves:
        yield from _plan(audit.plan, source, top, width)
    waiting = [(pending_words(each), pending_command(each, source)) for each in audit.pending]
    yield from _list("pods that wait for devices", ("\n".join(each) for each in waiting), top, width)
    if not totals.all.pods:
        return
    yield ""
    yield from _wrapped(_LEGEND, width)
    yield from _machine_types(totals, top)
    yield from _totals("drivers", [(", ".join(drivers), tally) for drivers, tally in totals.drivers], top)
    yield from _totals("namespace", list(totals.namespaces), top)
    yield ""
    yield "lost bandwidth, estimated over the pairs of known distance"
    rows = [["pairs", "number", "lost", "distances"]]
    rows += [
        [total.kinds, str(total.pairs), percent(total.lost), distance_counts(total)] for total in totals.kinds
    ]
    yield from columns(rows, right=(1, 2))
    for total in totals.kinds:
        yield from _wrapped(f"{total.kinds} {source_words(total)}", width, _INDENT)


def _list(title: str, entries: Iterable[str], top: int, width: int) -> Iterator[str]:
    """Sentences, each with the commands of its further lines below it; nothing where there are none."""
    every = list(entries)
    if not every:
        return
    yield ""
    yield f"{title}, the first {top} of {len(every)}" if len(every) > top else title
    for entry in every[:top]:
        sentence, *commands = entry.split("\n")
        yield from _wrapped(sentence, width)
        yield from (f"{_INDENT}{command}" for command in commands if command)


def _plan(plan: JointPlan, source: Source, top: int, width: int) -> Iterator[str]:
    more = f", the first {top} of {len(plan.moves)} moves" if len(plan.moves) > top else ""
    rows = enumerate(rows_of_plan(plan.moves[:top], source), 1)
    yield from _list(
        f"the plan: one move after the other{more}",
        (f"{number}. {pod}: {what}\n{command}" for number, (pod, what, command) in rows),
        top,
        width,
    )
    for sentence in plan_caveat(plan):
        yield from _wrapped(sentence, width)


def _group(group: AlikeFindings, plan: JointPlan, source: Source, width: int) -> Iterator[str]:
    head, finding = who(group), group.first
    possible = finding.possible
    at_least = "" if possible.empty.complete and possible.here.complete else "at least "
    at_most = "" if finding.judgement is KnownDistances.KNOWN else "at most "
    has, best = percent(finding.running.highest), percent(finding.best)
    yield f"{head}: has {at_most}{has}, could have {at_least}{best}"
    for _, sentence in far_pairs(finding):
        yield from _wrapped(sentence, width, _INDENT)
    for sentence in advice_words(group, plan):
        yield from _wrapped(sentence, width, _INDENT)
    command = command_for(group, plan, source)
    if command:
        yield f"{_INDENT}{command}"


def _machine_types(totals: Totals, top: int) -> Iterator[str]:
    """A row for each machine type that has pods, and below it what it is made of."""
    busy = [row for row in totals.machine_types if row.tally.pods]
    names = [f"{len(row.machine_type.nodes)} x {machine_type_name(row.machine_type)}" for row in busy]
    lines = list(_totals("machine type", list(zip(names, (row.tally for row in busy), strict=True)), top))
    shown = busy[:top]
    yield from lines[:2]
    for line, row in zip(lines[2:], shown, strict=False):
        yield line
        pairs = f"; {counted(row.free_pairs, 'free pair')} now"
        yield f"{_INDENT}{machine_type_parts(row.machine_type)}{pairs}"
    yield from lines[2 + len(shown) :]


def _totals(head: str, rows: Sequence[tuple[str, Tally]], top: int) -> Iterator[str]:
    yield ""
    cells = [[head, *TALLY_HEADS]]
    cells += [[name, *tally_cells(tally)] for name, tally in rows[:top]]
    yield from columns(cells, right=range(1, len(TALLY_HEADS) + 1))
    if len(rows) > top:
        left = rows[top:]
        losing = sum(tally.losing for _, tally in left)
        yield f"and {len(left)} more, with {counted(losing, 'losing pod')}"


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    lines = textwrap.wrap(
        text.replace(" %", _WITH_PERCENT),
        width,
        initial_indent=indent,
        subsequent_indent=indent + _INDENT,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [line.replace(_WITH_PERCENT, " %") for line in lines]
