"""What pods really got, by what the machines of a generated fleet are documented to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extender.core.cluster.snapshot import Snapshot
from extender.model import DeviceID
from tests.waves.judgement import Documents, Pairs, gpu_nic


def documented_pairs(snapshot: Snapshot, allocated: Mapping[str, Sequence[str]]) -> tuple[Pairs, Pairs]:
    """The GPU-NIC pairs of devices, as ``driver/pool/device`` by pod, as documented and as published."""
    documents = Documents(snapshot)
    documented = published = Pairs()
    for devices in allocated.values():
        ids = [DeviceID(*device.split("/")) for device in devices]
        if ids:
            # A pool of these drivers is a node.
            node = ids[0].pool
            documented = documented.plus(gpu_nic(documents.pairs(node, ids)))
            published = published.plus(documents.published(node, ids))
    return documented, published
