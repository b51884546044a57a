"""
How many pods any choice of nodes could align: a bound, not a plan.

Without constraints first fit hands out a node's GPUs and NICs in one fixed order, so what a
node gives depends only on how many of each are gone. For one node the best sequence of pods
is found by trying all (dynamic programming). What ties the nodes together is that there are
only so many pods of each kind; that is priced (Lagrange multipliers): a pod of a kind costs
its price on every node, and the prices of all pods there are are added at the end. For
prices of 0 or more the sum is never below what any schedule reaches, also one that knows all
pods in advance, may leave some out and choose their order. The lowest sum found over some
steps of subgradient descent is the bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import floor
from typing import NamedTuple

from tests.waves.machines import Machine

Need = tuple[int, int]
"""GPUs and NICs of a pod."""

_ROUNDING = 1e-6


class _Move(NamedTuple):
    need: Need
    after: tuple[int, int]
    aligned: bool


def most_aligned(machines: Sequence[Machine], pods: Counter[Need], steps: int = 120) -> int:
    """The bound for pods of these needs on empty ``machines``."""
    counts = Counter(machines)
    moves = {machine: _moves(machine, tuple(pods)) for machine in counts}
    prices = dict.fromkeys(pods, 0.0)
    lowest = float(sum(count for need, count in pods.items() if all(need)))
    for step in range(1, steps + 1):
        total = sum(prices[need] * count for need, count in pods.items())
        used: Counter[Need] = Counter()
        for machine, count in counts.items():
            value, path = _best(moves[machine], prices)
            total += count * value
            for need in path:
                used[need] += count
        lowest = min(lowest, total)
        for need, count in pods.items():
            slope = (used[need] - count) / max(sum(pods.values()), 1)
            prices[need] = max(0.0, prices[need] + slope / step**0.5)
    return floor(lowest + _ROUNDING)


def _moves(machine: Machine, needs: Sequence[Need]) -> dict[tuple[int, int], list[_Move]]:
    """What can be handed out from each state (GPUs gone, NICs gone), states in descending order."""
    most = (len(machine.gpus), len(machine.nics))
    return {
        (gpus, nics): [
            _Move(need, after, machine.aligned_after(gpus, nics, *need) is True)
            for need in needs
            if (after := (gpus + need[0], nics + need[1]))[0] <= most[0] and after[1] <= most[1]
        ]
        for gpus in range(most[0], -1, -1)
        for nics in range(most[1], -1, -1)
    }


def _best(
    moves: Mapping[tuple[int, int], Sequence[_Move]], prices: Mapping[Need, float]
) -> tuple[float, list[Need]]:
    """The most that a node can bring at these prices, and the pods that bring it."""
    values: dict[tuple[int, int], tuple[float, _Move | None]] = {}
    for state, found in moves.items():
        best: tuple[float, _Move | None] = (0.0, None)
        for move in found:
            value = move.aligned - prices[move.need] + values[move.after][0]
            if value > best[0]:
                best = (value, move)
        values[state] = best
    path: list[Need] = []
    value, next_move = values[0, 0]
    while next_move is not None:
        path.append(next_move.need)
        next_move = values[next_move.after][1]
    return value, path
