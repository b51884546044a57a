"""The objects of one kind that cannot be decoded: counted, and said once each."""

from __future__ import annotations

import structlog

from extender.model.kinds import Key

from ..decode import DecodeError
from .events import ReflectorState

MOST_SAID = 20
"""Unreadable objects at a time with lines of their own: what is wrong with one is often wrong with all."""

MOST_CHARACTERS = 500
"""Of what is said of an object: it may repeat what the object holds."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.reflector")


class Unreadable:
    """
    Remembers what is wrong with which object.

    An object is said again only after it was readable, or when something else is
    wrong with it.
    """

    __slots__ = ("_state",)

    def __init__(self, state: ReflectorState) -> None:
        self._state = state

    def add(self, key: Key, error: DecodeError) -> None:
        """Count ``error``, and say it if it is new."""
        self._state.decode_errors += 1
        problems, problem = self._state.unreadable, _short(str(error))
        if problems.get(key) == problem:
            return
        was_unreadable = key in problems
        problems[key] = problem
        if len(problems) <= MOST_SAID:
            event = "object ignored" if error.remains is None else "object ignored, but for its devices"
            log.warning(event, kind=error.kind, name=_short(error.name), problem=problem)
        elif len(problems) == MOST_SAID + 1 and not was_unreadable:
            log.warning("more objects ignored, see dra_extender_decode_errors_total", kind=error.kind)

    def forget(self, key: Key) -> None:
        """The object is readable again, or gone."""
        self._state.unreadable.pop(key, None)

    def keep(self, keys: set[Key]) -> None:
        """A list is complete: only the objects of ``keys`` are unreadable."""
        problems = self._state.unreadable
        self._state.unreadable = {key: problem for key, problem in problems.items() if key in keys}


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."
