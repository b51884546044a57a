"""The last full comparison, as recorded, and the page made from it."""

from __future__ import annotations

import pytest

from tests.differential.allocation_compare import VERSIONS
from tests.differential.allocation_rules import RULES, rules_of
from tests.differential.coverage import PAGE, PREDICTION, page
from tests.differential.results import recorded_runs, with_results
from tests.mutations.rules import MUTATIONS
from tests.paths import ROOT

ALLOCATIONS = recorded_runs("allocation")
SELECTORS = recorded_runs("cel")


def test_the_page_is_true() -> None:
    """``python -m tests.differential.coverage`` wrote the pages from these counts."""
    assert PAGE.read_text() == page()
    assert PREDICTION.read_text() == with_results(PREDICTION.read_text())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_module_exists(rule) -> None:
    """The table leads to the code."""
    assert (ROOT / "extender" / "core" / f"{rule.module}.py").exists()


@pytest.mark.parametrize("minor", sorted(VERSIONS))
def test_the_last_full_run_of_allocations(minor: str) -> None:
    """Enough cases, of every end and every rule, and not one disagreement."""
    run = ALLOCATIONS[minor]
    cases = run["cases"]
    assert run["kubernetes"] == VERSIONS[minor]
    assert cases >= 20_000
    assert "different" not in run["findings"]
    assert run["findings"].get("unknown", 0) < 0.005 * cases
    assert run["ends"]["allocated"] >= 0.3 * cases
    assert run["ends"]["error"] >= 0.03 * cases
    assert [rule.name for rule in rules_of(minor) if run["rules"].get(rule.name, 0) < 50] == []


@pytest.mark.parametrize("minor", sorted(VERSIONS))
def test_the_last_full_run_of_selectors(minor: str) -> None:
    """Enough of them, and not one disagreement."""
    run = SELECTORS[minor]
    assert run["selectors"] >= 20_000
    assert run["disagreements"] == 0
    assert run["ends"]["match"] >= 0.1 * run["selectors"]


def test_few_selectors_are_unknown() -> None:
    """Of all minors together; half of them have no one answer upstream either."""
    unknown = sum(sum(run["unknown"].values()) for run in SELECTORS.values())
    assert unknown < 0.005 * sum(run["selectors"] for run in SELECTORS.values())


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.rule)
def test_the_mutation_fits_the_code(mutation):
    """What ``python -m tests.mutations`` would replace stands once in the module."""
    assert (ROOT / "extender" / "core" / f"{mutation.module}.py").read_text().count(mutation.old) == 1
