"""
What a wrong prediction was made from, small enough to keep and complete enough to make it again.

No JSON is kept where nothing is recorded, so what is told here is written from the decoded values:
all that predictions read, and nothing else of the objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from extender.kube import encode
from extender.kube.recording.allow_list import OUR_ANNOTATIONS
from extender.kube.recording.reader import RecordedRequest
from extender.kube.recording.writer import attempt_line, cluster_line, header_line

from ..verb import Verb

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import Snapshot
    from extender.model import Claim, DeviceClass, DeviceTaintRule, Node, Pod, ResourceSlice


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    One node as a prediction saw it, and the claim that was ``allocated`` there.

    ``slices`` are all of the node's pools, those for other nodes too. ``claims`` are the pod's, and
    those that hold devices of these pools, assumed allocations included.
    """

    kubernetes: str
    pod: Pod
    node: Node
    slices: tuple[ResourceSlice, ...]
    classes: tuple[DeviceClass, ...]
    taint_rules: tuple[DeviceTaintRule, ...]
    claims: tuple[Claim, ...]
    allocated: Claim


def evidence_of(snapshot: Snapshot, pod: Pod, node: str, allocated: Claim) -> Evidence | None:
    """Take from ``snapshot`` what a prediction for ``pod`` reads; ``None`` for an unknown node."""
    state = snapshot.nodes.get(node)
    if state is None:
        return None
    pools = [pool.id for pool in state.inventory.pools]
    names = (slice_.name for pool in pools for slice_ in snapshot.slices.by_pool.get(pool, ()))
    wanted = ((pod.namespace, entry.claim) for entry in pod.claims)
    claims = {key: snapshot.claims[key] for key in wanted if key in snapshot.claims}
    claims |= {holder.key: holder for pool in pools for holder in snapshot.holders.get(pool, ())}
    ours = {name: text for name, text in pod.annotations.items() if name.startswith(OUR_ANNOTATIONS)}
    return Evidence(
        kubernetes=snapshot.release.version,
        pod=replace(pod, annotations=ours),
        node=state.node,
        slices=tuple(snapshot.published[name] for name in dict.fromkeys(names)),
        classes=tuple(snapshot.classes.values()),
        taint_rules=tuple(snapshot.taint_rules.values()),
        claims=tuple(claims.values()),
        allocated=allocated,
    )


def recording_of(evidence: Iterable[Evidence], gates: Mapping[str, bool]) -> bytes:
    """
    Return a recording with an attempt for each evidence, empty without any.

    Its cluster changes from attempt to attempt: each sees its own node and nothing of the others.
    """
    lines: list[bytes] = []
    before: dict[tuple[str, str], bytes] = {}
    for item in evidence:
        objects = {key: msgspec.json.encode(document) for key, document in _objects(item).items()}
        if lines:
            gone = [key for key in before if key not in objects]
            changed = [data for key, data in objects.items() if before.get(key) != data]
            lines.append(cluster_line(changed, gone))
        else:
            lines.append(header_line(item.kubernetes, list(objects.values()), gates))
        lines.append(_attempt(item))
        before = objects
    return b"".join(lines)


def _objects(evidence: Evidence) -> dict[tuple[str, str], Mapping[str, object]]:
    """The cluster of one evidence by kind and name."""
    return {
        ("Node", evidence.node.name): encode.node_json(evidence.node),
        **{("DeviceClass", class_.name): encode.class_json(class_) for class_ in evidence.classes},
        **{("ResourceSlice", slice_.name): encode.slice_json(slice_) for slice_ in evidence.slices},
        **{("DeviceTaintRule", rule.name): encode.taint_rule_json(rule) for rule in evidence.taint_rules},
    }


def _attempt(evidence: Evidence) -> bytes:
    body = {"Pod": encode.pod_json(evidence.pod), "Nodes": None, "NodeNames": [evidence.node.name]}
    allocation = evidence.allocated.allocation
    allocated = None if allocation is None else msgspec.json.encode(encode.allocation_json(allocation))
    return attempt_line(
        evidence.pod.name,
        [msgspec.json.encode(encode.claim_json(claim)) for claim in evidence.claims],
        [RecordedRequest(Verb.PRIORITIZE, msgspec.json.encode(body), b"null")],
        evidence.node.name,
        None,
        {evidence.allocated.name: allocated},
    )
