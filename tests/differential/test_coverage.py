"""The last full comparison, as recorded, and the page made from it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.differential.allocation_compare import VERSIONS
from tests.differential.allocation_rules import RULES, rules_of
from tests.differential.coverage import PAGE, PREDICTION, page
from tests.differential.results import recorded_runs, with_results
from tests.mutations.rules import MUTATIONS
from tests.paths import ROOT

ALLOCATIONS = recorded_runs("allocation")
SELECTORS = recorded_runs("cel")


@cache
def definitions(path: Path) -> frozenset[str]:
    """Functions, classes and constants of a module's top level, and methods as ``Class.method``."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name, body=body):
                names.add(name)
                names.update(f"{name}.{each.name}" for each in body if isinstance(each, ast.FunctionDef))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return frozenset(names)


def test_the_page_is_true():
    """``python -m tests.differential.coverage`` wrote the pages from these counts."""
    assert PAGE.read_text() == page()
    assert PREDICTION.read_text() == with_results(PREDICTION.read_text())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_module_holds_the_rule(rule):
    """The table leads to the code: the named function, class or method is defined in that module."""
    assert rule.decided_by in definitions(ROOT / "extender" / "core" / f"{rule.module}.py")


def test_a_name_that_moved_would_be_seen():
    """Neither a name that the module only imports or uses counts, nor a method of another class."""
    found = definitions(ROOT / "extender" / "core" / "allocator" / "search.py")
    assert {"Search", "Search._allocate_one", "MAX_DEPTH"} <= found
    assert not {"reason", "MAX_RESULTS", "_allocate_one", "Solution._allocate_one"} & found


@pytest.mark.parametrize("minor", sorted(VERSIONS))
def test_the_last_full_run_of_allocations(minor):
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
def test_the_last_full_run_of_selectors(minor):
    """Enough of them, and not one disagreement."""
    run = SELECTORS[minor]
    assert run["selectors"] >= 20_000
    assert run["disagreements"] == 0
    assert run["ends"]["match"] >= 0.1 * run["selectors"]


def test_few_selectors_are_unknown():
    """Of all minors together; half of them have no one answer upstream either."""
    unknown = sum(sum(run["unknown"].values()) for run in SELECTORS.values())
    assert unknown < 0.005 * sum(run["selectors"] for run in SELECTORS.values())


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.rule)
def test_the_mutation_fits_the_code(mutation):
    """What ``python -m tests.mutations`` would replace stands once in the module."""
    assert (ROOT / "extender" / "core" / f"{mutation.module}.py").read_text().count(mutation.old) == 1
