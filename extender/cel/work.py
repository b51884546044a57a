"""
A meter of the work that a request may still do.

Kubernetes' cost of an expression says little about time: joining two lists costs it one unit, whatever
their length. So work is counted in units of our own beside it, each about a microsecond of a processor of
2024. Whatever takes longer than a few units charges before it works, from the sizes of what it works on.
So the units of an evaluation depend on expression, dialect and device alone: not on caches, which are
charged as if they were empty, nor on time.

Memory is work, too: a unit stands for 128 bytes at most.
"""

from __future__ import annotations

UNLIMITED = 2**62


class OverBudget(Exception):
    """A request has used up the work that it may do."""


class Work:
    """
    A meter that one request owns: ``left`` of ``limit`` units.

    Once it is used up, everything that charges it is over the budget.
    """

    __slots__ = ("left", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = limit

    @property
    def spent(self) -> int:
        """The units charged so far."""
        return self.limit - self.left

    def charge(self, units: int) -> None:
        """Take units for work about to be done; raises ``OverBudget`` if fewer are left."""
        left = self.left - units
        if left < 0:
            self.left = 0
            raise OverBudget(f"the budget of {self.limit} units of work is used up")
        self.left = left

    def scan(self, characters: int) -> None:
        """Charge for a pass over characters at the speed of compiled code."""
        if characters > 256:
            self.charge(characters >> 8)

    def search(self, characters: int, part: int) -> None:
        """Charge for looking for a part of so many characters in a text of so many."""
        # Python's search takes linear time but for some thousand places, where it may compare the part.
        units = (characters >> 8) + (max(0, min(characters - part, 2500)) * part >> 11)
        if units:
            self.charge(units)

    def build(self, characters: int) -> None:
        """Charge for making a text of so many characters."""
        if characters > 128:
            self.charge(characters >> 7)

    def walk(self, elements: int) -> None:
        """Charge for comparing or copying so many elements one by one."""
        self.charge((elements >> 1) + 1)

    def build_list(self, elements: int) -> None:
        """Charge for making a list of so many elements that exist."""
        if elements > 16:
            self.charge(elements >> 4)


def unlimited() -> Work:
    """Return a meter without a limit, for tests and for commands that serve nobody else."""
    return Work(UNLIMITED)
