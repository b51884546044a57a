"""
The counts of the last full comparison with the scheduling plugins, as a table.

    python -m tests.differential.scheduling_results

Writes the table into ``docs/scheduling.md``, from ``tests/data/differential/scheduling-<minor>.json``,
which ``python -m tests.differential.scheduling --record`` writes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping

from extender.core.scheduling import RULES
from tests.paths import DATA, ROOT

PAGE = ROOT / "docs" / "scheduling.md"
FIRST = ("pods", "nodes", "feasible nodes", "pods not modelled")
_PLACE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)


def main() -> int:
    """Write the table into the page."""
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def with_table(page: str) -> str:
    """The page with the table between its two markers."""
    return _PLACE.sub(lambda _: f"\n{table()}\n\n", page)


def table() -> str:
    """The recorded counts of all minors."""
    counts = {minor: _counts(minor) for minor in RULES}
    names = {name for each in counts.values() for name in each}
    rows = list(FIRST)
    for kind in ("refusals", "scorings"):
        rows += sorted(name for name in names if name.startswith(f"{kind} by "))
    lines = [f"| | {' | '.join(counts)} |", f"|---|{'--:|' * len(counts)}"]
    for name in rows:
        numbers = " | ".join(f"{each.get(name, 0):,}" for each in counts.values())
        lines.append(f"| {name} | {numbers} |")
    differing = " | ".join(f"{each['pods with a difference']:,}" for each in counts.values())
    return "\n".join([*lines, f"| **pods with a difference** | {differing} |"])


def _counts(minor: str) -> Mapping[str, int]:
    path = DATA / "differential" / f"scheduling-{minor}.json"
    counts: Mapping[str, int] = json.loads(path.read_text(encoding="utf-8"))
    return counts


if __name__ == "__main__":
    sys.exit(main())
