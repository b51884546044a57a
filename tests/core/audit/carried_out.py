"""
Carries out the plan of an audit: deletes each pod, creates it anew, and lets the modelled allocator choose.

As a program it audits the dump that its argument names, under Kubernetes 1.36.2, and compares every
device that the plan promises with what is handed out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.audit.auditor import Audit, Auditor
from extender.core.audit.move import Move
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.kube.decode.readings import SCHEDULING_READINGS
from extender.model import Claim, DeviceResult


def audited(snapshot: Snapshot) -> Audit:
    """The audit of all pods."""
    auditor = Auditor(snapshot)
    assert len(list(auditor.rate())) == len(auditor)
    return auditor.result()


def carried_out(
    snapshot: Snapshot, moves: Iterable[Move]
) -> Iterator[tuple[Snapshot, tuple[tuple[str, DeviceResult], ...]]]:
    """
    After each move the cluster, and the devices that were handed out, with the names of their claims.

    Nothing is known of the plan but the pod, how its claims are written, and the node. What was predicted
    before is remembered, as it is while a service runs.
    """
    memo: Memo[int] = Memo(lambda names, score: [score] * len(names))
    for move in moves:
        snapshot = snapshot.with_claims([replace(claim, allocation=None) for claim in move.claims])
        pod = replace(move.finding.running.pod, node_name="")
        claims = evaluate(snapshot, pod, memo, Settings()).allocated_on(move.node)
        snapshot = snapshot.with_claims(claims)
        yield snapshot, tuple(_results(claims))


def _results(claims: Iterable[Claim]) -> Iterator[tuple[str, DeviceResult]]:
    for claim in claims:
        assert claim.allocation is not None
        yield from ((claim.name, result) for result in claim.allocation.results)


def main() -> None:
    cluster = read_cluster(sys.argv[1:], SCHEDULING_READINGS)
    snapshot = cluster_input(cluster, "1.36.2").snapshot
    audit = audited(snapshot)
    moves = audit.plan.moves
    others = sum(
        handed_out != move.devices
        for move, (_, handed_out) in zip(moves, carried_out(snapshot, moves), strict=True)
    )
    avoidable = sum(finding.avoidable > 0 for finding in audit.findings)
    devices = sum(len(move.devices) for move in moves)
    sys.stdout.write(
        f"{avoidable} avoidable; {len(moves)} moves with {devices} devices, complete: {audit.plan.complete}\n"
        f"moves that get other devices than promised: {others}\n"
    )


if __name__ == "__main__":
    main()
