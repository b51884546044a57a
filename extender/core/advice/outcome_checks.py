"""
Warnings from the predicted outcomes of a claim as written: nodes where it cannot be allocated,
where it aborts the scheduling attempt, and where the search takes too long.

``now`` and ``empty`` are the nodes as they stand, and the same nodes with nothing allocated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..allocator.selector_result import SelectorResult
from ..claims.compiled_claims import CompiledClaims
from ..claims.plan import Plan
from ..cluster.snapshot import Snapshot
from ..prediction.no_fit.diagnosis import Diagnoses
from ..prediction.no_fit.sentence import fit_sentence
from ..reasons import CRASHES, Outcome, Reason, ReasonCode, render
from ..releases.release import Release
from .claim_warnings import ClaimWarning, Severity, WarningCode, warning
from .constraint_checks import ConstraintCoverage
from .survey import NodeGroup, outcomes, reason_of

LONG_STEPS = 20_000
"""
A search of so many steps gets a warning.

kube-scheduler takes the same steps on each attempt of the pod, on every such node.
"""

_DIAGNOSED = (ReasonCode.NO_FIT, ReasonCode.INVALID_POOL)
_BUDGETS = (ReasonCode.SEARCH_BUDGET, ReasonCode.REQUEST_BUDGET, ReasonCode.REQUEST_WORK)
_ABORTS = "aborts the whole attempt, wherever else the pod would fit"
_NO_FIT = "no set of devices satisfies it"


def holding_warnings(plan: Plan, empty: Sequence[NodeGroup], snapshot: Snapshot) -> Iterator[ClaimWarning]:
    """
    Claims that no empty node can take; no warning while the outcome of some node is unknown.

    It tells what is in the way on most nodes, of those with devices if there are any.
    """
    counts = outcomes(empty)
    if not empty or counts[Outcome.ALLOCATED] or counts[Outcome.UNKNOWN]:
        return

    def has_devices(group: NodeGroup) -> bool:
        return bool(snapshot.nodes[group.nodes[0]].inventory.slices)

    group = max(empty, key=lambda group: (has_devices(group), len(group.nodes)))
    detail = _why_not(group, plan, snapshot)
    if len(empty) > 1:
        several = len(group.nodes) > 1
        where = f"{len(group.nodes)} of {len(snapshot.nodes)} nodes" if several else group.nodes[0]
        detail = f"on {where} {detail}"
    yield warning(WarningCode.HOLDS_NOWHERE, Severity.BLOCKS, detail=detail)


def _why_not(group: NodeGroup, plan: Plan, snapshot: Snapshot) -> str:
    """The reason of a group that cannot take the claims, with what each request finds if that is known."""
    reason = reason_of(group, plan, snapshot)
    general = _NO_FIT if reason is None or reason.code is ReasonCode.NO_FIT else render(reason)
    if group.view is None or reason is None or reason.code not in _DIAGNOSED:
        return general
    state = snapshot.nodes[group.nodes[0]]
    no_fit = Diagnoses(plan, snapshot).of(group.view, state, judged=True)
    special = "" if no_fit is None else fit_sentence(no_fit, named=len(group.nodes) == 1)
    if not special:
        return general
    return special if reason.code is ReasonCode.NO_FIT else f"{general}; {special}"


def abort_warnings(
    plan: Plan, now: Sequence[NodeGroup], empty: Sequence[NodeGroup], snapshot: Snapshot
) -> Iterator[ClaimWarning]:
    """
    What aborts the attempt on some nodes, now or when they are empty, and what could not be judged.

    One warning for each reason and each request or selector that it names.
    """
    nodes: dict[tuple[ReasonCode, str], set[str]] = {}
    examples: dict[tuple[ReasonCode, str], Reason] = {}
    for group in (*now, *empty):
        if group.prediction.outcome not in (Outcome.ERROR, Outcome.UNKNOWN):
            continue
        reason = reason_of(group, plan, snapshot)
        if reason is None or reason.code in _BUDGETS:
            continue
        values = reason.values
        key = (reason.code, values.get("where", values.get("request", "")))
        nodes.setdefault(key, set()).update(group.nodes)
        examples.setdefault(key, reason)
    for key, reason in examples.items():
        yield _abort_warning(reason, len(nodes[key]))


def _abort_warning(reason: Reason, nodes: int) -> ClaimWarning:
    values = reason.values
    if reason.code is ReasonCode.CEL_ERROR:
        return warning(
            WarningCode.SELECTOR_FAILS,
            Severity.ABORTS,
            where=values["where"],
            nodes=nodes,
            device=values["device"],
            detail=values["detail"],
        )
    if reason.code is ReasonCode.ALL_CONSTRAINT:
        return warning(
            WarningCode.ALL_CONSTRAINT_FAILS,
            Severity.ABORTS,
            request=values["request"],
            nodes=nodes,
            device=values["device"],
        )
    if reason.code in (ReasonCode.CEL_UNKNOWN, ReasonCode.NOT_MODELLED):
        crashes = values["detail"] in CRASHES
        severity = Severity.WARNS if crashes else Severity.NOTES
        return warning(WarningCode.NOT_JUDGED, severity, nodes=nodes, detail=render(reason))
    return warning(WarningCode.ATTEMPT_ABORTS, Severity.ABORTS, nodes=nodes, detail=render(reason))


def request_warnings(
    compiled: CompiledClaims, empty: Sequence[NodeGroup], reported: Sequence[ClaimWarning]
) -> Iterator[ClaimWarning]:
    """
    Requests that select nothing, or whose selectors fail on devices that no search came to yet.

    ``reported``: the warnings of ``abort_warnings``; a selector that is among these is left out.
    """
    aborting = {abort.values["where"] for abort in reported if abort.code is WarningCode.SELECTOR_FAILS}
    for where, (devices, detail) in _failing_selectors(empty).items():
        if where not in aborting:
            yield warning(
                WarningCode.SELECTOR_CAN_FAIL, Severity.WARNS, where=where, devices=devices, detail=detail
            )
    judged = {
        index
        for group in empty
        for candidate in (group.view.node_layout.layout.candidates if group.view is not None else ())
        for index, result in enumerate(candidate.selector_results)
        if result
    }
    for alternative in compiled.alternatives:
        if empty and alternative.index not in judged:
            yield warning(
                WarningCode.SELECTS_NOTHING,
                Severity.WARNS,
                request=alternative.result_name,
                class_=alternative.device_class.name,
            )


def ignored_warnings(snapshot: Snapshot, reported: Sequence[ClaimWarning]) -> Iterator[ClaimWarning]:
    """
    Devices that the release cannot give out because partitionable devices are off.

    ``reported``: what was found before. Told only where some request comes to nothing.
    """
    codes = {each.code for each in reported}
    nothing = codes & {WarningCode.HOLDS_NOWHERE, WarningCode.SELECTS_NOTHING}
    if snapshot.release.features.partitionable_devices or not nothing:
        return
    drivers: Counter[str] = Counter()
    for slice_ in snapshot.published.values():
        for traits in slice_.devices.traits.values:
            drivers[slice_.driver] += bool(slice_.per_device_node_selection or traits.consumes_counters)
    found = sorted(driver for driver, devices in drivers.items() if devices)
    if found:
        yield warning(
            WarningCode.SLICES_IGNORED,
            Severity.WARNS,
            drivers=", ".join(found),
            devices=drivers.total(),
            gate="DRAPartitionableDevices",
        )


def _failing_selectors(empty: Sequence[NodeGroup]) -> dict[str, tuple[int, str]]:
    """The class or request whose selector fails: on how many devices, and the first error."""
    failing: dict[str, tuple[int, str]] = {}
    for group in empty:
        for candidate in group.view.node_layout.layout.candidates if group.view is not None else ():
            if SelectorResult.FAILED in candidate.selector_results:
                where, detail = candidate.failure
                devices, first_detail = failing.get(where, (0, detail))
                failing[where] = (devices + len(group.nodes), first_detail)
    return failing


def all_warnings(
    constraints: Sequence[ConstraintCoverage], reported: Sequence[ClaimWarning]
) -> Iterator[ClaimWarning]:
    """Requests for *all* devices under a constraint, where that does not abort anything yet."""
    aborting = {
        abort.values["request"] for abort in reported if abort.code is WarningCode.ALL_CONSTRAINT_FAILS
    }
    for coverage in constraints:
        for alternatives in coverage.requests.values():
            for alternative in alternatives:
                if alternative.all_devices and alternative.result_name not in aborting:
                    yield warning(
                        WarningCode.ALL_CONSTRAINT,
                        Severity.WARNS,
                        request=alternative.result_name,
                        attribute=coverage.attribute,
                    )


def search_warnings(
    now: Sequence[NodeGroup], empty: Sequence[NodeGroup], release: Release
) -> Iterator[ClaimWarning]:
    """
    Searches that are given up here, or take so long that the scheduler suffers.

    Source of what a timeout does, with feature gate DRASchedulerFilterTimeout on as by default:
    k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources dynamicresources.go Filter, v1.34.4,
    v1.35.4, v1.36.2 and v1.37.2.
    """
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
        then = _ABORTS if release.plugin.timeout_aborts else "takes the node for one that does not fit"
        yield warning(
            WarningCode.SEARCH_EXPLODES, Severity.WARNS, nodes=len(given_up), steps=limit, then=then
        )
    if long:
        yield warning(WarningCode.SEARCH_LONG, Severity.WARNS, nodes=len(long), steps=most)
