"""How long to wait before asking again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """
    Exponential backoff with full jitter.

    Each wait is evenly distributed between zero and a bound that starts at
    ``first_seconds`` and doubles up to ``most_seconds``, so that many clients of a
    server that comes back do not come back at once. ``random`` returns 0 to 1.
    """

    random: Callable[[], float]
    first_seconds: float = 0.1
    most_seconds: float = 10.0
    _bound: float = field(default=0.0, init=False)

    def next(self, at_least: float = 0.0) -> float:
        """
        Return the seconds to wait now.

        ``at_least`` is what the server asked for, honoured up to ``most_seconds``.
        """
        self._bound = min(self._bound * 2 or self.first_seconds, self.most_seconds)
        return max(self.random() * self._bound, min(at_least, self.most_seconds))

    def reset(self) -> None:
        """What was tried works again."""
        self._bound = 0.0
