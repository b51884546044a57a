"""
From the parsers' exceptions to CEL's errors.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import EvaluationError, Unpredictable


def parsing(parse: Callable[[str], object]) -> Callable[[str], object]:
    """Build a function that parses a text, or raises ``EvaluationError``."""

    def parsed(text: str) -> object:
        try:
            return parse(text)
        except ValueError as error:
            raise EvaluationError(str(error)) from None
        except OverflowError as error:
            raise Unpredictable(str(error)) from None

    return parsed


def succeeds(parse: Callable[[str], object]) -> Callable[[str], bool]:
    """Build a function that tells whether a text can be parsed."""

    def succeeds(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        except OverflowError as error:
            raise Unpredictable(str(error)) from None
        return True

    return succeeds
