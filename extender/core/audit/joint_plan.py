"""
What brings running pods nearer devices *together*: pods that are recreated one after the other.

Each move is predicted on the state that the one before left, so the scheduler can carry the whole plan out:
a pod gives its devices back, comes anew, and gets the devices that are promised on the node that is named.
Its claims are as written, or ask for near devices (``ways``). No move takes a device
that another pod holds, so none makes another pod worse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .findings import PodFinding
from .move import Move
from .planner import Planner
from .running_pod import RunningPod
from .sharing import is_shared


@dataclass(frozen=True, slots=True)
class JointPlan:
    """``moves`` in the order in which they have to be made. Not ``complete``: the budget ran out."""

    moves: tuple[Move, ...] = ()
    complete: bool = True


NO_PLAN = JointPlan()


def joint_plan(findings: Sequence[PodFinding], planner: Planner, step: Callable[[str], None]) -> JointPlan:
    """
    Plan for the pods whose loss is avoidable, those that lose most first; greedy, so a lower bound.

    Left out are pods that share claims, since others would have to move with them, and pods with claims
    that the scheduler makes for extended resources. ``step`` is called with the name of each pod that was
    looked at.
    """
    waiting = [finding for finding in findings if finding.avoidable and _movable(finding.running)]
    if not waiting:
        return NO_PLAN
    waiting.sort(key=lambda finding: (-finding.avoidable, finding.name))
    moves: list[Move] = []
    while True:
        left = []
        for finding in waiting:
            move = planner.move(finding)
            if move is None:
                left.append(finding)
            else:
                moves.append(move)
            step(finding.name)
        # What the moves left behind may serve others.
        if len(left) in (0, len(waiting)) or planner.spent:
            return JointPlan(tuple(moves), complete=not planner.spent)
        waiting = left


def _movable(running: RunningPod) -> bool:
    shared = running.kept or running.companions or any(map(is_shared, running.claims))
    return not shared and not any(claim.extended_resource for claim in running.claims)
