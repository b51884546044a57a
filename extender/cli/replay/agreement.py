"""
Whether our verdicts agree with what a scheduling attempt led to.

The attempt's log line is all there is to compare with: the devices that were
allocated, the nodes that passed, the condition of the pod.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from extender.core.claims.extended_resources import EXTENDED_CLAIM_NAME
from extender.core.prediction.evaluate import Certainty, NodeVerdict, Outcome
from extender.core.reasons import render
from extender.kube.recording.reader import Attempt
from extender.model import Allocation, DeviceResult

from ..text import counted

_SUMMARY = re.compile(r"0/(?P<nodes>\d+) nodes are available: (?P<reasons>.*?)\.(?: |$)", re.DOTALL)
_COUNTED = re.compile(r"(?P<count>\d+) (?P<reason>.+)")
_ABOUT_CLAIMS = re.compile(r"\b(?:resource)?claims?\b|\bdevices?\b", re.IGNORECASE)
# Of the scheduler's reasons for nodes. A PersistentVolumeClaim is one word and does not match.
_BY_DYNAMIC_RESOURCES = 'running "DynamicResources"'


class Agreement(StrEnum):
    """``undecided``: we had no exact opinion; ``nothing``: the recording shows nothing to compare with."""

    RIGHT = "right"
    WRONG = "wrong"
    UNDECIDED = "undecided"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    ``remarks`` say what differs, or why nothing was compared.

    ``certainty``: of the prediction for the node that the pod got.
    """

    agreement: Agreement
    remarks: tuple[str, ...] = ()
    certainty: Certainty | None = None


def compare(attempt: Attempt, verdicts: Mapping[str, NodeVerdict], offered: Collection[str]) -> Comparison:
    """
    Compare the ``verdicts`` on all nodes with the outcome of ``attempt``.

    ``offered``: the nodes in its filter requests, on which the scheduler's own
    plugins had found devices.
    """
    refused = list(_refused_offers(verdicts, offered))
    if refused:
        return Comparison(Agreement.WRONG, tuple(refused))
    outcome = attempt.outcome
    if outcome.node:
        return _compare_node(outcome.node, verdicts.get(outcome.node), outcome.allocations)
    if any(allocation is not None for _, allocation in outcome.allocations):
        return Comparison(Agreement.NOTHING, ("the binding was still pending",))
    if outcome.condition is None or outcome.condition.status == "True":
        return Comparison(Agreement.NOTHING, ("the recording shows no node and no reason",))
    if attempt.pod is None and not outcome.allocations:
        return Comparison(Agreement.NOTHING, ("neither the pod nor its claims are recorded",))
    if outcome.condition.reason == "Unschedulable":
        return _compare_unschedulable(verdicts, outcome.condition.message)
    if outcome.condition.reason == "SchedulerError" and _BY_DYNAMIC_RESOURCES in outcome.condition.message:
        return _compare_error(verdicts)
    text = f"{outcome.condition.reason} is not about devices: {outcome.condition.message}"
    return Comparison(Agreement.NOTHING, (text,))


def listing(results: Sequence[DeviceResult]) -> str:
    """The results of one claim in one line, with whatever is compared."""
    return ", ".join(map(_text, results)) or "no device"


def _refused_offers(verdicts: Mapping[str, NodeVerdict], offered: Collection[str]) -> Iterator[str]:
    for name in offered:
        verdict = verdicts.get(name)
        if verdict is not None and _exactly(verdict, Outcome.UNSCHEDULABLE, Outcome.ERROR):
            yield f"node {name}: predicted {_why(verdict)}; the scheduler found devices there"


def _compare_node(
    node: str, verdict: NodeVerdict | None, allocations: Sequence[tuple[str, Allocation | None]]
) -> Comparison:
    if verdict is None or verdict.outcome is Outcome.UNKNOWN:
        why = "it is not in the recording's cluster" if verdict is None else _why(verdict)
        return Comparison(Agreement.UNDECIDED, (f"node {node}: {why}",))
    if verdict.outcome is not Outcome.ALLOCATED:
        text = f"node {node}: predicted {_why(verdict)}; the pod was bound there"
        return Comparison(_if_exact(verdict), (text,))
    remarks = []
    for claim, allocation in allocations:
        if allocation is None:
            continue
        predicted = _results(verdict, claim)
        if list(map(_compared, predicted)) != list(map(_compared, allocation.results)):
            remarks.append(
                f"node {node}, claim {claim}: predicted {listing(predicted)}; "
                f"allocated {listing(allocation.results)}"
            )
    agreement = _if_exact(verdict) if remarks else Agreement.RIGHT
    return Comparison(agreement, tuple(remarks), verdict.certainty)


def _compare_unschedulable(verdicts: Mapping[str, NodeVerdict], message: str) -> Comparison:
    """Nodes that other plugins ruled out may have devices, as many as the message counts."""
    by_others = _ruled_out_by_others(message)
    contrary = {
        name: verdict
        for name, verdict in verdicts.items()
        if _exactly(verdict, Outcome.ALLOCATED, Outcome.ERROR)
    }
    if len(contrary) > by_others:
        name, verdict = min(contrary.items())
        text = (
            f"{counted(len(contrary), 'node')}, such as {name}, predicted {_why(verdict)}; "
            f"the pod was Unschedulable: {message}"
        )
        return Comparison(Agreement.WRONG, (text,))
    return _decided(verdicts)


def _compare_error(verdicts: Mapping[str, NodeVerdict]) -> Comparison:
    if any(_exactly(verdict, Outcome.ERROR) for verdict in verdicts.values()):
        return Comparison(Agreement.RIGHT)
    undecided = _decided(verdicts)
    if undecided.agreement is Agreement.UNDECIDED:
        return undecided
    return Comparison(Agreement.WRONG, ("no node predicted error; the attempt ended with one",))


def _decided(verdicts: Mapping[str, NodeVerdict]) -> Comparison:
    unsure = sorted(
        name
        for name, verdict in verdicts.items()
        if verdict.outcome is Outcome.UNKNOWN or verdict.certainty is not Certainty.EXACT
    )
    if not unsure:
        return Comparison(Agreement.RIGHT)
    text = f"{counted(len(unsure), 'node')}, such as {unsure[0]}, predicted {_why(verdicts[unsure[0]])}"
    return Comparison(Agreement.UNDECIDED, (text,))


def _ruled_out_by_others(message: str) -> int:
    """How many nodes the message says failed for other reasons than claims; 0 if it cannot be read."""
    summary = _SUMMARY.match(message)
    if summary is None:
        return 0
    counted = [_COUNTED.fullmatch(part) for part in summary["reasons"].split(", ")]
    return sum(
        int(match["count"])
        for match in counted
        if match is not None and not _ABOUT_CLAIMS.search(match["reason"])
    )


def _results(verdict: NodeVerdict, claim: str) -> list[DeviceResult]:
    """The devices predicted for ``claim``; the claim for extended resources has its name only later."""
    names = {device.claim for device in verdict.devices}
    wanted = claim if claim in names else EXTENDED_CLAIM_NAME
    return [device.result for device in verdict.devices if device.claim == wanted]


def _compared(result: DeviceResult) -> tuple[object, ...]:
    """What two results must have in common; a share ID is random, a quantity counts by its value."""
    consumed = tuple((name, quantity.nanos) for name, quantity in result.consumed_capacity)
    return (result.request, result.id, result.admin_access, bool(result.share_id), consumed)


def _text(result: DeviceResult) -> str:
    text = f"{result.request}={result.id}"
    if result.consumed_capacity:
        amounts = (f"{name} {quantity.nanos / 10**9:g}" for name, quantity in result.consumed_capacity)
        text += f" ({', '.join(amounts)})"
    return text + (" (admin access)" if result.admin_access else "")


def _exactly(verdict: NodeVerdict, *outcomes: Outcome) -> bool:
    return verdict.outcome in outcomes and verdict.certainty is Certainty.EXACT


def _if_exact(verdict: NodeVerdict) -> Agreement:
    return Agreement.WRONG if verdict.certainty is Certainty.EXACT else Agreement.UNDECIDED


def _why(verdict: NodeVerdict) -> str:
    return verdict.outcome if verdict.reason is None else f"{verdict.outcome} ({render(verdict.reason)})"
