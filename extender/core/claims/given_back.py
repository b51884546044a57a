"""
A pod as if it came anew: without a node, and with the devices given back that it holds for itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from extender.model import Claim, Pod

from ..cluster.snapshot import Snapshot


class GivenBack(NamedTuple):
    """
    The ``pod`` and the cluster as they would be before the scheduler's attempt.

    ``kept``: names of claims that stay allocated, since other consumers use them too.
    """

    pod: Pod
    snapshot: Snapshot
    kept: tuple[str, ...]


def given_back(pod: Pod, snapshot: Snapshot) -> GivenBack:
    """
    Take the pod from its node, and its devices from it.

    Claims that the scheduler made for extended resources go: it makes new ones.
    """
    named = {entry.claim for entry in pod.claims if entry.claim}
    mine = [
        claim
        for (namespace, name), claim in snapshot.claims.items()
        if namespace == pod.namespace and (name in named or (pod.uid and claim.owner_uid == pod.uid))
    ]
    kept = [claim for claim in mine if claim.allocation is not None and _has_others(claim, pod)]
    freed = [
        replace(claim, allocation=None, reserved_for=())
        for claim in mine
        if claim.allocation is not None and claim not in kept and not claim.extended_resource
    ]
    gone = [claim.key for claim in mine if claim.extended_resource]
    anew = replace(pod, node_name="", nominated_node_name="")
    return GivenBack(anew, snapshot.with_claims(freed, gone), tuple(claim.name for claim in kept))


def _has_others(claim: Claim, pod: Pod) -> bool:
    """Whether anybody but the pod uses the claim. A dump may leave UIDs out."""
    return any(
        consumer.resource != "pods"
        or (consumer.uid != pod.uid if consumer.uid and pod.uid else consumer.name != pod.name)
        for consumer in claim.reserved_for
    )
