"""How many requests of a verb may be answered at a time; what is above is told to come again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..refusals import TurnedAway
from ..verb import Verb
from .guard import Refusal

MOST_UNDER_WAY: Mapping[Verb, int] = {
    Verb.FILTER: 64,
    Verb.PRIORITIZE: 64,
    Verb.PREEMPT: 64,
    # Each waits for the API server, and kube-scheduler binds beside its scheduling cycle.
    Verb.BIND: 256,
    Verb.MUTATE: 32,
    Verb.ROUTE: 32,
    Verb.EXPLAIN: 4,
}
"""The most requests of a verb whose bodies have come and that are not answered yet."""


class UnderWay:
    """The requests of one verb that are being answered."""

    __slots__ = ("_count", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Answer one more request while the context lasts. Raises ``Refusal`` where that is too many."""
        if self._count >= self._most:
            raise Refusal(
                TurnedAway.BUSY, 503, f"{self._most} requests of this verb are being answered", "try again"
            )
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
