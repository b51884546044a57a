"""How often something may be done for each namespace."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

TIMES_A_MINUTE = 10
"""How often for one namespace."""

MAX_NAMESPACES = 10_000
"""Namespaces that are counted in a minute; for further ones it may not be done."""

_SECONDS = 60.0


class NamespaceLimit:
    """Counts by namespace, from the beginning of each minute of ``clock``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._counts: Counter[str] = Counter()

    def take(self, namespace: str) -> bool:
        """Whether it may be done once more for ``namespace``; counts it if so."""
        now = self._clock()
        if now - self._began >= _SECONDS:
            self._began = now
            self._counts.clear()
        if self._counts[namespace] >= TIMES_A_MINUTE:
            return False
        if namespace not in self._counts and len(self._counts) >= MAX_NAMESPACES:
            return False
        self._counts[namespace] += 1
        return True
