"""The check as a table and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from extender.core.cluster.known_distances import Knowledge, KnownType
from extender.core.messages import first_few
from extender.service.machine_facts import facts_sentence

from ..text import columns
from .ways_out import ways_out

JSON = dict[str, object]
Types = Mapping[str, Sequence[KnownType]]

_UNNAMED = "without instance type"
_MOST_NAMED = 3


def check_document(types: Types) -> JSON:
    """All types, those of most nodes first."""
    return {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Check",
        "types": [
            {
                "instanceType": name or None,
                "nodes": list(known.nodes),
                "facts": None
                if known.facts is None
                else {
                    "machine": known.facts.machine,
                    "origin": known.facts.origin,
                    "problem": known.facts.problem,
                    "message": facts_sentence(known.facts),
                },
                "distances": {
                    kinds: {
                        "known": {str(source): count for source, count in found.known.items()},
                        "unknown": found.unknown,
                        "silent": list(found.silent),
                    }
                    for kinds, found in known.kinds.items()
                },
                "ways": [
                    {"way": way.way, "driver": way.driver or None, "message": way.message}
                    for way in ways_out(known)
                ],
            }
            for name, known in _sorted(types)
        ],
    }


def check_table(types: Types, width: int) -> Iterator[str]:
    """Yield the lines: a row per type, then what to do about each that has unknown distances."""
    known_types = _sorted(types)
    if not known_types:
        yield "no node has devices whose distances matter"
        return
    present = dict.fromkeys(kinds for _, known in known_types for kinds in known.kinds)
    rows = [["instance type", "nodes", *present]]
    for name, known in known_types:
        cells = [_cell(known.kinds[kinds]) if kinds in known.kinds else "-" for kinds in present]
        rows.append([name or _UNNAMED, str(len(known.nodes)), *cells])
    yield from columns(rows, right=(1,))
    for ways, group in _by_ways(known_types).items():
        yield ""
        for name, known in group:
            yield from _indented(
                f"{name or _UNNAMED} ({first_few(known.nodes, _MOST_NAMED)}): {_silence(known)}", "", width
            )
            if known.facts is not None and known.facts.problem is not None:
                yield from _indented(facts_sentence(known.facts), "  ", width)
        for message in ways:
            yield from _indented(message, "  - ", width)


def _by_ways(types: Sequence[tuple[str, KnownType]]) -> dict[tuple[str, ...], list[tuple[str, KnownType]]]:
    """The types with unknown distances, those together for which the same helps."""
    groups: dict[tuple[str, ...], list[tuple[str, KnownType]]] = {}
    for name, known in types:
        if ways := tuple(way.message for way in ways_out(known)):
            groups.setdefault(ways, []).append((name, known))
    return groups


def _sorted(types: Types) -> list[tuple[str, KnownType]]:
    flat = [(name, known) for name, group in types.items() for known in group]
    return sorted(flat, key=lambda each: (-len(each[1].nodes), each[0], each[1].nodes))


def _cell(found: Knowledge) -> str:
    """Who tells, or how many pairs nobody tells."""
    if not found.unknown:
        return ", ".join(sorted(found.known))
    total = found.unknown + sum(found.known.values())
    return "unknown" if found.unknown == total else f"{found.unknown} of {total} unknown"


def _silence(known: KnownType) -> str:
    silent = sorted({driver for each in known.kinds.values() for driver in each.silent})
    return f"no NUMA node is known of devices of {', '.join(silent)}" if silent else "sockets are not known"


def _indented(text: str, head: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
