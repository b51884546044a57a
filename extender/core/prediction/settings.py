"""What a prediction is made with: budgets, worths, and the scale of the score."""

from __future__ import annotations

from dataclasses import dataclass

from ..alignment.worths import DEFAULT_WORTHS, Worths


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Scores run from 0 to ``score_max``. Budgets are in search steps: ``search_steps``
    for one search, ``request_steps`` for all searches that answer one request. ``worths``
    rate the distances.
    """

    score_max: int = 100
    search_steps: int = 100_000
    request_steps: int = 400_000
    worths: Worths = DEFAULT_WORTHS

    @property
    def neutral(self) -> int:
        """The score of no opinion."""
        return round(self.score_max / 2)
