"""What a soak is judged by: its minutes, and which aims they miss. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEAST_AGREEMENT = 0.995
MOST_GROWTH = 1.25
"""
Memory at the end, of that at the minute of comparison.

By then the fleet is half full, and tables and memo are filled, so that what still grows is kept for pods
that are gone. At ten pods a second 25 minutes bring 15,000 of them: of a process of 100 MiB, 1.7 KiB for each
are a quarter. Less than that may be gaps in the heap.
"""
COMPARED_MINUTE = 5
"""Which minute's memory the last one's is compared with; the middle one of a soak of less than twice that."""


@dataclass(frozen=True, slots=True)
class Exploded:
    """What asking about a claim that explodes took, and whether a budget ended the search."""

    seconds: float
    ended: bool


@dataclass(frozen=True, slots=True)
class Minute:
    """
    ``number`` is 1 for the first. At its end: ``present``, the pods that are there and bound, ``memory_mib``,
    and ``assumed``, the claims whose allocation is.

    Of this minute alone: ``bound``, the pods that were; ``matches``, claims compared, by result; ``lag``, the
    99th percentile of the event loop's, in seconds; ``published``, the slices; ``neutral``, answers without
    an opinion, of which one is that about the claim that explodes where it takes too long.
    """

    number: int
    bound: int
    present: int
    matches: Counter[str]
    memory_mib: float
    lag: float
    assumed: int
    published: int
    neutral: int
    exploded: Exploded

    def cells(self) -> tuple[str, ...]:
        """The row of ``HEADS``."""
        wrong = self.matches.copy()
        right = wrong.pop("match", 0)
        said = ", ".join(f"{count} {result}" for result, count in wrong.most_common())
        return (
            str(self.number),
            str(self.bound),
            str(self.present),
            str(right),
            said or "0",
            f"{self.memory_mib:.1f}",
            f"{1000 * self.lag:g}",
            str(self.assumed),
            str(self.published),
            str(self.neutral),
            f"{self.exploded.seconds:.2f} s, {'ended' if self.exploded.ended else 'complete'}",
        )


HEADS = (
    "minute",
    "pods bound",
    "there",
    "right",
    "not right",
    "memory (MiB)",
    "loop lag, 99 % (ms)",
    "assumed",
    "slices published",
    "without an opinion",
    "search that explodes",
)


def compared(minutes: Sequence[Minute]) -> Minute:
    """The minute whose memory the last one's is compared with."""
    return minutes[min(COMPARED_MINUTE, (len(minutes) + 1) // 2) - 1]


def agreement(minutes: Iterable[Minute]) -> float:
    """The share of all compared claims that got what was predicted; no number where none was compared."""
    matches = sum((minute.matches for minute in minutes), Counter[str]())
    return matches["match"] / matches.total() if matches else float("nan")


def missed(minutes: Sequence[Minute], left_assumed: int) -> list[str]:
    """A sentence for each aim that was missed. ``left_assumed``: claims, after all pods are gone."""
    share, growth = agreement(minutes), minutes[-1].memory_mib / compared(minutes).memory_mib
    sentences = {
        f"agreement is {share:.2%}, less than {LEAST_AGREEMENT:.1%}": not share >= LEAST_AGREEMENT,
        f"{left_assumed} claims are still assumed": left_assumed > 0,
        f"memory grew to {growth:.2f} times that of minute {compared(minutes).number}, more than "
        f"{MOST_GROWTH:g}": growth > MOST_GROWTH,
        "no search was ended by its budget": not any(minute.exploded.ended for minute in minutes),
    }
    return [sentence for sentence, is_so in sentences.items() if is_so]


def pairs_of(documents: Iterable[Mapping[str, Any]]) -> int:
    """How many pods with a GPU and a NIC a fleet has devices for, each on one node."""
    gpus, nics = Counter[str](), Counter[str]()
    for document in documents:
        if document["kind"] != "ResourceSlice":
            continue
        spec = document["spec"]
        devices = spec.get("devices") or ()
        if spec["driver"].startswith("gpu."):
            gpus[spec["nodeName"]] += len(devices)
        elif spec["driver"] == "dra.net":
            nics[spec["nodeName"]] += sum(_has_rdma(device) for device in devices)
    return (gpus & nics).total()


def _has_rdma(device: Mapping[str, Any]) -> bool:
    attributes = device.get("attributes", {})
    return bool(attributes.get("dra.net/rdma", attributes.get("rdma", {})).get("bool"))
