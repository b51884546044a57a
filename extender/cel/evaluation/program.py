"""
Run an expression within Kubernetes' cost limit.

Most expressions cost far less than the limit. These run on closures that only count what grows with
the values they meet; where that might exceed the limit, the run is repeated on closures that count
each step as cel-go does.
"""

from __future__ import annotations

from ..checking.checker import Checked
from ..dialect import Dialect
from ..errors import CostExceeded
from ..syntax.tree import Node
from .attributes import Evaluator
from .compiler import compile_tree
from .cost_limit import COST_LIMIT, weight
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
        self._budget = COST_LIMIT - weight(root)

    def run(self, device: CelDevice) -> object:
        """
        Evaluate the expression for a device.

        Raises ``EvaluationError``, ``Panic`` or ``Undecided`` where there is no value.
        """
        try:
            return self._evaluate(Frame(device, self._slots, self._budget))
        except CostExceeded:
            return self.run_exactly(device, COST_LIMIT)[0]

    def run_exactly(self, device: CelDevice, limit: int) -> tuple[object, int]:
        """Evaluate the expression and return what that costs, too."""
        if self._exact is None:
            self._exact = compile_tree(self._root, self._checked, self._dialect, metered=True)
        evaluate, slots = self._exact
        frame = Frame(device, slots, limit)
        value = evaluate(frame)
        return value, limit - frame.budget
