"""
How compiling and evaluating a selector can end without a boolean.

Only ``EvaluationError`` behaves like a CEL error value: ``&&``, ``||`` and the
macros built on them may absorb it. The others end the evaluation at once.
"""

from __future__ import annotations


class CompileError(Exception):
    """Kubernetes rejects the expression: syntax, types, or a bad literal."""


class EvaluationError(Exception):
    """A CEL error value, such as ``no such key``."""


class Panic(Exception):
    """A Go panic inside cel-go, which turns the whole evaluation into an error."""


class CostExceeded(Panic):
    """The evaluation may cost more than Kubernetes allows; if costs are counted exactly, it does."""


class Unpredictable(Exception):
    """We cannot tell what Kubernetes would answer; the message says why."""


COST_EXCEEDED = "operation cancelled: actual cost limit exceeded"


def no_such_overload(function: str = "") -> EvaluationError:
    """Build cel-go's error for a call that no overload accepts."""
    return EvaluationError(f"no such overload: {function}" if function else "no such overload")


def no_such_key(key: object) -> EvaluationError:
    """Build cel-go's error for a missing map key or field."""
    return EvaluationError(f"no such key: {key}")
