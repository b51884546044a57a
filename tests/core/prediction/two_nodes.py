"""Two nodes, one with near devices first, and how a pod is asked about."""

from __future__ import annotations

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Settings, evaluate
from extender.model import (
    Claim,
    DeviceClass,
    Pod,
)
from tests import builders as b

Entry = tuple[str, int]


def world(*claims: Claim, classes: tuple[DeviceClass, ...] = b.CLASSES) -> Snapshot:
    """Two nodes: on ``near`` first fit pairs devices of one root, on ``far`` of two NUMA nodes."""
    near = b.pair_node("near", ["pci0000:10"], ["pci0000:10"], {"pci0000:10": 0})
    numa = {"pci0000:10": 0, "pci0000:90": 1}
    far = b.pair_node("far", ["pci0000:10", "pci0000:90"], ["pci0000:90"], numa)
    return b.snapshot(near, far, classes=classes, claims=claims)


def ask(snapshot: Snapshot, pod: Pod, settings: Settings | None = None) -> Evaluation[Entry]:
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    return evaluate(snapshot, pod, memo, settings or Settings())
