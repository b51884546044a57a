"""An audit as text: what matters in sentences, the pods that lose most, then the totals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from extender.core.audit.auditor import Audit
from extender.core.audit.findings import KnownDistances, PodFinding
from extender.core.audit.totals import Tally, Totals

from ..text import columns, counted
from .words import (
    TALLY_HEADS,
    caveats,
    companion_words,
    distance_counts,
    far_pairs,
    headline,
    machine_type_name,
    machine_type_parts,
    option_words,
    percent,
    source_words,
    tally_cells,
)

_INDENT = "  "
_WITH_PERCENT = "\N{NO-BREAK SPACE}%"
_LEGEND = (
    "'has': the share of the best throughput that the distances of a pod's devices leave. 'could have': the "
    "largest share that it could have, on its node if that were empty, or on any node now. Both are "
    "estimates, and means over the pods whose distances are all known. 'avoidable': pods that could have "
    "nearer devices now."
)


def audit_table(audit: Audit, totals: Totals, notes: Sequence[str], top: int, width: int) -> Iterator[str]:
    """Yield the lines, at most ``width`` columns wide where names allow it; the ``top`` losing pods."""
    for sentence in (*headline(audit, totals), *caveats(audit, totals)):
        yield from _wrapped(sentence, width)
    for note in notes:
        yield from _wrapped(f"note: {note}", width)
    losing = audit.losing
    if losing:
        yield ""
        more = f", the first {top} of {len(losing)}" if len(losing) > top else ""
        yield f"pods that lose most{more}"
        for finding in losing[:top]:
            yield from _finding(finding, width)
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


def _finding(finding: PodFinding, width: int) -> Iterator[str]:
    head = f"{finding.name}{companion_words(finding)} on {finding.running.pod.node_name}"
    possible = finding.possible
    at_least = "" if possible.empty.complete and possible.here.complete else "at least "
    at_most = "" if finding.judgement is KnownDistances.KNOWN else "at most "
    has, best = percent(finding.running.highest), percent(finding.best)
    yield f"{head}: has {at_most}{has}, could have {at_least}{best}"
    for _, sentence in far_pairs(finding):
        yield from _wrapped(sentence, width, _INDENT)
    yield from _wrapped(option_words(finding), width, _INDENT)


def _machine_types(totals: Totals, top: int) -> Iterator[str]:
    """A row for each machine type that has pods, and below it what it is made of."""
    busy = [row for row in totals.machine_types if row.tally.pods]
    names = [f"{len(row.machine_type.nodes)} x {machine_type_name(row.machine_type)}" for row in busy]
    lines = list(_totals("machine type", list(zip(names, (row.tally for row in busy), strict=True)), top))
    shown = busy[:top]
    yield from lines[:2]
    for line, row in zip(lines[2:], shown, strict=False):
        yield line
        yield f"{_INDENT}{machine_type_parts(row.machine_type)}"
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
