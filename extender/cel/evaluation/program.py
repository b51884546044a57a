"""
Run an expression within Kubernetes' cost limit.

Most expressions cost far less than the limit. These run on closures that only count what grows with
the values they meet; where that might exceed the limit, the run is repeated on closures that count
each step as cel-go does.
"""

from __future__ import annotations

from ..checking.checker import Checked
from ..dialect import Dialect
from ..errors import CostExceeded, EvaluationError, Panic
from ..syntax.tree import Node
from ..work import Work
from .attributes import Evaluator
from .bounds import COST_LIMIT, Bounds
from .compiler import compile_tree, step_units
from .frame import CelDevice, Frame

_START_UNITS = 2
"""The work of an evaluation apart from its steps."""


class Program:
    """
    A compiled expression.

    Raises ``CompileError`` for a constant part that cannot be evaluated.
    """

    __slots__ = (
        "_bounds",
        "_budget",
        "_checked",
        "_dialect",
        "_evaluate",
        "_exact",
        "_exact_units",
        "_root",
        "_slots",
        "_units",
    )

    def __init__(self, root: Node, checked: Checked, dialect: Dialect, work: Work) -> None:
        self._root = root
        self._checked = checked
        self._dialect = dialect
        self._bounds = Bounds()
        self._evaluate, self._slots = compile_tree(root, checked, dialect, self._bounds, work, metered=False)
        self._exact: tuple[Evaluator, int] | None = None
        self._exact_units = 0
        bound = self._bounds.of(root)
        self._budget = COST_LIMIT - bound.cost
        self._units = _START_UNITS + step_units(bound.steps, metered=False)

    def run(self, device: CelDevice, work: Work) -> object:
        """
        Evaluate the expression for a device.

        Raises ``EvaluationError``, ``Panic``, ``Unpredictable`` or ``OverBudget`` where there is no value.
        """
        work.charge(self._units)
        try:
            return self._evaluate(
                Frame(device, self._slots, self._budget, work, lazy=self._dialect.lazy_attributes)
            )
        except CostExceeded:
            value, _ = self.run_exactly(device, work)
        if isinstance(value, EvaluationError | Panic):
            raise value
        return value

    def run_exactly(self, device: CelDevice, work: Work) -> tuple[object, int]:
        """
        Evaluate the expression counting each step as cel-go does.

        Returns the value, or the error or panic that stands for it, and the cost in Kubernetes' units.
        Raises ``Unpredictable`` or ``OverBudget``.
        """
        evaluate, slots = self._exact_code(work)
        work.charge(_START_UNITS + step_units(self._bounds.of(self._root).steps, metered=True))
        frame = Frame(device, slots, COST_LIMIT, work, lazy=self._dialect.lazy_attributes)
        try:
            value = evaluate(frame)
        except (EvaluationError, Panic) as error:
            value = error.with_traceback(None)
        return value, COST_LIMIT - frame.budget

    def _exact_code(self, work: Work) -> tuple[Evaluator, int]:
        """The closures that count each step: made on first use, and charged on every use."""
        before = work.spent
        if self._exact is None:
            self._exact = compile_tree(
                self._root, self._checked, self._dialect, self._bounds, work, metered=True
            )
            self._exact_units = work.spent - before
        else:
            work.charge(self._exact_units)
        return self._exact
