"""
Compare generated pods with the scheduling plugins of Kubernetes itself.

    python -m tests.differential.scheduling 1.36 1.37 --count 20000 [--seed 1] [--record DIRECTORY]

Minors whose oracle is not built are left out, with a line that says so.
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
from tests.scheduler_oracle.releases import oracle_path

SHOWN = 10
"""Differences that are printed in full."""


def main(arguments: Sequence[str]) -> int:
    """Print a summary and the first differences of each minor; 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.scheduling", description=__doc__)
    parser.add_argument("minors", nargs="+", metavar="MINOR")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--count", type=int, default=2000, help="number of pods per minor")
    parser.add_argument("--seconds", type=float, help="end each minor after this time")
    parser.add_argument("--record", type=Path, help="write the counts to files in this directory")
    options = parser.parse_args(arguments)
    status = 0
    for minor in options.minors:
        if oracle_path(minor) is None:
            sys.stdout.write(f"Kubernetes {minor}: skipped, its scheduler oracle is not built (needs Go)\n")
            continue
        begun = time.monotonic()
        seeds = range(options.seed, options.seed + options.count)
        end = None if options.seconds is None else begun + options.seconds
        counts, shown = compare(minor, seeds, end)
        seconds = time.monotonic() - begun
        summary = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        sys.stdout.write("".join(f"{line}\n" for line in shown))
        sys.stdout.write(f"Kubernetes {minor}: {seconds:.0f} s: {summary}\n")
        sys.stdout.flush()
        if options.record is not None:
            text = json.dumps(counts, sort_keys=True, indent=1)
            (options.record / f"scheduling-{minor}.json").write_text(f"{text}\n", encoding="utf-8")
        status |= bool(counts["pods with a difference"])
    return status


def compare(minor: str, seeds: Sequence[int], end: float | None = None) -> tuple[Counter[str], list[str]]:
    """
    Count what was compared, and describe the first differences.

    ``end``: the time of the monotonic clock after which no further pod is compared.
    """
    counts: Counter[str] = Counter({"pods with a difference": 0})
    shown: list[str] = []
    rules = RULES[minor]
    with SchedulerOracle(minor) as oracle:
        for seed in seeds:
            if end is not None and time.monotonic() > end:
                break
            case = generate(seed)
            counts["pods"] += 1
            ours, theirs = answer(case, rules), oracle.schedule(case)
            found = list(differences(ours, theirs))
            counts["nodes"] += len(case["nodes"])
            counts["feasible nodes"] += len(theirs.get("totals", ()))
            counts["pods not modelled"] += "notModelled" in ours
            for plugins in theirs.get("filters", {}).values():
                counts.update(f"refusals by {plugin}" for plugin in plugins)
            counts.update(f"scorings by {plugin}" for plugin in theirs.get("scores", {}).keys() - {"failed"})
            if found:
                counts["pods with a difference"] += 1
                if len(shown) < SHOWN:
                    shown.append(f"seed {seed}: " + "; ".join(found))
    return counts, shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
