"""The table of ``docs/prediction.md`` that shows what claims cost in search steps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.model import Constraint
from tests import builders as b

PAGE = Path("docs/prediction.md").read_text(encoding="utf-8")
ROWS = re.findall(
    r"^\| (\d) GPUs?( and 1 NIC)?( on one root)? \| (\d+) \| (\d+) \| (?:over )?([\d,]+) \| `(\w+)` \|$",
    PAGE,
    re.MULTILINE,
)


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_the_row_is_true(row):
    """The claim takes as many steps on such a node as the row says, or more than the budget."""
    count, nic, together, gpus, nics, steps, outcome = row
    requests = [b.request("gpu", "gpu", int(count)), *([b.request("nic", "nic")] if nic else [])]
    constraints = [Constraint((), "resource.kubernetes.io/pcieRoot")] if together else []
    snapshot = b.snapshot(
        b.pair_node("n", ["a"] * int(gpus), ["b"] * int(nics)),
        claims=[b.claim("c", b.spec(*requests, constraints=constraints))],
    )
    settings, memo = Settings(), Memo[bytes](lambda names, _score: [b""] * len(names))
    verdict = evaluate(snapshot, b.pod("p", "c"), memo, settings).verdicts(["n"])["n"]
    assert verdict.outcome == outcome
    assert min(verdict.steps, settings.search_steps) == int(steps.replace(",", ""))


def test_the_table_is_found():
    """Six rows; else none of them would be checked."""
    assert len(ROWS) == 6
