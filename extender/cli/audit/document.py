"""The audit as JSON."""

from __future__ import annotations

from extender.core.alignment.pairs import Pair
from extender.core.audit.auditor import Audit
from extender.core.audit.findings import PodFinding
from extender.core.audit.jobs import JobFinding
from extender.core.audit.move import Move
from extender.core.audit.pending import PendingPods
from extender.core.audit.running_pod import HeldDevice, Unrated
from extender.core.audit.totals import KindsTotal, MachineTypeTotal, Tally, Totals
from extender.core.cluster.negative_amounts import claim_names
from extender.core.scheduling import render_filter, render_unchecked
from extender.model import DeviceResult
from extender.service.explain import API_VERSION

from .plan_words import pending_command
from .source import Source

JSON = dict[str, object]


def audit_document(audit: Audit, totals: Totals, source: Source) -> JSON:
    """Every rated pod, those that lose most first, and the totals. Alignments and losses are 0..1."""
    losing = audit.losing
    rest = [finding for finding in audit.findings if not finding.lost]
    return {
        "apiVersion": API_VERSION,
        "kind": "Audit",
        "kubernetes": audit.snapshot.release.version,
        "cluster": source.cluster,
        "when": source.when,
        "complete": audit.complete,
        "totals": _tally(totals.all),
        "unrated": {why.value: audit.unrated[why] for why in Unrated if audit.unrated[why]},
        "pods": [_pod(finding) for finding in (*losing, *rest)],
        "plan": {
            "complete": audit.plan.complete,
            "moves": [_move(move, source) for move in audit.plan.moves],
        },
        "jobs": [_job(job) for job in audit.jobs],
        "pending": [_pending(group, source) for group in audit.pending],
        "nodeShapes": [_machine_type(row) for row in totals.machine_types],
        "drivers": [{"drivers": list(drivers), "totals": _tally(tally)} for drivers, tally in totals.drivers],
        "namespaces": [
            {"namespace": namespace, "totals": _tally(tally)} for namespace, tally in totals.namespaces
        ],
        "pairs": [_kinds(total) for total in totals.kinds],
        "doubleUses": [
            {
                "node": node,
                "devices": [
                    {"device": str(entry.id), "part": entry.part, "holders": list(entry.holders)}
                    for entry in use.entries
                ],
            }
            for node, use in audit.double_uses
        ],
        "negativeAmounts": list(claim_names(audit.snapshot.negative)),
        "silentDrivers": [{"driver": silent.driver, "pods": silent.pods} for silent in totals.silent],
    }


def _pod(finding: PodFinding) -> JSON:
    running, possible = finding.running, finding.possible
    elsewhere = possible.elsewhere
    return {
        "pod": finding.name,
        "companions": [f"{each.namespace}/{each.name}" for each in running.companions],
        "node": running.pod.node_name,
        "judgement": finding.judgement,
        "devices": [_device(device) for device in running.devices],
        "alignment": {
            "achieved": finding.achieved,
            "lowest": running.lowest,
            "highest": running.highest,
            "pairs": [_pair(finding, pair) for pair in running.alignment.pairs],
        },
        "possible": {
            "empty": possible.empty.alignment,
            "here": possible.here.alignment,
            "elsewhere": None
            if elsewhere is None
            else {"node": elsewhere.node, "alignment": elsewhere.alignment},
            "refusedHere": None
            if possible.refused_here is None
            else {"code": possible.refused_here.code, "message": render_filter(possible.refused_here)},
            "unchecked": [
                {"code": each.code, "message": render_unchecked(each)} for each in possible.unchecked
            ],
            "complete": possible.empty.complete and possible.here.complete,
        },
        "lost": finding.lost,
        "avoidable": finding.avoidable,
        "option": finding.option,
    }


def _move(move: Move, source: Source) -> JSON:
    return {
        "pod": move.finding.name,
        "from": move.finding.running.pod.node_name,
        "node": move.node,
        "rewritten": list(move.rewritten),
        "matchAttribute": move.attribute or None,
        "alignment": move.alignment,
        "devices": [_result(claim, result) for claim, result in move.devices],
        "command": source.of_move(move),
    }


def _job(job: JobFinding) -> JSON:
    return {
        "kind": job.job.kind,
        "namespace": job.job.namespace,
        "name": job.job.name,
        "pods": [member.name for member in job.members],
        "achieved": job.achieved,
        "slow": job.slow,
        "others": job.others,
    }


def _pending(group: PendingPods, source: Source) -> JSON:
    return {
        "pods": list(group.pods),
        "judged": group.judged,
        "fit": group.fit,
        "reasons": [{"message": reason, "nodes": count} for reason, count in group.reasons],
        "unchecked": [{"code": each.code, "message": render_unchecked(each)} for each in group.unchecked],
        "command": pending_command(group, source),
    }


def _device(device: HeldDevice) -> JSON:
    return _result(device.claim, device.result)


def _result(claim: str, result: DeviceResult) -> JSON:
    id_ = result.id
    return {
        "claim": claim,
        "request": result.request,
        "driver": id_.driver,
        "pool": id_.pool,
        "device": id_.device,
    }


def _pair(finding: PodFinding, pair: Pair) -> JSON:
    devices = finding.running.devices
    return {
        "a": str(devices[pair.a].result.id),
        "b": str(devices[pair.b].result.id),
        "kinds": pair.kinds,
        "distance": pair.distance,
        "worth": pair.worth,
    }


def _machine_type(row: MachineTypeTotal) -> JSON:
    machine_type = row.machine_type
    return {
        "nodes": len(machine_type.nodes),
        "example": machine_type.nodes[0],
        "worstNode": row.worst,
        "instanceTypes": list(machine_type.types),
        "drivers": list(machine_type.drivers),
        "devices": {kind.value: count for kind, count in machine_type.devices},
        "sockets": machine_type.sockets,
        "numaNodes": machine_type.numa_nodes,
        "pcieRoots": machine_type.roots,
        "freePairs": row.free_pairs,
        "totals": _tally(row.tally),
    }


def _kinds(total: KindsTotal) -> JSON:
    return {
        "kinds": total.kinds,
        "pairs": total.pairs,
        "distances": {distance.value: count for distance, count in total.distances},
        "lost": total.lost,
        "basis": total.worths.basis,
        "sources": list(total.worths.sources),
    }


def _tally(tally: Tally) -> JSON:
    return {
        "pods": tally.pods,
        "unknown": tally.unknown,
        "losing": tally.losing,
        "avoidable": tally.avoidable,
        "known": tally.known,
        "achieved": tally.achieved,
        "best": tally.best,
        "lost": tally.lost,
    }
