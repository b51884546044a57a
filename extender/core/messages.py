"""
Messages to people as data: a code with parameters; text only at the edge.

Three tables of codes are built on this: ``reasons`` (why a node got its verdict),
``soft_alignment.refusals`` (why a claim stays as it is) and ``advice.claim_warnings`` (what can go
wrong with a claim). Each has an enum of codes, a template per code, a class of messages and a
function that builds them. The codes and the names of the parameters are public contracts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Code = TypeVar("Code", bound=StrEnum)

Params = tuple[tuple[str, str], ...]
"""The parameters of a code, by the names in its template."""


def params_of(given: Mapping[str, object]) -> Params:
    """
    Keyword arguments as parameters, in their order; values become text.

    A name that Python reserves is given with an underscore: ``class_`` is the parameter ``class``.
    """
    return tuple((name.rstrip("_"), str(value)) for name, value in given.items())


@dataclass(frozen=True, slots=True)
class Message(Generic[Code]):
    """A code and its parameters; two messages with the same of both are equal."""

    code: Code
    params: Params = ()

    @property
    def values(self) -> dict[str, str]:
        """The parameters by name."""
        return dict(self.params)


def rendered(message: Message[Code], templates: Mapping[Code, str], counted: Collection[str] = ()) -> str:
    """
    The message as one sentence for people. Raises ``KeyError`` for a parameter that is missing.

    ``counted``: the parameters that are numbers of what their name says, so that ``nodes`` of 1
    reads ``1 node``, and of 3 ``3 nodes``.
    """
    values = {name: _with_noun(name, text) if name in counted else text for name, text in message.params}
    return templates[message.code].format_map(values)


def first_few(names: Sequence[str], most: int, *, more: int = 0, between: str = ", ") -> str:
    """The first ``most`` names and how many follow, ``a, b and 3 more``; ``more`` are not in ``names``."""
    more += max(0, len(names) - most)
    return between.join(names[:most]) + (f" and {more} more" if more else "")


def _with_noun(plural: str, number: str) -> str:
    return f"{number} {plural.removesuffix('s')}" if number == "1" else f"{number} {plural}"
