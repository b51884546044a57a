"""A clock for tests."""

from __future__ import annotations


class Clock:
    """A clock that stands until it is set."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
