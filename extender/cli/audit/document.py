"""The audit as JSON."""

from __future__ import annotations

from extender.core.alignment.pairs import Pair
from extender.core.audit.auditor import Audit
from extender.core.audit.findings import PodFinding
from extender.core.audit.running_pods import HeldDevice, Unrated
from extender.core.audit.totals import KindsTotal, MachineTypeTotal, Tally, Totals
from extender.core.cluster.negative_amounts import claim_names
from extender.core.scheduling import render_filter, render_unchecked
from extender.service.explain import API_VERSION

JSON = dict[str, object]


def audit_document(audit: Audit, totals: Totals) -> JSON:
    """Every rated pod, those that lose most first, and the totals. Alignments and losses are 0..1."""
    losing = audit.losing
    rest = [finding for finding in audit.findings if not finding.lost]
    return {
        "apiVersion": API_VERSION,
        "kind": "Audit",
        "kubernetes": audit.snapshot.release.version,
        "complete": audit.complete,
        "totals": _tally(totals.all),
        "unrated": {why.value: audit.unrated[why] for why in Unrated if audit.unrated[why]},
        "pods": [_pod(finding) for finding in (*losing, *rest)],
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


def _device(device: HeldDevice) -> JSON:
    id_ = device.result.id
    return {
        "claim": device.claim,
        "request": device.result.request,
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
        "achieved": tally.achieved,
        "best": tally.best,
        "lost": tally.lost,
    }
