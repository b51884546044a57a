"""
An audit as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

For readers who know their machines but not DRA; what is not everybody's word is in the glossary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources

from extender import __version__
from extender.core.audit.auditor import Audit
from extender.core.audit.findings import KnownDistances, PodFinding
from extender.core.audit.totals import KindsTotal, MachineTypeTotal, Tally, Totals

from .glossary import DISTANCES, GLOSSARY
from .machine_types import machine_type_cards
from .markup import Markup, element, joined
from .words import (
    TALLY_HEADS,
    caveats,
    companion_words,
    distance_counts,
    far_pairs,
    headline,
    machine_type_titles,
    option_words,
    percent,
    source_words,
    tally_cells,
)

_MOST_ROWS = 50


def audit_page(audit: Audit, totals: Totals, notes: Sequence[str], top: int) -> str:
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
        ),
        _tiles(totals),
        _caveats(audit, totals, notes),
        _offenders(audit, top),
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


def _tiles(totals: Totals) -> Markup:
    rated = totals.all
    tiles = [
        (rated.pods, "pods with two or more devices", ""),
        (rated.losing, "have devices farther apart than necessary", "bad" if rated.losing else "good"),
        (rated.avoidable, "of those could have nearer ones now", "bad" if rated.avoidable else "good"),
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


def _offenders(audit: Audit, top: int) -> Markup:
    losing = audit.losing
    if not losing:
        return _section("Pods that lose most", element("p", "None is known to lose anything."))
    shown = losing[:top]
    more = f"The first {len(shown)} of {len(losing)}. " if len(losing) > len(shown) else ""
    legend = (
        f"{more}The bar is the best throughput: the full part is what the distances leave, the hatched part "
        "is lost to distance although nearer devices are possible. Both are estimates."
    )
    return _section("Pods that lose most", element("p", legend, class_="soft small"), *map(_offender, shown))


def _offender(finding: PodFinding) -> Markup:
    running, possible = finding.running, finding.possible
    at_most = "" if finding.judgement is KnownDistances.KNOWN else "at most "
    at_least = "" if possible.empty.complete and possible.here.complete else "at least "
    items = [element("li", sentence, class_=f"at-{apart}") for apart, sentence in far_pairs(finding)]
    has, best = percent(running.highest), percent(finding.best)
    return element(
        "article",
        element(
            "h3",
            finding.name,
            element("span", f"{companion_words(finding)} on {running.pod.node_name}", class_="soft"),
        ),
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
        element("p", _sentence(option_words(finding)), class_="small"),
        class_="card",
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _machine_type_table(rows: Sequence[MachineTypeTotal]) -> Markup:
    titles = machine_type_titles([row.machine_type for row in rows])
    names = [f"{len(row.machine_type.nodes)} × {title}" for row, title in zip(rows, titles, strict=True)]
    return _tally_table("machine type", list(zip(names, (row.tally for row in rows), strict=True)))


def _tally_table(head: str, rows: Sequence[tuple[str, Tally]]) -> Markup:
    if not rows:
        return element("p", "No pods.")
    shown = [[name, *tally_cells(tally)] for name, tally in rows[:_MOST_ROWS]]
    more = len(rows) - len(shown)
    parts = [_table([head, *TALLY_HEADS], shown, numbers=range(1, 7))]
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
