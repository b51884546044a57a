"""
Why a node ranks below the best one: what it passes over, how near its devices are, or what they break.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from ..reasons import Outcome
from .verdict import NodeVerdict


class Behind(StrEnum):
    """
    The first thing, in the order of the rank, in which a node is worse than the best one.

    ``preference``: it passes over more alternatives that the claims prefer. ``alignment``: it passes over
    as many, and the devices are farther apart. ``free-pairs``: they are as near, and break more for
    later pods.
    """

    PREFERENCE = "preference"
    ALIGNMENT = "alignment"
    FREE_PAIRS = "free-pairs"


class _Parts(NamedTuple):
    """What ``Behind`` names, higher is better."""

    preference: int
    alignment: float
    free_pairs: tuple[int, int]


def behind_best(verdicts: Mapping[str, NodeVerdict]) -> dict[str, Behind]:
    """What puts each node that has devices for the pod below the best of them; the best are left out."""
    parts = {
        name: _parts(verdict) for name, verdict in verdicts.items() if verdict.outcome is Outcome.ALLOCATED
    }
    best = max(parts.values(), default=None)
    return {
        name: _first_worse(node, best) for name, node in parts.items() if best is not None and node != best
    }


def _parts(verdict: NodeVerdict) -> _Parts:
    alignment, fragmentation = verdict.alignment, verdict.fragmentation
    predicted = None if alignment is None else alignment.predicted
    return _Parts(
        -verdict.passed_over,
        _nothing_apart(verdict) if predicted is None else predicted,
        (0, 0) if fragmentation is None else (-fragmentation.broken, -fragmentation.delayed),
    )


def _nothing_apart(verdict: NodeVerdict) -> float:
    """What stands for the alignment where no pairs are; see ``rank_node``."""
    return 1.0 if all(device.listed for device in verdict.devices) else 0.5


def _first_worse(node: _Parts, best: _Parts) -> Behind:
    if node.preference != best.preference:
        return Behind.PREFERENCE
    return Behind.ALIGNMENT if node.alignment != best.alignment else Behind.FREE_PAIRS
