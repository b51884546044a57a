"""
An audit as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

For readers who know their machines but not DRA; what is not everybody's word is in the glossary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources

from extender import __version__
from extender.core.audit.auditor import Audit
from extender.core.audit.totals import KindsTotal, MachineTypeTotal, Tally, Totals

from ..markup import Markup, element, joined
from .cards import job_cards, losing_cards, pending_cards, plan_cards, section
from .glossary import DISTANCES, GLOSSARY
from .machine_types import drawn_machines, machine_type_cards
from .source import Source
from .words import (
    TALLY_HEADS,
    caveats,
    distance_counts,
    headline,
    machine_type_titles,
    percent,
    source_words,
    tally_cells,
    together_words,
)

_MOST_ROWS = 50


def audit_page(audit: Audit, totals: Totals, notes: Sequence[str], source: Source, top: int) -> str:
    """The page; shows the ``top`` pods that lose most and a drawing of each machine type that has pods."""
    style = resources.files("extender").joinpath("data/audit.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", "Device alignment audit"),
        element("style", Markup(style)),
    )
    body = element(
        "body",
        element(
            "header",
            element("h1", "How near are the devices of your pods to each other?"),
            *_lead(audit, totals),
            _origin(source),
        ),
        _tiles(audit, totals),
        _caveats(audit, totals, notes),
        section("Jobs that some of their pods slow down", job_cards(audit, top)),
        section("Pods that lose most", list(losing_cards(audit, source, top, drawn_machines(totals)))),
        section("The plan: one move after the other", plan_cards(audit, source, top)),
        section("Pods that wait for devices", pending_cards(audit, source, top)),
        _section("Machine types", *machine_type_cards(audit, totals)),
        _section("By machine type", _machine_type_table(totals.machine_types)),
        _section(
            "By driver", _tally_table("drivers", [(", ".join(key), row) for key, row in totals.drivers])
        ),
        _section("By namespace", _tally_table("namespace", list(totals.namespaces))),
        _section("Lost bandwidth, by kinds of devices", *_pairs(totals.kinds)),
        _glossary(),
        element("footer", element("p", f"dra-extender {__version__} audit", class_="soft small")),
    )
    page = element("html", head, body, lang="en")
    return f"<!doctype html>\n{page}\n".replace(" %", "\N{NO-BREAK SPACE}%")


def _section(title: str, *parts: str) -> Markup:
    return element("section", element("h2", title), *parts)


def _lead(audit: Audit, totals: Totals) -> Iterator[Markup]:
    yield element(
        "p",
        "A GPU reaches its network card, its CPU and its neighbours fastest where they hang below one PCIe "
        "root or at least on one NUMA node. Kubernetes gives a pod the first devices that fit, near or not. "
        "This page shows what running pods got, and how much nearer it could be.",
    )
    yield element(
        "p",
        f"{headline(audit, totals)[0]} Words such as PCIe root are explained ",
        element("a", "at the end", href="#glossary"),
        ".",
        class_="soft small",
    )


def _origin(source: Source) -> Markup:
    """Which cluster, when, and by which command."""
    return element(
        "p",
        f"Cluster: {source.cluster}; {source.when}. Made by ",
        element("code", source.command),
        ".",
        class_="soft small",
    )


def _tiles(audit: Audit, totals: Totals) -> Markup:
    rated = totals.all
    together = f"of those could have nearer ones now{together_words(audit)}"
    tiles = [
        (rated.pods, "pods with two or more devices", ""),
        (rated.losing, "have devices farther apart than necessary", "bad" if rated.losing else "good"),
        (rated.avoidable, together, "bad" if rated.avoidable else "good"),
        (rated.unknown, "cannot be judged: drivers publish too little", "warn" if rated.unknown else "good"),
    ]
    return element(
        "div",
        *(
            element("div", element("b", str(number)), text, class_=f"tile {style}".rstrip())
            for number, text, style in tiles
        ),
        class_="tiles",
    )


def _caveats(audit: Audit, totals: Totals, notes: Sequence[str]) -> Markup:
    sentences = [*caveats(audit, totals), *(f"Note: {note}." for note in notes)]
    return element("ul", *(element("li", sentence) for sentence in sentences)) if sentences else joined()


def _machine_type_table(rows: Sequence[MachineTypeTotal]) -> Markup:
    titles = machine_type_titles([row.machine_type for row in rows])
    names = [f"{len(row.machine_type.nodes)} × {title}" for row, title in zip(rows, titles, strict=True)]
    return _tally_table("machine type", list(zip(names, (row.tally for row in rows), strict=True)))


def _tally_table(head: str, rows: Sequence[tuple[str, Tally]]) -> Markup:
    if not rows:
        return element("p", "No pods.")
    shown = [[name, *tally_cells(tally)] for name, tally in rows[:_MOST_ROWS]]
    more = len(rows) - len(shown)
    parts = [_table([head, *TALLY_HEADS], shown, numbers=range(1, 8))]
    if more > 0:
        parts.append(element("p", f"and {more} more, which lose less", class_="soft small"))
    return joined(*parts)


def _pairs(kinds: Sequence[KindsTotal]) -> Iterator[Markup]:
    yield element(
        "p",
        "The share of the best throughput that is lost on average to distance, over the pairs whose distance "
        "is known. An estimate: published measurements of other machines, not of yours.",
        class_="soft small",
    )
    rows = [
        [each.kinds, str(each.pairs), percent(each.lost), distance_counts(each), source_words(each)]
        for each in kinds
    ]
    if rows:
        yield _table(["pairs", "number", "lost", "distances", "source of the estimate"], rows, numbers=(1, 2))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> Markup:
    def cells(name: str, row: Sequence[str]) -> Iterator[Markup]:
        for number, text in enumerate(row):
            yield element(name, text, class_="number") if number in numbers else element(name, text)

    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", *cells("th", head))),
            element("tbody", *(element("tr", *cells("td", row)) for row in rows)),
        ),
        class_="scroll card",
    )


def _glossary() -> Markup:
    entries = [part for word, text in GLOSSARY for part in (element("dt", word), element("dd", text))]
    distances = [[name, text] for name, text in DISTANCES]
    return element(
        "section",
        element("h2", "Glossary"),
        element("dl", *entries),
        element("h2", "Distances"),
        _table(["distance", "the two devices"], distances, numbers=()),
        id="glossary",
    )
