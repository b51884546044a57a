"""What to do about an audit's findings, as phrases: moves, jobs, and pods that wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from extender.core.audit.alike import AlikeFindings
from extender.core.audit.auditor import Audit
from extender.core.audit.findings import Option, PodFinding
from extender.core.audit.jobs import JobFinding
from extender.core.audit.joint_plan import JointPlan
from extender.core.audit.move import Move
from extender.core.audit.pending import PendingPods
from extender.core.messages import first_few
from extender.core.scheduling import render_unchecked

from ..text import counted
from .source import Source
from .words import companion_words, option_words, percent

_MOST_DEVICES = 4
_MOST_REASONS = 3
_MOST_PODS = 3


def who(group: AlikeFindings) -> str:
    """``default/a on node-1``, and how many pods are like it."""
    finding, more = group.first, len(group.findings) - 1
    text = f"{finding.name}{companion_words(finding)} on {finding.running.pod.node_name}"
    return f"{text}, and {counted(more, 'pod')} alike" if more else text


def move_words(move: Move) -> str:
    """What to do with the pod, and what it gets then."""
    own = move.node == move.finding.running.pod.node_name
    where = f"its own node, {move.node}" if own else move.node
    devices = [result.id.device for _, result in move.devices]
    listed = first_few(devices, _MOST_DEVICES)
    how = "recreated"
    if move.rewritten:
        claims = f"claim {move.rewritten[0]}" if len(move.rewritten) == 1 else "claims"
        what = "rewritten to prefer near devices"
        if move.attribute:
            what = f"with a matchAttribute on {move.attribute}"
        how = f"its {claims} {what}, and recreated"
    return f"{how} on {where}, it gets {listed} ({percent(move.alignment)})"


def planned(group: AlikeFindings, plan: JointPlan) -> list[tuple[int, Move]]:
    """The moves of the pods of a group, each with its number in the plan, from 1."""
    names = {finding.name for finding in group.findings}
    return [(number, move) for number, move in enumerate(plan.moves, 1) if move.finding.name in names]


def advice_words(group: AlikeFindings, plan: JointPlan) -> list[str]:
    """What helps the pods of a group: a move of the plan, else what could be had."""
    moves = planned(group, plan)
    if not moves:
        left_out = "not in the plan: other pods get these devices, or no claim can ask for them"
        return [option_words(group.first), *([left_out] if group.first.avoidable else [])]
    number, move = moves[0]
    of = f"; {len(moves)} of these {len(group.findings)} pods are in it" if len(group.findings) > 1 else ""
    name = "" if move.finding is group.first else f"{move.finding.name}, "
    return [f"move {number} of the plan{of}: {name}{move_words(move)}"]


def command_for(group: AlikeFindings, plan: JointPlan, source: Source) -> str:
    """The command that helps the pods of a group; empty where none does."""
    moves = planned(group, plan)
    if moves:
        return source.of_move(moves[0][1])
    return _command_for(group.first, source)


def _command_for(finding: PodFinding, source: Source) -> str:
    match finding.option:
        case Option.HERE:
            return source.advise(finding.name)
        case Option.ELSEWHERE:
            return source.explain(finding.name)
    return ""


def job_words(job: JobFinding) -> str:
    """Which pods slow a job, and what that costs."""
    worst = job.members[0]
    pods = len(job.members)
    slow = "1 pod" if job.slow == 1 else f"{job.slow} pods"
    slows = "slows" if job.slow == 1 else "slow"
    such = "" if job.slow == 1 else "such as "
    return (
        f"{job.job}: {slow} of {pods} {slows} it, {such}{worst.name} on {worst.running.pod.node_name}: has "
        f"{percent(job.achieved)}, the others at least {percent(job.others)}"
    )


def slowed_jobs(audit: Audit) -> list[JobFinding]:
    """The jobs that some pods slow down for the others, those that lose most first."""
    return [job for job in audit.jobs if job.slowed]


def pending_words(group: PendingPods) -> str:
    """Which pods wait, and what is in the way on how many nodes."""
    names = first_few(group.pods, _MOST_PODS)
    if not group.judged:
        return f"{names}: not judged, because too many pods wait"
    why = [f"{reason} ({counted(count, 'node')})" for reason, count in group.reasons[:_MOST_REASONS]]
    left = len(group.reasons) - len(why)
    why += [f"and {left} more reasons"] if left > 0 else []
    fit = f"fits on {counted(group.fit, 'node')} now" if group.fit else "fits on no node now"
    unknown = [f"not all is known: {render_unchecked(each)}" for each in group.unchecked]
    return "; ".join([f"{names}: {fit}", *why, *unknown])


def pending_command(group: PendingPods, source: Source) -> str:
    """The command that tells more about pods that wait."""
    return source.explain(group.pods[0]) if group.judged else ""


def plan_caveat(plan: JointPlan) -> Iterator[str]:
    """How the plan is to be read."""
    unchecked = sum(bool(move.finding.possible.unchecked) for move in plan.moves)
    yield (
        "Each move is predicted on the state that the one before leaves: make them in this order, and let "
        "each pod land on the node that is named."
    )
    if unchecked:
        yield f"Of {counted(unchecked, 'move')} it is not known whether the node accepts the pod."
    if not plan.complete:
        yield "The search was stopped at its limit, so more moves may be possible."


def rows_of_plan(moves: Sequence[Move], source: Source) -> Iterator[tuple[str, str, str]]:
    """Pod with its node, what to do, and the command."""
    for move in moves:
        pod = f"{move.finding.name} on {move.finding.running.pod.node_name}"
        yield pod, move_words(move), source.of_move(move)
