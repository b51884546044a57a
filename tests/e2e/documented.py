"""
What pods really got, by what the machines of a generated fleet are documented to be, and as published.

Also the most that could have been reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import NamedTuple

from extender.cel import unlimited
from extender.core.claims.compiled_claims import compile_claims
from extender.core.cluster.snapshot import Snapshot
from extender.core.soft_alignment.selection import select
from extender.model import ClaimSpec, DeviceID
from tests.waves.bound import Need, most_aligned
from tests.waves.judgement import Documents, Pairs, gpu_nic
from tests.waves.machines import machine_of


class Judged(NamedTuple):
    """
    The GPU-NIC pairs of pods by both judges.

    ``aligned``: pods whose pairs are all near in the sense of free pairs, by the documents; ``mean``: their
    documented alignment, 0..1, of the ``rated`` pods that have something to align.
    """

    documented: Pairs
    published: Pairs
    aligned: int
    rated: int
    mean: float


def judged(snapshot: Snapshot, allocated: Mapping[str, Sequence[str]]) -> Judged:
    """Judge the devices of each pod, ``driver/pool/device``."""
    documents = Documents(snapshot)
    machines = {name: machine_of(state) for name, state in documents.fleet.nodes.items()}
    documented = published = Pairs()
    alignments: list[float] = []
    aligned = 0
    for devices in allocated.values():
        ids = [DeviceID(*device.split("/")) for device in devices]
        if not ids:
            continue
        # A pool of these drivers is a node.
        node = ids[0].pool
        alignment = documents.alignment(node, ids)
        documented = documented.plus(gpu_nic(alignment.pairs))
        published = published.plus(documents.published(node, ids))
        aligned += machines[node].aligned(alignment.pairs) is True
        if alignment.predicted is not None:
            alignments.append(alignment.predicted)
    mean = fsum(alignments) / len(alignments) if alignments else 0.0
    return Judged(documented, published, aligned, len(alignments), mean)


def documented_pairs(snapshot: Snapshot, allocated: Mapping[str, Sequence[str]]) -> tuple[Pairs, Pairs]:
    """Their pairs alone, as documented and as published."""
    return judged(snapshot, allocated)[:2]


def sentence(judge: str, pairs: Pairs) -> str:
    """The pairs by one judge, ``documented`` or ``published``."""
    return (
        f"GPU-NIC pairs as {judge}: {pairs.root} on one root, {pairs.numa} on one NUMA node, "
        f"{pairs.farther} farther, {pairs.unknown} unknown"
    )


class Most(NamedTuple):
    """``aligned``: pods, ``on_root``: those of them on one root, by the documents."""

    aligned: int
    on_root: int


def most_by_first_fit(snapshot: Snapshot, needs: Iterable[Need]) -> Most:
    """What no choice of nodes can exceed where first fit chooses the devices, see ``tests.waves.bound``."""
    machines = [machine_of(state) for state in Documents(snapshot).fleet.nodes.values()]
    pods = Counter(needs)
    rooted = [machine._replace(by_root=True) for machine in machines]
    return Most(most_aligned(machines, pods), most_aligned(rooted, pods))


def most_sharing_a_root(snapshot: Snapshot, pair: ClaimSpec) -> int:
    """
    What no choice of nodes and devices can exceed: as many on each root as the rarer kind has devices.

    The snapshot's facts of machines tell roots too.
    """
    shape = compile_claims([pair], snapshot.classes, snapshot.release, unlimited())
    selection = select(shape, snapshot.published.values(), snapshot.release, unlimited())
    most = 0
    for state in snapshot.nodes.values():
        roots = {id_: location.root for id_, location in state.inventory.locations().items()}
        there = [name for each in state.inventory.slices if (name := each.name) in selection.by_slice]
        gpus, nics = (
            Counter(
                root
                for name in there
                for selected in selection.by_slice[name][side]
                if (root := roots[selected.id]) >= 0
            )
            for side in (0, 1)
        )
        most += (gpus & nics).total()
    return most
