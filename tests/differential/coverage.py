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

Which rules of Kubernetes' allocator are modelled, where, and how many cases compare ours with the real one.
Made by `python -m tests.differential.coverage`; a test keeps it true.

*table cases*: of Kubernetes' own test tables of 1.34 to 1.37, with what each release's allocator answered
(`tests/data/allocator`, always run). *generated*: cases of the last full comparison with the real allocators
([prediction.md](prediction.md#checking-it) tells how to repeat it); a dash: the minor does not have the rule.

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
    yield f"| rule | module | table cases | {' | '.join(f'generated {minor}' for minor in minors)} |"
    yield "|---|---|" + "--:|" * (len(minors) + 1)
    for rule in RULES:
        generated = [
            f"{runs[minor]['rules'].get(rule.name, 0):,}" if rule.exists_in(minor) else "–"
            for minor in minors
        ]
        module = f"`extender/core/{rule.module}.py`"
        yield f"| {rule.name} | {module} | {hits[rule.name]} | {' | '.join(generated)} |"
    totals = [f"{runs[minor]['cases']:,}" for minor in minors]
    count = sum(len(path.read_text().splitlines()) for path in CASES.glob("allocator-*.jsonl"))
    yield f"| all cases | | {count} | {' | '.join(totals)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
    PREDICTION.write_text(with_results(PREDICTION.read_text()))
