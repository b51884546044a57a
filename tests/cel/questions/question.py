"""
What is asked of Kubernetes' CEL to be recorded.
"""

from __future__ import annotations

from typing import NamedTuple

PROBE = "made/probe"
"""The device of ``tests/data/cel/devices.json`` that most questions are about."""

GPU = "device.attributes['gpu.nvidia.com']"
"""The attributes of that device: ``s`` is a string, ``i`` an int, ``b`` a bool, ``v`` a version."""


class Question(NamedTuple):
    """An expression on a device; ``unknown`` where we must say that we cannot tell."""

    name: str
    expression: str
    device: str = PROBE
    unknown: bool = False


class Limit(NamedTuple):
    """
    A condition that takes ``{n}`` steps, for the number of steps at which the cost limit is reached.

    Recorded are the largest number that Kubernetes still evaluates, and the next one.
    """

    name: str
    template: str
    most: int = 20_000

    def question(self, steps: int, side: str) -> Question:
        """The condition with so many steps; ``side`` says on which side of the limit that is."""
        return Question(f"{self.name}-{side}", self.template.replace("{n}", str(steps)))


def showing(name: str, term: str, *, unknown: bool = False) -> Question:
    """Ask for the value of a term: the string is looked up as a key, which the error then names."""
    return Question(name, f"{{'': true}}['%s|'.format([dyn({term})])]", unknown=unknown)


def quoted(text: str) -> str:
    """A CEL string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def at_run_time(function: str, text: str) -> str:
    """A call on a text that is read when the expression is evaluated, not when it is compiled."""
    return f"cel.bind(t, {quoted(text)}, {function}(t))"
