"""What a prediction is made with: budgets, worths, and the scale of the score."""

from __future__ import annotations

from dataclasses import dataclass

from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..allocator.budget import Budget, Turn


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Scores run from 0 to ``score_max``. Budgets are in search steps: ``search_steps``
    for one search, ``request_steps`` for all searches that answer one request; and in units
    of work: ``request_units`` for all else that answers it. ``worths`` rate the distances.
    """

    score_max: int = 100
    search_steps: int = 100_000
    request_steps: int = 400_000
    worths: Worths = DEFAULT_WORTHS
    request_units: int = 500_000

    @property
    def neutral(self) -> int:
        """The score of no opinion."""
        return round(self.score_max / 2)

    def budget(self, turn: Turn | None = None) -> Budget:
        """What one question may spend; ``turn``: what of it may be done at once."""
        return Budget(self.request_steps, self.request_units, turn)
