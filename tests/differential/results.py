"""
The results of the last full comparison, as ``docs/prediction.md`` shows them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.differential.allocation_compare import VERSIONS
from tests.paths import DATA

RUNS = DATA / "differential"
MINORS = sorted(VERSIONS)
_PLACE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)


def recorded_runs(kind: str) -> dict[str, Mapping[str, Any]]:
    """The counts of the last full run of a kind (``"allocation"``, ``"cel"``), by minor."""
    return {minor: json.loads((RUNS / f"{kind}-{minor}.json").read_text()) for minor in MINORS}


def with_results(page: str) -> str:
    """The page with the results of the last full run between its two markers."""
    text = "\n".join([*_allocations(recorded_runs("allocation")), "", *_selectors(recorded_runs("cel")), ""])
    return _PLACE.sub(lambda _: f"\n{text}\n", page)


def _allocations(runs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from _head("allocations", [runs[minor]["kubernetes"] for minor in MINORS])
    yield _row("cases", [runs[minor]["cases"] for minor in MINORS])
    yield from _rows("Kubernetes: {}", runs, "ends")
    yield from _rows("we say {}", runs, "certainties")
    yield _row("`order-dependent`, one answer in 30 runs", _counts(runs, "findings", "vague"))
    yield from _rows("`unknown`: {}", runs, "unknown")
    yield _row("**disagreements**", _counts(runs, "findings", "different"))


def _selectors(runs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from _head("selectors", MINORS)
    yield _row("cases", [runs[minor]["selectors"] for minor in MINORS])
    yield from _rows("Kubernetes: {}", runs, "ends")
    yield from _rows("`unknown`: {}", runs, "unknown")
    yield _row("**disagreements**", [runs[minor]["disagreements"] for minor in MINORS])


def _head(kind: str, names: list[str]) -> Iterator[str]:
    yield f"| {kind} | {' | '.join(names)} |"
    yield "|---|" + "--:|" * len(names)


def _rows(title: str, runs: Mapping[str, Mapping[str, Any]], field: str) -> Iterator[str]:
    for name in sorted({name for minor in MINORS for name in runs[minor][field]}):
        yield _row(title.format(name), _counts(runs, field, name))


def _counts(runs: Mapping[str, Mapping[str, Any]], field: str, name: str) -> list[int]:
    return [runs[minor][field].get(name, 0) for minor in MINORS]


def _row(name: str, counts: list[int]) -> str:
    return f"| {name} | {' | '.join(f'{count:,}' for count in counts)} |"
