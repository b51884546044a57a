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
from .attributes import Evaluator
from .compiler import compile_tree
from .cost_limit import COST_LIMIT, cost_bound
from .frame import CelDevice, Frame


class Program:
    """
    A compiled expression.

    Raises ``CompileError`` for a constant part that cannot be evaluated.
    """

    __slots__ = ("_budget", "_checked", "_dialect", "_evaluate", "_exact", "_root", "_slots")

    def __init__(self, root: Node, checked: Checked, dialect: Dialect) -> None:
        self._root = root
        self._checked = checked
        self._dialect = dialect
        self._evaluate, self._slots = compile_tree(root, checked, dialect, metered=False)
        self._exact: tuple[Evaluator, int] | None = None
        self._budget = COST_LIMIT - cost_bound(root)

    def run(self, device: CelDevice) -> object:
        """
        Evaluate the expression for a device.

        Raises ``EvaluationError``, ``Panic`` or ``Unpredictable`` where there is no value.
        """
        try:
            return self._evaluate(Frame(device, self._slots, self._budget))
        except CostExceeded:
            value, _ = self.run_exactly(device)
        if isinstance(value, EvaluationError | Panic):
            raise value
        return value

    def run_exactly(self, device: CelDevice) -> tuple[object, int]:
        """
        Evaluate the expression counting each step as cel-go does.

        Returns the value, or the error or panic that stands for it, and the cost in Kubernetes' units.
        Raises ``Unpredictable``.
        """
        if self._exact is None:
            self._exact = compile_tree(self._root, self._checked, self._dialect, metered=True)
        evaluate, slots = self._exact
        frame = Frame(device, slots, COST_LIMIT)
        try:
            value = evaluate(frame)
        except (EvaluationError, Panic) as error:
            value = error.with_traceback(None)
        return value, COST_LIMIT - frame.budget
