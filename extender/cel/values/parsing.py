"""
From the parsers' exceptions to CEL's errors.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import EvaluationError, Unpredictable
from ..work import Work

Parse = Callable[[str], object]
Units = Callable[[int], int]
"""The work that reading a text of some length takes, at most."""


def parsing(parse: Parse, units: Units) -> Callable[[Work, str], object]:
    """Build a function that parses a text, or raises ``EvaluationError``."""

    def parsed(work: Work, text: str) -> object:
        work.charge(units(len(text)))
        try:
            return parse(text)
        except ValueError as error:
            raise EvaluationError(str(error)) from None
        except OverflowError as error:
            raise Unpredictable(str(error)) from None

    return parsed


def succeeds(parse: Parse, units: Units) -> Callable[[Work, str], bool]:
    """Build a function that tells whether a text can be parsed."""

    def succeeds(work: Work, text: str) -> bool:
        work.charge(units(len(text)))
        try:
            parse(text)
        except ValueError:
            return False
        except OverflowError as error:
            raise Unpredictable(str(error)) from None
        return True

    return succeeds
