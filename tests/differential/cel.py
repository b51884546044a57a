"""
Compare our CEL with Kubernetes' on generated selectors.

    python -m tests.differential.cel --minor 1.36 --seed 1 --count 20000

needs the minor's oracle (``make oracle``). Prints how selectors ended, why we did not know, and
each disagreement shrunk to a minimal one; exits with 1 if there are any. ``--record FILE`` writes the
counts as JSON, for ``docs/prediction.md``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extender.cel import Dialect
from tests.differential.cel_compare import End, Outcome, agree, dialect_of, ours, theirs
from tests.differential.cel_generate import Selector, selector
from tests.differential.cel_shrink import shrink
from tests.oracle.client import Oracle

DEFAULT_FEATURES = {
    "1.34": (),
    "1.35": (),
    "1.36": ("ConsumableCapacity",),
    "1.37": ("ConsumableCapacity",),
    "1.38": ("ConsumableCapacity",),
}
PROGRESS_SECONDS = 10.0


@dataclass
class Report:
    """What a run saw: one shrunk disagreement per kind, and in ``repeated`` how often a kind came."""

    ends: Counter[Outcome] = field(default_factory=Counter)
    values: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    disagreements: list[dict[str, Any]] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Comparison:
    """Both sides of a run."""

    oracle: Oracle
    dialect: Dialect
    features: tuple[str, ...]

    def ends(self, chosen: Selector) -> tuple[End, End]:
        """Kubernetes' answer and ours."""
        return theirs(self.oracle, chosen, self.features), ours(chosen, self.dialect)

    def persists(self, chosen: Selector) -> bool:
        """Whether we disagree again and again: Go's maps have no order, so some answers vary."""
        return not any(agree(chosen, *self.ends(chosen)) for _ in range(5))

    def minimal(self, chosen: Selector, their: End, our: End) -> Selector:
        """The smallest selector found that ends in the same pair of ways."""

        def disagrees(candidate: Selector) -> bool:
            other_their, other_our = self.ends(candidate)
            return (other_their.outcome, other_our.outcome) == (their.outcome, our.outcome) and not agree(
                candidate, other_their, other_our
            )

        return shrink(chosen, disagrees)


def run(comparison: Comparison, seeds: range, out: Path | None, seconds: float) -> Report:
    """Compare the selectors of these seeds; ``out`` gets a line per disagreement as it is found."""
    report = Report()
    began = said = time.monotonic()
    for seed in seeds:
        now = time.monotonic()
        if now - began > seconds:
            sys.stdout.write(f"stopped after {seconds:.0f} s at seed {seed}\n")
            break
        if now - said > PROGRESS_SECONDS:
            said = now
            done = seed - seeds.start
            sys.stdout.write(f"{done} of {len(seeds)}, {len(report.disagreements)} kinds of disagreement\n")
            sys.stdout.flush()
        chosen = selector(seed, list_attributes=comparison.dialect.list_attributes or seed % 50 == 0)
        their, our = comparison.ends(chosen)
        report.ends[their.outcome] += 1
        report.values += chosen.probe and their.outcome is Outcome.ERROR and their.message.endswith("|")
        if our.outcome is Outcome.UNKNOWN:
            report.unknown[re.sub(r"[0-9]+", "N", our.message)] += 1
        if not agree(chosen, their, our) and comparison.persists(chosen):
            _record(report, comparison, seed, chosen, (their, our), out)
    return report


def _record(
    report: Report,
    comparison: Comparison,
    seed: int,
    chosen: Selector,
    ends: tuple[End, End],
    out: Path | None,
) -> None:
    small = comparison.minimal(chosen, *ends)
    their, our = comparison.ends(small)
    kind = f"{their.outcome} / {our.outcome}: {_shape(small.text)}"
    report.repeated[kind] += 1
    if report.repeated[kind] > 1:
        return
    found = {
        "minor": comparison.oracle.release,
        "seed": seed,
        "expression": small.text,
        "device": small.device,
        "driver": small.driver,
        "theirs": {"outcome": their.outcome, "message": their.message},
        "ours": {"outcome": our.outcome, "message": our.message},
    }
    report.disagreements.append(found)
    if out is not None:
        with out.open("a") as file:
            file.write(json.dumps(found) + "\n")


def _shape(expression: str) -> str:
    """The functions and operators of an expression: alike for alike causes."""
    without_strings = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    names = re.findall(r"[a-zA-Z_.]*[a-zA-Z](?=\()|[-+*/%<>=!&|?]+|\bin\b", without_strings)
    return " ".join(sorted(set(names)))


def main(arguments: Sequence[str]) -> int:
    """Run and print; 1 where the two disagree."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.cel", description=__doc__)
    parser.add_argument("--minor", default="1.36", help="release whose oracle to ask")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--count", type=int, default=2000, help="selectors, one per seed")
    parser.add_argument("--seconds", type=float, default=600.0, help="stop after this time")
    parser.add_argument("--feature", action="append", help="allocator feature that is on (repeatable)")
    parser.add_argument("--out", type=Path, help="append each disagreement to this file, as JSON lines")
    parser.add_argument("--record", type=Path, help="write the counts to this file")
    options = parser.parse_args(arguments)
    minor = ".".join(options.minor.split(".")[:2])
    features = tuple(options.feature if options.feature is not None else DEFAULT_FEATURES[minor])
    seeds = range(options.seed, options.seed + options.count)
    began = time.monotonic()
    with Oracle(options.minor) as oracle:
        comparison = Comparison(oracle, dialect_of(oracle, features), features)
        report = run(comparison, seeds, options.out, options.seconds)
    _print(report, time.monotonic() - began)
    if options.record is not None:
        options.record.write_text(json.dumps(_counts(report, options.seed), indent=1) + "\n")
    return 1 if report.disagreements else 0


def _counts(report: Report, seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "selectors": report.ends.total(),
        "ends": dict(sorted(report.ends.items())),
        "unknown": dict(sorted(report.unknown.items())),
        "disagreements": report.repeated.total(),
    }


def _print(report: Report, seconds: float) -> None:
    lines = [f"{report.ends.total()} selectors in {seconds:.0f} s; Kubernetes answered:"]
    lines += [f"  {count:7} {outcome}" for outcome, count in report.ends.most_common()]
    lines.append(f"  {report.values:7} of the errors show a value, which was compared")
    lines.append(f"we did not know {report.unknown.total()}:")
    lines += [f"  {count:7} {reason}" for reason, count in report.unknown.most_common()]
    lines.append(f"{report.repeated.total()} disagreements of {len(report.disagreements)} kinds")
    for found in report.disagreements:
        lines.append(f"  {found['expression']}")
        lines.append(f"    Kubernetes: {found['theirs']['outcome']} {found['theirs']['message'][:200]}")
        lines.append(f"    we:         {found['ours']['outcome']} {found['ours']['message'][:200]}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
