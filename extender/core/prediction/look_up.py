"""Many look-ups in one step, without a call for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

T = TypeVar("T")


def look_up(known: Mapping[str, T], names: Sequence[str]) -> list[T]:
    """The values of ``names``, in order. Raises ``KeyError`` where one is missing."""
    if len(names) < 2:
        return [known[name] for name in names]
    found: tuple[T, ...] = itemgetter(*names)(known)
    return list(found)
