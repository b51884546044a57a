"""
A running pod as if it came anew: its claims to be allocated, and what it must not lose by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extender.model import Claim, ClaimSpec

from ..claims.plan import Plan
from ..claims.pod_claims import PodClaims
from ..claims.preferences import Position
from .running_pod import RunningPod


def plan_anew(running: RunningPod, claims: Sequence[Claim]) -> Plan:
    """
    A plan for the pod as if none of its ``claims`` were allocated.

    A claim for extended resources counts as one that the pod's author wrote.
    """
    pending = tuple(replace(claim, allocation=None) for claim in claims)
    return Plan(
        running.pod, PodClaims(pending), tuple(claim.spec for claim in pending), (None,) * len(pending)
    )


def alternatives_missed(
    running: RunningPod, claims: Sequence[Claim], specs: Sequence[ClaimSpec], preferring: frozenset[Position]
) -> int:
    """How many alternatives of ``claims`` with these ``specs`` come before those that the pod has."""
    missed = 0
    for number, request in preferring:
        name, wish = claims[number].name, specs[number].requests[request]
        used = {device.result.request for device in running.devices if device.claim == name}
        asked = [f"{wish.name}/{alternative.name}" for alternative in wish.first_available]
        missed += next((index for index, each in enumerate(asked) if each in used), 0)
    return missed
