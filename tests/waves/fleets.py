"""
Fleets to fill.

    python -m tests.waves.fleets > few-types.json

prints the second one, as a dump that ``--fleet`` of ``tests.waves`` and of ``tests.e2e.waves`` takes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from extender.cli.bench.fleet import JSON, fleet, machines
from extender.cli.cluster_input import snapshot_of
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.kube.files.cluster import ClusterBuilder

NODES = 500
FEW_TYPES: Mapping[str, int] = {
    "azure-nd-h100-v5": 6,
    "azure-nd-gb300-v6": 4,
    "dgx-h100": 3,
    "dell-r760xa-a40": 3,
    "dell-xe9680-mi300x-snc-on": 2,
    "dell-r7725-nps4": 2,
}
"""
Nodes of each type among twenty. On fifteen of them drivers publish no distance of a GPU and a NIC, five have
one or two GPUs beside their CPUs, and one pair in four can share a root.
"""


def generated(nodes: int) -> Snapshot:
    """``nodes`` nodes of the machines of ``extender/data/topologies.json``, in turn."""
    return loaded(fleet(nodes))


def few_types(nodes: int) -> JSON:
    """A fleet of ``FEW_TYPES``, as a List."""
    known = {machine.name: machine for machine in machines()}
    return fleet(nodes, [known[name] for name, share in FEW_TYPES.items() for _ in range(share)])


def loaded(items: JSON) -> Snapshot:
    """A fleet as it is scheduled on."""
    builder = ClusterBuilder()
    builder.add(json.dumps(items).encode())
    return snapshot_of(builder.build(), release_for("1.36"))


if __name__ == "__main__":
    json.dump(few_types(NODES), sys.stdout)
