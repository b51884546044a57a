"""Fleets to fill."""

from __future__ import annotations

import json

from extender.cli.cluster_input import snapshot_of
from extender.cli.fleet import fleet
from extender.core.release_history import release_for
from extender.core.snapshot import Snapshot
from extender.kube.cluster import ClusterBuilder


def generated(nodes: int) -> Snapshot:
    """``nodes`` nodes of the machines of ``extender/data/topologies.json``, in turn."""
    builder = ClusterBuilder()
    builder.add(json.dumps(fleet(nodes)).encode())
    return snapshot_of(builder.build(), release_for("1.36"))
