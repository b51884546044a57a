"""
What one question may still spend, and how much of that at once.

The same question on the same snapshot must get the same answer, whatever was asked before. So what
is spent is counted in work, never in time: steps of searches, and units for all else, which are about
a microsecond each (see ``extender.cel.Work``). A question is charged for each *piece* of work that it
needs, once, whether the piece is done or its result is remembered:

- claims that are compiled, with all their selectors
- a slice that is judged: what the selectors of its distinct devices take
- a search: its steps, and units for laying it out and for rating what it finds
- a search for the best devices

Each piece has a limit of its own (``PIECE_UNITS``, or the steps of one search). What is begun is
finished within it, and its result remembered with what it took, also where that is "more than the
limit". So a question works for one piece more than its budget at most, claims that exceed a limit
do not exceed it again until they change, and nothing is ever remembered that hangs on the question
that asked for it.
"""

from __future__ import annotations

from collections.abc import Hashable

PIECE_UNITS = 100_000
"""Units of work for one piece: the selectors of one device, compiling the claims of a pod, ..."""

UNLIMITED = 2**62
"""For questions that only look up what is remembered, or whose work is bounded in another way."""

UNITS_PER_STEP = 4
"""What a step of a search takes, where steps and units are counted together."""


class TurnOver(Exception):
    """The work takes longer than one turn; what is done so far is remembered."""


class Turn:
    """
    What may be done at once before others must be served: ``left`` units of work.

    In contrast to a budget it counts work that is done, not what is remembered. So it decides
    where and when a question is answered, and never how.
    """

    __slots__ = ("left",)

    def __init__(self, units: int) -> None:
        self.left = units

    def take(self, units: int) -> None:
        """Count work that was done or is about to be; raises ``TurnOver`` past the limit."""
        self.left -= units
        if self.left < 0:
            raise TurnOver


class Budget:
    """
    ``steps`` and ``units`` to spend; of them ``left`` and ``units_left``.

    ``left`` is negative where the last search took more. ``turn``: what may be done at once,
    ``None`` where nobody waits.
    """

    __slots__ = ("_paid", "_whole", "left", "steps", "turn", "units", "units_left")

    def __init__(self, steps: int, units: int, turn: Turn | None = None) -> None:
        self.steps = steps
        self.units = units
        self.left = steps
        self.units_left = units
        self.turn = turn
        self._paid: set[Hashable] = set()
        self._whole: Budget | None = None

    @property
    def spent(self) -> bool:
        """Whether nothing more may be searched."""
        return self.left <= 0 or self.units_left <= 0

    def part(self, steps: int, units: int) -> Budget:
        """
        A budget of at most ``steps`` and ``units`` of what is left; what it spends is spent of the whole.

        What the whole has paid for is free.
        """
        part = Budget(min(steps, self.left), min(units, self.units_left), self.turn)
        part._paid = self._paid
        part._whole = self
        return part

    def affords(self, search: Hashable) -> bool:
        """Whether the result of ``search`` may be used: it is paid for, or something is left."""
        return search in self._paid or not self.spent

    def charge(self, search: Hashable, steps: int, units: int = 0) -> None:
        """Charge ``search`` with what it takes, unless it is paid for."""
        if search not in self._paid:
            self._paid.add(search)
            self.spend(steps, units)

    def spend(self, steps: int, units: int = 0) -> None:
        """Charge work that nothing remembers."""
        self.left -= steps
        self.units_left -= units
        if self._whole is not None:
            self._whole.spend(steps, units)

    def pay(self, piece: Hashable, units: int) -> bool:
        """
        Charge ``piece`` unless it is paid for; returns whether its result may be used.

        In contrast to ``charge``, all of it must be left; if it is not, nothing is left any more.
        """
        if piece in self._paid:
            return True
        if units > self.units_left:
            self.exhaust()
            return False
        self._paid.add(piece)
        self.spend(0, units)
        return True

    def exhaust(self) -> None:
        """Use up the units: a piece was met that takes more than is left."""
        self.spend(0, max(self.units_left, 0))

    def work(self, units: int) -> None:
        """Count work that is done now, whatever it is charged. Raises ``TurnOver``."""
        if self.turn is not None:
            self.turn.take(units)

    def at_once(self, units: int) -> int:
        """How many of so many units may be done now."""
        return units if self.turn is None else min(units, max(self.turn.left, 0))
