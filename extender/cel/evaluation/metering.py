"""
Evaluators that count the exact cost of what they do.

cel-go counts after each step, also after one that fails. These evaluators take over when an
evaluation may cost more than Kubernetes allows: they are slower than the usual ones.

Source: github.com/google/cel-go interpreter/runtimecost.go (Observe) and interpretable.go
(the ``evalWatch`` types), v0.26 to v0.33.
"""

from __future__ import annotations

from ..checking.call_costs import Cost
from ..errors import EvaluationError
from ..values.maps import MISSING
from ..values.values import NONE, Optional
from .attributes import Evaluator, Qualifier, Selections, lookup, missing
from .calls import OnError, Run
from .frame import Frame

_CHARGED_FAILING = frozenset({"_==_", "_!=_", "!_"})


def charged(evaluate: Evaluator, cost: int, *, failing: bool = True) -> Evaluator:
    """Build an evaluator that charges for a step that succeeds, and for one that fails if ``failing``."""

    def metered(frame: Frame) -> object:
        try:
            value = evaluate(frame)
        except EvaluationError:
            frame.charge(cost if failing else 0)
            raise
        frame.charge(cost)
        return value

    return metered


def refunded(evaluate: Evaluator) -> Evaluator:
    """Build an evaluator that takes one unit back afterwards."""

    def metered(frame: Frame) -> object:
        try:
            value = evaluate(frame)
        except EvaluationError:
            frame.refund()
            raise
        frame.refund()
        return value

    return metered


def metered_call(
    name: str, run: Run, operands: tuple[Evaluator, ...], cost: Cost | None, on_error: OnError
) -> Evaluator:
    """Build a call; see ``OnError``. What cel-go 0.33 charges for all the same: equality and negation."""
    stops_charged = on_error is OnError.STOPS_FREE and name in _CHARGED_FAILING
    last = len(operands) - 1

    def evaluate(frame: Frame) -> object:
        values: list[object] = []
        first_error: EvaluationError | None = None
        for index, operand in enumerate(operands):
            try:
                values.append(operand(frame))
            except EvaluationError as error:
                if on_error is OnError.STOPS and index < last:
                    raise
                if on_error is OnError.STOPS_FREE and not stops_charged:
                    raise
                first_error = first_error or error
                values.append(error)
                if stops_charged:
                    values += [error] * (last - index)
                    break
        if cost is not None and not cost.of_result:
            frame.charge(cost.units(values, first_error, frame.work))
        result: object = first_error
        if first_error is None:
            try:
                result = run(frame.work, *values)
            except EvaluationError as error:
                result = first_error = error
        if cost is None or cost.of_result:
            frame.charge(1 if cost is None else cost.units(values, result, frame.work))
        if first_error is not None:
            raise first_error
        return result

    return evaluate


class MeteredSelections(Selections):
    """Selections that charge for every link they follow."""

    def chain(self, root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
        return self._follow(root, qualifiers, tests=False)

    def presence(self, root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
        follow = self._follow(root, qualifiers, tests=True)

        def evaluate(frame: Frame) -> object:
            value = follow(frame)
            return value.present if type(value) is Optional else value

        return evaluate

    def presence_in_branch(self, root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
        return self._follow(root, qualifiers, tests=True)

    def _follow(self, root: Evaluator, qualifiers: tuple[Qualifier, ...], *, tests: bool) -> Evaluator:
        """Follow the links; the last one of a test only tells whether it leads somewhere."""
        last = len(qualifiers) - 1

        def evaluate(frame: Frame) -> object:
            value = root(frame)
            optional = type(value) is Optional
            if type(value) is Optional:
                if not value.present:
                    return value
                value = self.unwrapped(value)
            for index, qualifier in enumerate(qualifiers):
                optional = optional or qualifier.optional
                try:
                    key = qualifier.value(frame)
                    selected = lookup(value, key)
                except EvaluationError:
                    if not optional or self._charges_failed:
                        frame.charge(1)
                    raise
                if selected is MISSING and optional:
                    return NONE
                frame.charge(1)
                if tests and index == last and not optional:
                    return selected is not MISSING
                if selected is MISSING:
                    raise missing(value, key)
                value = selected
            return Optional(value) if optional else value

        return evaluate
