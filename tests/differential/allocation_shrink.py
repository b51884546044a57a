"""
Make a case on which we disagree as small as possible.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

JSON = dict[str, Any]
Path = tuple[str | int, ...]

# Without these an object is none that the API server would store, or the case another one.
KEPT = frozenset(
    {
        "name",
        "metadata",
        "spec",
        "driver",
        "pool",
        "generation",
        "resourceSliceCount",
        "deviceClassName",
        "allocationMode",
        "count",
        "exactly",
        "cel",
        "expression",
        "value",
        "effect",
        "operator",
        "counterSet",
        "counters",
        "nodeName",
        "allNodes",
        "nodeSelector",
        "perDeviceNodeSelection",
        "default",
    }
)
MAX_TRIES = 3000


def shrink(case: Mapping[str, Any], disagrees: Callable[[JSON], bool]) -> JSON:
    """
    The smallest case found that ``disagrees`` accepts, as it accepts the given one.

    Parts are left out one by one, the largest first, until nothing can go.
    """
    smallest: JSON = copy.deepcopy(dict(case))
    tries = 0
    shrunk = True
    while shrunk:
        shrunk = False
        for path in sorted(_paths(smallest), key=len):
            candidate = _without(smallest, path)
            if candidate is None:
                continue
            tries += 1
            if tries > MAX_TRIES:
                return smallest
            if disagrees(candidate):
                smallest, shrunk = candidate, True
    return smallest


def _paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Every part that may be left out; of lists the last entries first."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if len(path) > 0 and key not in KEPT:
                yield (*path, key)
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index in reversed(range(len(value))):
            yield (*path, index)
            yield from _paths(value[index], (*path, index))


def _without(case: JSON, path: Path) -> JSON | None:
    smaller: JSON = copy.deepcopy(case)
    target: Any = smaller
    try:
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]
    except (KeyError, IndexError, TypeError):
        # What held it went before.
        return None
    return smaller
