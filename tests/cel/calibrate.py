"""
Measure what a unit of work takes: ``python -m tests.cel.calibrate``.

Prints for each expression of ``bombs`` how long compiling and evaluating takes until it ends or a budget of
a million units is used up, in microseconds per unit, the slowest last; then the same for the selectors of
published claims, which are what budgets are for. A unit should be about a microsecond: never many, while
fewer only make the budget last less long.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

from extender.cel import CelDevice, Selector, Work, compile_selector
from tests.cel.bombs import BOMBS, DEVICE
from tests.cel.golden import CASES, DEVICES, SOURCES
from tests.quickest import quickest_seconds

BUDGET = 1_000_000
FEWEST = 1000
"""Of fewer units the clock says little."""


class Measured(NamedTuple):
    """Units charged, and microseconds of processor time."""

    units: int
    microseconds: float

    @property
    def per_unit(self) -> float:
        return self.microseconds / max(self.units, 1)


def measured(do: Callable[[Work], object], repetitions: int = 1) -> Measured:
    """What something takes with a budget of its own each time, the quickest of three."""
    work = Work(BUDGET)
    do(work)

    def repeated() -> None:
        for _ in range(repetitions):
            do(Work(BUDGET))

    return Measured(work.spent, quickest_seconds(repeated) * 1e6 / repetitions)


def compiling(expression: str) -> Callable[[Work], object]:
    """Compile the expression anew."""
    return lambda work: compile_selector(expression, SOURCES[""].dialect, work)


def evaluating(expression: str, device: CelDevice) -> Callable[[Work], object]:
    """Evaluate the expression, compiled before."""
    selector: Selector = compile_selector(expression, SOURCES[""].dialect, Work(BUDGET))
    return lambda work: selector.matches(device, work)


def main() -> None:
    """Measure and print."""
    rows = []
    for name, expression in BOMBS.items():
        compiled = measured(compiling(expression))
        evaluated = measured(evaluating(expression, DEVICE))
        rows.append(
            (max(m.per_unit for m in (compiled, evaluated) if m.units >= FEWEST or m is evaluated), name)
        )
        sys.stdout.write(
            f"{name:34} compile {compiled.units:8,} units {compiled.per_unit:6.2f} us each,"
            f" evaluate {evaluated.units:9,} units {evaluated.per_unit:6.2f} us each\n"
        )
        sys.stdout.flush()
    for per_unit, name in sorted(rows)[-5:]:
        sys.stdout.write(f"slowest: {per_unit:.2f} us per unit, {name}\n")
    published = [case for case in CASES if case.name.startswith(("claims-", "slices-", "recording-"))]
    for what, results in (
        ("compile", [measured(compiling(case.expression), 20) for case in published]),
        (
            "evaluate",
            [measured(evaluating(case.expression, DEVICES[case.device]), 1000) for case in published],
        ),
    ):
        units = sum(result.units for result in results) / len(results)
        microseconds = sum(result.microseconds for result in results) / len(results)
        sys.stdout.write(
            f"{len(results)} published selectors, {what}: {units:.1f} units and {microseconds:.1f} us each\n"
        )


if __name__ == "__main__":
    main()
