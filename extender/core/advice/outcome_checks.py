"""
What surveys of a claim as written show: nodes where it fails, aborts or takes too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..allocator.device_verdict import FAILED, REJECTED
from ..claims.compiled_claims import CompiledClaims
from ..claims.plan import Plan
from ..cluster.snapshot import Snapshot
from ..reasons import Outcome, Reason, ReasonCode, render
from .claim_warnings import ClaimWarning, Severity, WarningCode, warning
from .constraint_checks import Covered
from .survey import NodeGroup, named_reason, outcomes

LONG_STEPS = 20_000
"""
Steps of one search that are worth a warning.

kube-scheduler takes the same steps on each attempt of the pod, on every such node.
"""

_BUDGETS = (ReasonCode.SEARCH_BUDGET, ReasonCode.REQUEST_BUDGET)
_NO_FIT = "no set of devices satisfies it"


def holding_warnings(plan: Plan, empty: Sequence[NodeGroup], snapshot: Snapshot) -> Iterator[ClaimWarning]:
    """Whether any empty node can take the claims at all; nothing is said where some are unknown."""
    counts = outcomes(empty)
    if not empty or counts[Outcome.ALLOCATED] or counts[Outcome.UNKNOWN]:
        return
    group = max(empty, key=lambda each: len(each.nodes))
    why = named_reason(group, plan, snapshot)
    detail = _NO_FIT if why is None or why.code is ReasonCode.NO_FIT else render(why)
    yield warning(WarningCode.HOLDS_NOWHERE, Severity.BLOCKS, detail=detail)


def abort_warnings(
    plan: Plan, now: Sequence[NodeGroup], empty: Sequence[NodeGroup], snapshot: Snapshot
) -> Iterator[ClaimWarning]:
    """What aborts the attempt on some nodes, now or when they are empty, and what could not be judged."""
    nodes: dict[tuple[ReasonCode, str], set[str]] = {}
    examples: dict[tuple[ReasonCode, str], Reason] = {}
    for group in (*now, *empty):
        if group.prediction.outcome not in (Outcome.ERROR, Outcome.UNKNOWN):
            continue
        why = named_reason(group, plan, snapshot)
        if why is None or why.code in _BUDGETS:
            continue
        values = why.values
        key = (why.code, values.get("where", values.get("request", "")))
        nodes.setdefault(key, set()).update(group.nodes)
        examples.setdefault(key, why)
    for key, why in examples.items():
        yield _abort(why, len(nodes[key]))


def _abort(why: Reason, nodes: int) -> ClaimWarning:
    values = why.values
    if why.code is ReasonCode.CEL_ERROR:
        return warning(
            WarningCode.SELECTOR_FAILS,
            Severity.ABORTS,
            where=values["where"],
            nodes=nodes,
            device=values["device"],
            detail=values["detail"],
        )
    if why.code is ReasonCode.ALL_CONSTRAINT:
        return warning(
            WarningCode.ALL_CONSTRAINT_FAILS,
            Severity.ABORTS,
            request=values["request"],
            nodes=nodes,
            device=values["device"],
        )
    if why.code in (ReasonCode.CEL_UNKNOWN, ReasonCode.NOT_MODELLED):
        return warning(WarningCode.NOT_JUDGED, Severity.NOTES, nodes=nodes, detail=render(why))
    return warning(WarningCode.ATTEMPT_ABORTS, Severity.ABORTS, nodes=nodes, detail=render(why))


def request_warnings(
    compiled: CompiledClaims, empty: Sequence[NodeGroup], reported: Sequence[ClaimWarning]
) -> Iterator[ClaimWarning]:
    """Requests that select nothing, or whose selectors fail on devices that no search came to yet."""
    failing = _failing(empty)
    said = {each.values["where"] for each in reported if each.code is WarningCode.SELECTOR_FAILS}
    for where, (devices, detail) in failing.items():
        if where not in said:
            yield warning(
                WarningCode.SELECTOR_CAN_FAIL, Severity.WARNS, where=where, devices=devices, detail=detail
            )
    judged = {
        index
        for group in empty
        for candidate in (group.view.placed.layout.candidates if group.view is not None else ())
        for index, verdict in enumerate(candidate.verdicts)
        if verdict != REJECTED
    }
    for alternative in compiled.alternatives:
        if empty and alternative.index not in judged:
            yield warning(
                WarningCode.SELECTS_NOTHING,
                Severity.WARNS,
                request=alternative.result_name,
                class_=alternative.device_class.name,
            )


def _failing(empty: Sequence[NodeGroup]) -> dict[str, tuple[int, str]]:
    """Devices that a selector fails on, by where it stands, and how."""
    found: dict[str, tuple[int, str]] = {}
    for group in empty:
        for candidate in group.view.placed.layout.candidates if group.view is not None else ():
            if FAILED in candidate.verdicts:
                where, detail = candidate.failure
                known = found.get(where, (0, detail))
                found[where] = (known[0] + len(group.nodes), known[1])
    return found


def all_warnings(constraints: Sequence[Covered], reported: Sequence[ClaimWarning]) -> Iterator[ClaimWarning]:
    """*All* devices under a constraint, where that does not abort anything yet."""
    said = {each.values.get("request") for each in reported if each.code is WarningCode.ALL_CONSTRAINT_FAILS}
    for covered in constraints:
        for alternatives in covered.requests.values():
            for each in alternatives:
                if each.all_devices and each.result_name not in said:
                    yield warning(
                        WarningCode.ALL_CONSTRAINT,
                        Severity.WARNS,
                        request=each.result_name,
                        attribute=covered.attribute,
                    )


def search_warnings(now: Sequence[NodeGroup], empty: Sequence[NodeGroup]) -> Iterator[ClaimWarning]:
    """Searches that are given up here, or take so long that the scheduler suffers."""
    given_up: set[str] = set()
    long: set[str] = set()
    limit = most = 0
    for group in (*now, *empty):
        prediction = group.prediction
        if prediction.reason is not None and prediction.reason.code is ReasonCode.SEARCH_BUDGET:
            given_up.update(group.nodes)
            limit = int(prediction.reason.values["steps"])
        elif prediction.steps >= LONG_STEPS:
            long.update(group.nodes)
            most = max(most, prediction.steps)
    if given_up:
        yield warning(WarningCode.SEARCH_EXPLODES, Severity.WARNS, nodes=len(given_up), steps=limit)
    if long:
        yield warning(WarningCode.SEARCH_LONG, Severity.WARNS, nodes=len(long), steps=most)
