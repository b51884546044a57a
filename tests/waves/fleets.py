"""Fleets to fill."""

from __future__ import annotations

import json

from extender.cli.bench.fleet import fleet
from extender.cli.cluster_input import snapshot_of
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.kube.files.cluster import ClusterBuilder


def generated(nodes: int) -> Snapshot:
    """``nodes`` nodes of the machines of ``extender/data/topologies.json``, in turn."""
    builder = ClusterBuilder()
    builder.add(json.dumps(fleet(nodes)).encode())
    return snapshot_of(builder.build(), release_for("1.36"))
