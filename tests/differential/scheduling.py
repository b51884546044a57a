"""
Compare generated pods with the scheduling plugins of Kubernetes itself.

    python -m tests.differential.scheduling --minor 1.36 --count 20000 [--seed 1] [--record FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from extender.core.scheduling import RULES
from tests.differential.scheduling_case import answer, generate
from tests.differential.scheduling_compare import differences
from tests.scheduler_oracle.client import SchedulerOracle

SHOWN = 10
"""Differences that are printed in full."""


def main(arguments: Sequence[str]) -> int:
    """Print a summary and the first differences; 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.scheduling", description=__doc__)
    parser.add_argument("--minor", required=True)
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--count", type=int, default=2000, help="number of pods")
    parser.add_argument("--record", type=Path, help="write the counts to this file")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    counts, shown = compare(options.minor, range(options.seed, options.seed + options.count))
    for line in shown:
        sys.stdout.write(f"{line}\n")
    summary = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
    sys.stdout.write(
        f"Kubernetes {options.minor}: {options.count} pods in {time.monotonic() - begun:.0f} s: {summary}\n"
    )
    if options.record is not None:
        options.record.write_text(json.dumps(counts, sort_keys=True, indent=1) + "\n", encoding="utf-8")
    return 1 if counts["pods with a difference"] else 0


def compare(minor: str, seeds: Sequence[int]) -> tuple[Counter[str], list[str]]:
    """Count what was compared, and describe the first differences."""
    counts: Counter[str] = Counter({"pods with a difference": 0})
    shown: list[str] = []
    rules = RULES[minor]
    with SchedulerOracle(minor) as oracle:
        for seed in seeds:
            case = generate(seed)
            ours, theirs = answer(case, rules), oracle.schedule(case)
            found = list(differences(ours, theirs))
            counts["nodes"] += len(case["nodes"])
            counts["feasible nodes"] += len(theirs.get("totals", ()))
            counts["pods not modelled"] += "notModelled" in ours
            for plugins in theirs.get("filters", {}).values():
                counts.update(f"refusals by {plugin}" for plugin in plugins)
            counts.update(f"scorings by {plugin}" for plugin in theirs.get("scores", ()))
            if found:
                counts["pods with a difference"] += 1
                if len(shown) < SHOWN:
                    shown.append(f"seed {seed}: " + "; ".join(found))
    return counts, shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
