"""What a pod asks of alignment, and which nodes that rules out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from extender.core.evaluate import Certainty, Outcome
from extender.core.places import Distance

if TYPE_CHECKING:
    from extender.core.evaluate import NodeVerdict
    from extender.core.model import Pod

ANNOTATION = "dra-extender.io/alignment"
"""The pod annotation that sets the policy."""

_TOO_FAR = (Distance.REMOTE, Distance.SOCKET)
# Devices of one NUMA node or nearer count as aligned; unknown is no ground to reject.


class Policy(StrEnum):
    """
    ``ignore``: all nodes score alike. ``preferred``: nodes are scored, none is
    rejected. ``required``: filter rejects nodes that are known to fall short.
    """

    IGNORE = "ignore"
    PREFERRED = "preferred"
    REQUIRED = "required"


class PodPolicy(NamedTuple):
    """``recognised`` is false where the annotation holds none of the known words."""

    policy: Policy
    recognised: bool


def policy_of(pod: Pod, default: Policy) -> PodPolicy:
    """The pod's own policy, else ``default``; an unknown word means preferred."""
    word = pod.annotations.get(ANNOTATION)
    if word is None:
        return PodPolicy(default, True)
    policy = _BY_WORD.get(word)
    return PodPolicy(Policy.PREFERRED, False) if policy is None else PodPolicy(policy, True)


_BY_WORD = {policy.value: policy for policy in Policy}


def rejections(names: Iterable[str], verdicts: Mapping[str, NodeVerdict]) -> dict[str, str]:
    """
    The nodes that policy ``required`` rules out, each with what to change.

    A node is ruled out only when its prediction is exact and holds a pair of
    devices that share no NUMA node. No opinion, or an inexact one, passes.
    """
    reasons = {}
    for name in names:
        text = _rejection(verdicts[name])
        if text is not None:
            reasons[name] = text
    return reasons


def _rejection(verdict: NodeVerdict) -> str | None:
    if verdict.outcome is not Outcome.ALLOCATED or verdict.certainty is not Certainty.EXACT:
        return None
    pairs = () if verdict.alignment is None else verdict.alignment.pairs
    for distance in _TOO_FAR:
        for pair in pairs:
            if pair.distance is distance:
                a, b = verdict.devices[pair.a].result.id, verdict.devices[pair.b].result.id
                return (
                    f"{ANNOTATION} is required, but {a} and {b}, which would be allocated here, share no "
                    f"NUMA node (distance {distance}): constrain them with matchAttribute, free a nearer "
                    "pair, or set the annotation to preferred"
                )
    return None
