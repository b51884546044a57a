"""
Write ``docs/coverage.md``: each rule of the allocator, where it is, how many cases exercise it.

    python -m tests.differential.coverage

counts Kubernetes' own table cases and takes the generated ones from the last full run, whose
counts are in ``tests/data/differential``. Writes that run's results into ``docs/prediction.md`` too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from extender.core.releases.release import Implementation
from tests.allocator_case import predict_case
from tests.differential.allocation_compare import VERSIONS
from tests.differential.allocation_rules import RULES, rules_hit
from tests.differential.results import recorded_runs, with_results
from tests.paths import DOCS, ROOT

PAGE = DOCS / "coverage.md"
CASES = ROOT / "tests" / "data" / "allocator"
PREDICTION = DOCS / "prediction.md"
INTRODUCTION = """\
# Coverage

This page lists the rules of Kubernetes' allocator that the [prediction](README.md#glossary) models,
the code that decides each rule, and the number of test cases in which the rule matters.
`python -m tests.differential.coverage` writes the page; a test fails where the page or a name in it
is out of date.

* *table cases* come from Kubernetes' own test tables of 1.34 to 1.38, with the answer of each
  release's allocator (`tests/data/allocator`). `make test` always runs them.
* *generated* are the cases of the last full comparison with the real allocators.
  [prediction.md](prediction.md#checking-it) says how to repeat it. A dash means that the minor
  does not have the rule.

"""


def table_hits() -> Counter[str]:
    """How many of the table cases exercise each rule."""
    hits: Counter[str] = Counter()
    for path in sorted(CASES.glob("allocator-*.jsonl")):
        _, minor, implementation = path.stem.split("-")
        for line in path.read_text().splitlines():
            case = json.loads(line)
            answer = predict_case(case, VERSIONS[minor], Implementation(implementation))
            hits.update(rules_hit(case, answer, minor))
    return hits


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "\n".join(_table()) + "\n"


def _table() -> Iterator[str]:
    runs, hits = recorded_runs("allocation"), table_hits()
    minors = sorted(VERSIONS)
    generated_by_minor = " | ".join(f"generated {minor}" for minor in minors)
    yield f"| rule | module | decided by | table cases | {generated_by_minor} |"
    yield "|---|---|---|" + "--:|" * (len(minors) + 1)
    for rule in RULES:
        generated = [
            f"{runs[minor]['rules'].get(rule.name, 0):,}" if rule.exists_in(minor) else "–"
            for minor in minors
        ]
        code = f"`extender/core/{rule.module}.py` | `{rule.decided_by}`"
        yield f"| {rule.name} | {code} | {hits[rule.name]} | {' | '.join(generated)} |"
    totals = [f"{runs[minor]['cases']:,}" for minor in minors]
    count = sum(len(path.read_text().splitlines()) for path in CASES.glob("allocator-*.jsonl"))
    yield f"| all cases | | | {count} | {' | '.join(totals)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
    PREDICTION.write_text(with_results(PREDICTION.read_text()))
