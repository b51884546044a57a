"""
What one question may still spend on searches.

The same question on the same snapshot must get the same answer, whatever was asked
before. So a search is charged by the steps that it takes, never by time, and it is charged
whether it runs or its result is remembered. Each search is charged once.
"""

from __future__ import annotations

from collections.abc import Hashable


class Budget:
    """
    ``steps`` to spend on searches; ``left`` of them, negative where the last search took more.

    A search that is begun is finished: each has a limit of its own.
    """

    __slots__ = ("_paid", "_whole", "left", "steps")

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.left = steps
        self._paid: set[Hashable] = set()
        self._whole: Budget | None = None

    @property
    def spent(self) -> bool:
        """Whether nothing more may be searched."""
        return self.left <= 0

    def part(self, steps: int) -> Budget:
        """
        A budget of at most ``steps`` of what is left; what it spends is spent of the whole.

        What the whole has paid for is free.
        """
        part = Budget(min(steps, self.left))
        part._paid = self._paid
        part._whole = self
        return part

    def affords(self, search: Hashable) -> bool:
        """Whether the result of ``search`` may be used: it is paid for, or something is left."""
        return search in self._paid or self.left > 0

    def charge(self, search: Hashable, steps: int) -> None:
        """Charge ``search`` with the steps that it takes, unless it is paid for."""
        if search not in self._paid:
            self._paid.add(search)
            self.spend(steps)

    def spend(self, steps: int) -> None:
        """Charge work that nothing remembers."""
        self.left -= steps
        if self._whole is not None:
            self._whole.spend(steps)
