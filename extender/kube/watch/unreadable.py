"""The objects of one kind that cannot be decoded: counted, and said once each."""

from __future__ import annotations

import structlog

from extender.model.kinds import Key

from ..decode import DecodeError
from .events import ReflectorState

MOST_SAID = 20
"""Unreadable objects at a time with lines of their own: what is wrong with one is often wrong with all."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.reflector")


class Unreadable:
    """
    Remembers what is wrong with which object.

    An object is said again only after it was readable, or when something else is
    wrong with it.
    """

    __slots__ = ("_problems", "_state")

    def __init__(self, state: ReflectorState) -> None:
        self._state = state
        self._problems: dict[Key, str] = {}

    def add(self, key: Key, error: DecodeError) -> None:
        """Count ``error``, and say it if it is new."""
        self._state.decode_errors += 1
        problem = str(error)
        if self._problems.get(key) == problem:
            return
        was_unreadable = key in self._problems
        self._problems[key] = problem
        if len(self._problems) <= MOST_SAID:
            log.warning("object ignored", kind=error.kind, name=error.name, problem=problem)
        elif len(self._problems) == MOST_SAID + 1 and not was_unreadable:
            log.warning("more objects ignored, see dra_extender_decode_errors_total", kind=error.kind)

    def forget(self, key: Key) -> None:
        """The object is readable again, or gone."""
        if self._problems:
            self._problems.pop(key, None)

    def keep(self, keys: set[Key]) -> None:
        """A list is complete: only the objects of ``keys`` are unreadable."""
        self._problems = {key: problem for key, problem in self._problems.items() if key in keys}
