"""
Compare our allocator with Kubernetes' on generated cases.

    python -m tests.differential.allocation --minor 1.36 --seed 1 --count 20000

needs the minor's oracle (``make oracle``). Prints how cases ended, which rules they exercised, why
we did not know, and each disagreement shrunk to a minimal case; exits with 1 if there are any.
``--record FILE`` writes the counts as JSON, for ``docs/coverage.md``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.differential.allocation_case import case as generate
from tests.differential.allocation_compare import VERSIONS, Comparison, Finding, ask, compare
from tests.differential.allocation_rules import rules_hit, rules_of
from tests.differential.allocation_shrink import shrink
from tests.oracle.client import Oracle

PROGRESS_SECONDS = 10.0
MOST_SHRUNK = 5


@dataclass
class Report:
    """What a run saw; ``minimal`` are shrunk cases with what the real allocator answered."""

    minor: str
    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    findings: Counter[Finding] = field(default_factory=Counter)
    certainties: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    different: list[int] = field(default_factory=list)
    minimal: list[dict[str, Any]] = field(default_factory=list)


def run(minor: str, seeds: Sequence[int], oracle: Oracle, seconds: float = float("inf")) -> Report:
    """Compare the cases of these seeds, until ``seconds`` have passed."""
    report = Report(minor)
    began = said = time.monotonic()
    for seed in seeds:
        now = time.monotonic()
        if now - began > seconds:
            break
        if now - said > PROGRESS_SECONDS:
            said = now
            sys.stderr.write(f"{minor}: {report.cases} of {len(seeds)}, {len(report.different)} differ\n")
        case = generate(minor, seed)
        comparison = compare(case, minor, oracle)
        _count(report, case, comparison)
        if comparison.finding is Finding.DIFFERENT:
            report.different.append(seed)
            if len(report.minimal) < MOST_SHRUNK:
                report.minimal.append(_minimal(case, minor, seed, oracle))
    return report


def _count(report: Report, case: Mapping[str, Any], comparison: Comparison) -> None:
    report.cases += 1
    report.findings[comparison.finding] += 1
    report.certainties[comparison.ours.certainty] += 1
    report.ends.update({str(end[0]) for end in comparison.theirs})
    report.rules.update(rules_hit(case, comparison.ours, report.minor))
    if comparison.finding is Finding.UNKNOWN:
        code = re.search(r"ReasonCode\.\w+: '([a-z-]+)'", comparison.ours.detail)
        report.unknown[code[1] if code else comparison.ours.detail] += 1


def _minimal(case: Mapping[str, Any], minor: str, seed: int, oracle: Oracle) -> dict[str, Any]:
    def disagrees(candidate: dict[str, Any]) -> bool:
        comparison = compare(candidate, minor, oracle)
        return comparison.finding is Finding.DIFFERENT

    small = shrink(case, disagrees)
    answers = ask(small, oracle, 1)
    return {**small, "name": f"generated-{minor}-{seed}", "expect": answers[0]}


def summary(report: Report) -> Iterator[str]:
    """What the run saw, line by line."""
    yield f"{report.cases} cases for Kubernetes {VERSIONS[report.minor]}; its allocator answered:"
    yield from (f"  {count:7} {end}" for end, count in report.ends.most_common())
    yield "we:"
    yield from (f"  {count:7} {certainty}" for certainty, count in report.certainties.most_common())
    yield from (f"  {count:7} {finding}" for finding, count in report.findings.most_common())
    yield from (f"  {count:7} unknown: {reason}" for reason, count in report.unknown.most_common())
    rare = sorted((report.rules[rule.name], rule.name) for rule in rules_of(report.minor))
    yield f"{len(rare)} rules exercised, the rarest:"
    yield from (f"  {count:7} {name}" for count, name in rare[:6])
    yield f"{len(report.different)} disagreements"
    yield from (f"  seed {found['name']}: {json.dumps(found)}" for found in report.minimal)


def main(arguments: Sequence[str]) -> int:
    """Run and print; 1 where the two disagree."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.allocation", description=__doc__)
    parser.add_argument("--minor", default="1.36", choices=sorted(VERSIONS), help="release to compare")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--count", type=int, default=2000, help="cases, one per seed")
    parser.add_argument("--seconds", type=float, default=1800.0, help="stop after this time")
    parser.add_argument("--record", type=Path, help="write the counts to this file")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with Oracle(options.minor) as oracle:
        report = run(
            options.minor, range(options.seed, options.seed + options.count), oracle, options.seconds
        )
    sys.stdout.write("\n".join([*summary(report), f"{time.monotonic() - began:.0f} s", ""]))
    if options.record is not None:
        options.record.write_text(json.dumps(_record(report, options.seed), indent=1) + "\n")
    return 1 if report.different else 0


def _record(report: Report, seed: int) -> dict[str, Any]:
    return {
        "kubernetes": VERSIONS[report.minor],
        "seed": seed,
        "cases": report.cases,
        "ends": dict(sorted(report.ends.items())),
        "certainties": dict(sorted(report.certainties.items())),
        "findings": dict(sorted(report.findings.items())),
        "unknown": dict(sorted(report.unknown.items())),
        "rules": {rule.name: report.rules[rule.name] for rule in rules_of(report.minor)},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
