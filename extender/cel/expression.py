"""
Compile and run an expression, whatever it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from .checking.checker import check
from .checking.static_types import Type
from .dialect import Dialect
from .errors import CompileError, EvaluationError, Panic, Unpredictable
from .evaluation.frame import CelDevice
from .evaluation.program import Program
from .functions.library import declarations
from .syntax.parser import parse
from .syntax.reads import Reads, reads
from .work import OverBudget, Work

_NO_READS = Reads(frozenset(), frozenset(), everything=False)


class AnswerKind(StrEnum):
    """
    ERROR is fatal for the scheduling attempt; UNKNOWN means that we cannot tell.

    OVER_BUDGET means that we do not: the request has used up its work. So it depends on the request, too.
    """

    MATCH = "match"
    NO_MATCH = "no-match"
    ERROR = "error"
    UNKNOWN = "unknown"
    OVER_BUDGET = "over-budget"


class Answer(NamedTuple):
    """What a selector says about a device; ``message`` explains all but MATCH and NO_MATCH."""

    kind: AnswerKind
    message: str = ""


LONGEST_MESSAGE = 2000
"""So many characters of a message are kept: upstream's show values, which may be long."""


class Compiled(NamedTuple):
    """What compiling gives: a program, or the ``fixed`` answer on every device; ``units`` is its work."""

    reads: Reads
    units: int
    program: Program | None = None
    fixed: Answer | None = None


def compile_expression(
    expression: str, dialect: Dialect, check_result: Callable[[Type, Dialect], str], work: Work
) -> Compiled:
    """
    Compile an expression as kube-scheduler does; never raises.

    ``check_result`` names the types that the result must have, unless it is of one.
    """
    before = work.spent
    try:
        root = parse(expression, work, quoted_fields=dialect.cel_go_029)
        checked = check(root, dialect, declarations(dialect), work)
        allowed = check_result(checked.types[root], dialect)
        if allowed:
            raise CompileError(f"must evaluate to {allowed}, not {checked.types[root]}")
        program = Program(root, checked, dialect, work)
        return Compiled(reads(root), work.spent - before, program)
    except CompileError as error:
        answer = _answer(AnswerKind.ERROR, f"compilation failed: {error}")
    except Panic as error:
        answer = _answer(AnswerKind.UNKNOWN, f"cel-go crashes on this expression: {error}")
    except Unpredictable as reason:
        answer = _answer(AnswerKind.UNKNOWN, str(reason))
    except OverBudget as reason:
        answer = _answer(AnswerKind.OVER_BUDGET, str(reason))
    except Exception as defect:  # noqa: BLE001 - a defect of ours must not fail a request
        answer = _answer(AnswerKind.UNKNOWN, f"defect in the evaluator: {defect!r}")
    return Compiled(_NO_READS, work.spent - before, fixed=answer)


def _answer(kind: AnswerKind, message: str) -> Answer:
    return Answer(kind, message[:LONGEST_MESSAGE])


def run(program: Program, device: CelDevice, work: Work) -> object:
    """Return the value of an expression for a device, or an answer if it has none; never raises."""
    try:
        return program.run(device, work)
    except (EvaluationError, Panic) as error:
        return _answer(AnswerKind.ERROR, str(error))
    except Unpredictable as reason:
        return _answer(AnswerKind.UNKNOWN, str(reason))
    except OverBudget as reason:
        return _answer(AnswerKind.OVER_BUDGET, str(reason))
    except Exception as defect:  # noqa: BLE001 - a defect of ours must not fail a request
        return _answer(AnswerKind.UNKNOWN, f"defect in the evaluator: {defect!r}")
