"""The sums of a demo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

from extender.core.topology.locations import Distance

from .decisions import Decision, PodPlacement

ON_ONE_ROOT = frozenset({Distance.DEVICE, Distance.PCIE_SWITCH, Distance.PCIE_ROOT})
ON_ONE_NUMA_NODE = frozenset({Distance.GROUP, Distance.NUMA})
FARTHER = frozenset({Distance.SOCKET, Distance.REMOTE})
UNKNOWN = frozenset({Distance.UNKNOWN})


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs of devices by how near they are; ``mean`` is the mean alignment of the pods, 0..1."""

    one_root: int
    one_numa_node: int
    farther: int
    unknown: int
    mean: float | None

    @property
    def total(self) -> int:
        return self.one_root + self.one_numa_node + self.farther + self.unknown


@dataclass(frozen=True, slots=True)
class Totals:
    """
    ``aligned`` pods got devices that form pairs; ``stock`` and ``ours`` count those
    pairs, ``stock_gpu_nic`` and ``ours_gpu_nic`` the pairs of a GPU and a NIC among them.
    ``moved`` pods would have gone to another node, ``better`` of them to nearer devices.
    """

    pods: int
    placed: int
    aligned: int
    moved: int
    better: int
    no_choice: int
    stock: PairCounts
    ours: PairCounts
    stock_gpu_nic: PairCounts
    ours_gpu_nic: PairCounts
    predictions: int
    predictions_right: int


def totals_of(decisions: Sequence[Decision]) -> Totals:
    """Add up. A pod for which there was no choice counts alike on both sides."""
    placed = [decision for decision in decisions if decision.stock is not None]
    compared = [
        (decision.stock, decision.ours or decision.stock) for decision in placed if decision.stock is not None
    ]
    pairs = [(stock, ours) for stock, ours in compared if stock.predicted is not None]
    checked = [decision.prediction_right for decision in placed if decision.prediction_right is not None]
    stock, ours = [stock for stock, _ in pairs], [ours for _, ours in pairs]
    return Totals(
        pods=len(decisions),
        placed=len(placed),
        aligned=len(pairs),
        moved=sum(stock.node != ours.node for stock, ours in compared),
        better=sum((ours.predicted or 0) > (stock.predicted or 0) for stock, ours in pairs),
        no_choice=sum(decision.ours is None for decision in placed),
        stock=_counts(stock),
        ours=_counts(ours),
        stock_gpu_nic=_counts(stock, "gpu-nic"),
        ours_gpu_nic=_counts(ours, "gpu-nic"),
        predictions=len(checked),
        predictions_right=sum(checked),
    )


def _counts(placements: Sequence[PodPlacement], kinds: str = "") -> PairCounts:
    distances = [
        distance for placement in placements for name, distance in placement.distances if kinds in {"", name}
    ]
    worths = [placement.predicted for placement in placements if placement.predicted is not None]
    return PairCounts(
        one_root=_count(distances, ON_ONE_ROOT),
        one_numa_node=_count(distances, ON_ONE_NUMA_NODE),
        farther=_count(distances, FARTHER),
        unknown=_count(distances, UNKNOWN),
        mean=None if kinds or not worths else fsum(worths) / len(worths),
    )


def _count(distances: Iterable[Distance], group: frozenset[Distance]) -> int:
    return sum(distance in group for distance in distances)
