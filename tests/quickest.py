"""How long something takes, for tests of what must not grow without bound."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def quickest_seconds(do: Callable[[], object], runs: int = 3) -> float:
    """
    Seconds of processor time of the quickest of some runs, without garbage collection: a collection walks
    everything that a process of many tests holds, which takes longer than most of what is measured.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return min(_seconds(do) for _ in range(runs))
    finally:
        if was_enabled:
            gc.enable()


def _seconds(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began
