"""The sums of a demo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

from extender.core.alignment.pairs import Alignment
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


class Judgement(NamedTuple):
    """Pairs on both sides, and those of a GPU and a NIC among them."""

    stock: PairCounts
    ours: PairCounts
    stock_gpu_nic: PairCounts
    ours_gpu_nic: PairCounts


@dataclass(frozen=True, slots=True)
class Totals:
    """
    ``aligned`` pods got devices that form pairs, which are counted by what drivers publish
    (``published``) and by what the machines are (``documented``, ``None`` where the type of a node is not
    known). ``moved`` pods would have gone to another node, ``better`` of them to nearer devices: by the
    documents where there are any. ``told`` of the other moved pods went from a distance that the extender
    does not know to one that it does.
    """

    pods: int
    placed: int
    aligned: int
    moved: int
    better: int
    told: int
    no_choice: int
    published: Judgement
    documented: Judgement | None
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
    moved = [(was, now) for was, now in pairs if was.node != now.node]
    better = [(was, now) for was, now in moved if _worth(now) > _worth(was)]
    return Totals(
        pods=len(decisions),
        placed=len(placed),
        aligned=len(pairs),
        moved=sum(stock.node != ours.node for stock, ours in compared),
        better=len(better),
        told=sum(_is_unknown(was) and not _is_unknown(now) for was, now in moved if (was, now) not in better),
        no_choice=sum(decision.ours is None for decision in placed),
        published=_judgement(
            [each.published for each in stock],
            [each.published for each in ours],
        ),
        documented=_documented(stock, ours),
        predictions=len(checked),
        predictions_right=sum(checked),
    )


def _worth(placement: PodPlacement) -> float:
    """Its alignment by the documents, else as published."""
    documented = placement.documented
    return (placement.predicted if documented is None else documented.predicted) or 0.0


def _is_unknown(placement: PodPlacement) -> bool:
    return any(pair.distance in UNKNOWN for pair in placement.pairs)


def _documented(stock: Sequence[PodPlacement], ours: Sequence[PodPlacement]) -> Judgement | None:
    """The same placements by the documents, if each has them."""
    was = [each.documented for each in stock if each.documented is not None]
    now = [each.documented for each in ours if each.documented is not None]
    if not was or (len(was), len(now)) != (len(stock), len(ours)):
        return None
    return _judgement(was, now)


def _judgement(stock: Sequence[Alignment], ours: Sequence[Alignment]) -> Judgement:
    return Judgement(*(_counts(side, kinds) for kinds in ("", "gpu-nic") for side in (stock, ours)))


def _counts(alignments: Sequence[Alignment], kinds: str = "") -> PairCounts:
    distances = [
        pair.distance for alignment in alignments for pair in alignment.pairs if kinds in {"", pair.kinds}
    ]
    worths = [alignment.predicted for alignment in alignments if alignment.predicted is not None]
    return PairCounts(
        one_root=_count(distances, ON_ONE_ROOT),
        one_numa_node=_count(distances, ON_ONE_NUMA_NODE),
        farther=_count(distances, FARTHER),
        unknown=_count(distances, UNKNOWN),
        mean=None if kinds or not worths else fsum(worths) / len(worths),
    )


def _count(distances: Iterable[Distance], group: frozenset[Distance]) -> int:
    return sum(distance in group for distance in distances)
