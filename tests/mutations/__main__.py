"""
Break the rules of the allocator and of the default scheduler one at a time; the tests must notice each.

    python -m tests.mutations [allocator] [scheduling]

Every mutation is made in a copy of the package, and the tests of what it breaks are run on it.
Exits with 1 if some mutation goes unnoticed, or no longer fits the code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.rules import MUTATIONS, Mutation
from tests.mutations.scheduling_rules import SCHEDULING_MUTATIONS
from tests.paths import ROOT

SCHEDULING_TESTS = tuple(
    f"tests/core/scheduling/test_{name}.py"
    for name in ("filtering", "scoring", "pod_requests", "not_modelled", "recorded_cases")
)
ALLOCATOR_TESTS = tuple(
    f"tests/core/{name}.py"
    for name in (
        "allocator/test_upstream_cases",
        "allocator/test_order",
        "prediction/test_evaluate",
        "cluster/test_pools",
        "allocator/test_counters",
        "allocator/test_constraints",
    )
)
SECONDS = 120


@dataclass(frozen=True)
class Part:
    """Mutations, the tests that are to notice them, and a mutation that breaks nothing."""

    mutations: tuple[Mutation, ...]
    tests: tuple[str, ...]
    unbroken: Mutation


PARTS = {
    "allocator": Part(
        MUTATIONS,
        ALLOCATOR_TESTS,
        Mutation("nothing is broken", "allocator/search", "class Search:", "class Search:"),
    ),
    "scheduling": Part(
        SCHEDULING_MUTATIONS,
        SCHEDULING_TESTS,
        Mutation("nothing is broken", "scheduling/scoring", "class Scores:", "class Scores:"),
    ),
}


def unnoticed(mutation: Mutation, tests: Iterable[str]) -> str:
    """Why the mutation counts as unnoticed; empty where a test failed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("extender", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        module = copy / "extender" / "core" / f"{mutation.module}.py"
        text = module.read_text()
        if text.count(mutation.old) != 1:
            return (
                f"does not fit: the text to replace stands {text.count(mutation.old)} times in {module.name}"
            )
        module.write_text(text.replace(mutation.old, mutation.new))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(
                command,
                cwd=copy,
                env=os.environ | {"PYTHONPATH": str(copy)},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            # A search that never ends is noticed, too.
            return ""
        # 1: tests failed. Anything else but 0 means that they did not run.
        if done.returncode == 1:
            return ""
        return "unnoticed" if done.returncode == 0 else f"the tests did not run: {done.stdout[-500:]}"


def main(arguments: Sequence[str]) -> int:
    """Try all mutations of the named parts, by default of all, two at a time."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}")
    named = parser.parse_args(arguments).parts
    if unknown := [name for name in named if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}, there are {', '.join(PARTS)}")
    return max(_try(PARTS[name]) for name in named or PARTS)


def _try(part: Part) -> int:
    if unnoticed(part.unbroken, part.tests) != "unnoticed":
        sys.stdout.write("the tests fail without any mutation\n")
        return 1
    failures = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        problems = pool.map(lambda mutation: unnoticed(mutation, part.tests), part.mutations)
        for mutation, problem in zip(part.mutations, problems, strict=True):
            failures += bool(problem)
            sys.stdout.write(f"{problem or 'noticed'}: {mutation.rule} ({mutation.module})\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(part.mutations) - failures} of {len(part.mutations)} mutations noticed\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
