"""
Advice on the claims of one pod: which constraints could keep its devices together, and what is wrong.

Counted with the allocator's own prediction, node by node, on the cluster as it stands and on the
same cluster with nothing allocated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from extender.cel import unlimited
from extender.model import Claim, ClaimSpec, Pod
from extender.model.scheduling import SchedulingPod

from ..allocator.budget import Budget
from ..claims.compiled_claims import CompiledClaims, InvalidClaims, compile_claims
from ..claims.extended_resources import (
    EXTENDED_CLAIM_NAME,
    backed_resources,
    claim_spec,
    class_for,
    plugin_resources,
)
from ..claims.plan import Plan, Uniform, plan_of
from ..claims.pod_claims import PodClaims
from ..cluster.snapshot import Snapshot
from ..prediction.claims_memo import ClaimsMemos, Ratings
from ..prediction.judge import NodeJudge
from ..prediction.settings import Settings
from ..reasons import Outcome, render
from ..soft_alignment.refusals import Refusal
from ..soft_alignment.soften import Rewrite, soften
from .cards import SEVERAL, shared_cards
from .claim_warnings import ClaimWarning, Severity, WarningCode, warning
from .constraint_checks import coverages, publication_warnings, separate_warnings, value_warnings
from .constraint_options import (
    ConstraintOption,
    OptionKind,
    Participants,
    constraint_options,
    group_attributes,
    location_attributes,
    participants,
    written_anew,
)
from .further_options import count_options, distinct_options, soft_options
from .groupings import groupings
from .holder_checks import double_use_warnings, gone_warnings
from .judged import Judged, NowAndEmpty, compared, known_far, longest_search
from .nearness_counts import NearnessCounts, nearness_counts
from .option_evidence import OptionEvidence, cannot_hold, publications_of, sound
from .outcome_checks import (
    abort_warnings,
    all_warnings,
    holding_warnings,
    ignored_warnings,
    request_warnings,
    search_warnings,
)
from .publications import Publication, Selected, selections
from .recommendation import Circumstances, Recommendation, circumstances_of, recommend
from .runnable import Runnable, among, runnable
from .spelling_checks import attribute_warnings, class_warnings, published_names, selector_warnings
from .survey import NodeGroup, Step, outcomes, survey

ADVICE_STEPS = 1_000_000
"""Search steps for all options together, a few seconds. Nodes beyond are unknown."""

ADVICE_UNITS = 10_000_000
"""Units of work for all options together, the same in a worse case."""


@dataclass(frozen=True, slots=True)
class Subject:
    """
    Whose claims are judged: ``claims`` in the order of the pod, as if none were allocated.

    ``pod`` stands for itself, or for ``any_pod`` that would use a lone claim. ``asks``: what the pod asks
    of a node beside devices, ``None`` where that is not told.
    """

    pod: Pod
    claims: tuple[Claim, ...]
    asks: SchedulingPod | None = None
    any_pod: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """
    ``nodes``: how many were judged: all, or those of ``runnable`` that accept the pod when they are empty,
    if there are any. ``judged``: the claims as written first. ``nearness`` is ``None`` where the pod has
    no two devices. ``rewrites``: for each claim in order how it could prefer near devices, or why it
    stays as it is; none where nothing could be judged. ``warnings``: the worst first.
    ``recommendation``: what to write, ``None`` where there is nothing to choose. ``runnable``: where the
    pod may run beside its devices, ``None`` for a lone claim.
    """

    nodes: int
    judged: tuple[Judged, ...]
    nearness: NearnessCounts | None
    rewrites: tuple[Rewrite | Refusal, ...]
    warnings: tuple[ClaimWarning, ...]
    recommendation: Recommendation | None = None
    runnable: Runnable | None = None

    @property
    def blocked(self) -> bool:
        """Whether no node can ever meet the claims as written."""
        return any(warning.severity is Severity.BLOCKS for warning in self.warnings)


def advise(subject: Subject, snapshot: Snapshot, settings: Settings, step: Step) -> Advice:
    """
    Judge the claims of ``subject``; ``step`` is told each node as often as it is judged.

    Deterministic; budgets are in search steps, per option and state of the cluster, and for
    all of them together.
    """
    return _Adviser(subject, snapshot, settings, step).advice()


class _Adviser:
    def __init__(self, subject: Subject, snapshot: Snapshot, settings: Settings, step: Step) -> None:
        self._subject = subject
        self._snapshot = snapshot
        freed = [
            replace(claim, allocation=None)
            for key in (claim.key for claim in subject.claims)
            if (claim := snapshot.claims.get(key)) is not None and claim.allocation is not None
        ]
        self._now = snapshot.with_claims(freed)
        self._empty = snapshot.with_claims(deletions=snapshot.claims)
        self._runnable = None if subject.any_pod else runnable(subject.asks, snapshot)
        if self._runnable is not None and not self._runnable.nowhere:
            self._now = among(self._runnable.now, self._now)
            self._empty = among(self._runnable.empty, self._empty)
        self._settings = settings
        self._step = step
        self._memos: ClaimsMemos = {}
        self._ratings = Ratings(settings.worths)
        self._budget = Budget(ADVICE_STEPS, ADVICE_UNITS)
        self._surveyed: dict[tuple[tuple[ClaimSpec, ...], tuple[str, ...]], NowAndEmpty] = {}
        self._extended = (
            backed_resources(subject.pod, snapshot.classes)
            if snapshot.release.features.extended_resource
            else ()
        )
        self._specs, self._names = self._explicit()

    def advice(self) -> Advice:
        snapshot = self._now
        published = published_names(snapshot)
        warnings = [
            *class_warnings(self._specs, snapshot.classes),
            *attribute_warnings(self._specs, published),
            *self._pod_warnings(),
        ]
        try:
            # Nobody waits but the one who asks about these claims.
            compiled = compile_claims(self._specs, snapshot.classes, snapshot.release, unlimited())
        except InvalidClaims:
            written, now, empty = self._as_written()
            if not any(claim_warning.severity is Severity.BLOCKS for claim_warning in warnings):
                warnings += holding_warnings(self._written_plan(), empty, self._empty)
            return Advice(
                len(self._empty.nodes), (written,), None, (), _sorted(warnings), runnable=self._runnable
            )
        written, now, empty = self._as_written()
        groups = self._surveys(self._plan(self._specs))[1] if self._extended else empty
        selected, names = self._selected(groups, compiled)
        taking_part = self._participants(selected, names)
        found = groupings(groups, self._empty)
        options = constraint_options(
            self._specs, self._names, taking_part, names, snapshot.vocabulary, found
        )[1:]
        further = {option.attribute for option in options if option.attribute} - {*names}
        if further:
            selected = selections(groups, self._empty, (*self._wanted(compiled, names), *sorted(further)))
        constraints = coverages(compiled)
        warnings += selector_warnings(compiled, published)
        warnings += holding_warnings(self._written_plan(), empty, self._empty)
        aborts = list(abort_warnings(self._written_plan(), now, empty, snapshot))
        warnings += aborts
        warnings += request_warnings(compiled, groups, aborts)
        warnings += publication_warnings(constraints, selected, snapshot.release)
        warnings += value_warnings(constraints, groups, snapshot.release)
        warnings += all_warnings(constraints, aborts)
        shared = shared_cards(self._specs, taking_part, found, snapshot)
        apart = {index for cards in shared if cards.claim == SEVERAL for index in cards.members.alternatives}
        warnings += separate_warnings(compiled, [who.on_bus for who in taking_part], selected, apart)
        warnings += search_warnings(now, empty, snapshot.release)
        warnings += double_use_warnings(now, snapshot)
        warnings += ignored_warnings(snapshot, warnings)
        rewrites = self._rewrites(options[0].specs)
        evidence = OptionEvidence(compiled, selected, taking_part, sound(groups))
        if snapshot.release.features.consumable_capacity:
            options = (*options, *distinct_options(self._specs, shared))
        aborting = {
            abort.values["request"] for abort in aborts if abort.code is WarningCode.ALL_CONSTRAINT_FAILS
        }
        options = (*options, *count_options(self._specs, taking_part, found, aborting))
        options = (*options, *soft_options(options[0].specs, rewrites))
        judged = [written, *(self._judged(option, evidence, options[0]) for option in options)]
        nearness = self._nearness(options)
        drivers = sorted({slice_.driver for slice_ in snapshot.published.values()})
        circumstances = circumstances_of(
            self._specs,
            taking_part,
            shared,
            selected,
            (*names, *group_attributes(drivers, snapshot.vocabulary)),
        )
        return Advice(
            len(self._empty.nodes),
            tuple(judged),
            nearness,
            rewrites,
            _sorted(warnings),
            recommend(judged, self._compared_without_kept(circumstances)),
            self._runnable,
        )

    def _compared_without_kept(self, given: Circumstances) -> Circumstances:
        """Also where devices are without the claim's own constraint on an attribute of unknown meaning."""
        if given.kept is None or given.kept[0] in given.known:
            return given
        without = []
        for spec in self._specs:
            left = [each for each in spec.constraints if each.match_attribute != given.kept[0]]
            without.append(written_anew(spec, spec.requests, left))
        surveys = self._surveys(self._written_plan()), self._surveys(self._plan(without))
        return replace(given, without_kept=compared(*surveys))

    def _explicit(self) -> tuple[tuple[ClaimSpec, ...], tuple[str, ...]]:
        """All claims and their names; the one for extended resources as if somebody had written it."""
        specs = tuple(claim.spec for claim in self._subject.claims)
        names = tuple(claim.name for claim in self._subject.claims)
        if not self._extended:
            return specs, names
        classes = self._now.classes
        backed = [resource for resource in self._extended if class_for(resource, classes)]
        return (*specs, claim_spec(self._subject.pod, backed, classes)), (*names, EXTENDED_CLAIM_NAME)

    def _plan(self, specs: Sequence[ClaimSpec]) -> Plan:
        """A plan for claims that nobody has allocated; names do not matter to predictions."""
        pod = self._subject.pod
        names = (*self._names, *("" for _ in specs))[: len(specs)]
        claims = tuple(Claim(pod.namespace, name, "", spec) for name, spec in zip(names, specs, strict=True))
        return Plan(pod, PodClaims(claims), tuple(specs), (None,) * len(specs))

    def _written_plan(self) -> Plan:
        """What the scheduler makes of the pod as it stands."""
        plan = self._plan(tuple(claim.spec for claim in self._subject.claims))
        if not self._extended:
            return self._plan(self._specs)
        return replace(plan, claims=replace(plan.claims, extended=self._extended))

    def _as_written(self) -> tuple[Judged, tuple[NodeGroup, ...], tuple[NodeGroup, ...]]:
        plan = self._written_plan()
        option = ConstraintOption(OptionKind.AS_WRITTEN, plan.specs)
        if self._extended and not self._now.release.extended_resource_modelled:
            unknown = {Outcome.UNKNOWN: len(self._now.nodes)}
            return Judged(option, unknown, unknown, ()), (), ()
        now, empty = self._surveys(plan)
        surveyed = (now, empty)
        steps, far = longest_search(surveyed), known_far(surveyed)
        return Judged(option, outcomes(now), outcomes(empty), (), steps, far=far), now, empty

    def _surveys(self, plan: Plan) -> NowAndEmpty:
        """The cluster as it stands and empty; each set of claims once."""
        key = (plan.specs, plan.claims.extended)
        if key not in self._surveyed:
            self._surveyed[key] = (self._survey(plan, self._now), self._survey(plan, self._empty))
        return self._surveyed[key]

    def _survey(self, plan: Plan, state: Snapshot) -> tuple[NodeGroup, ...]:
        judge = NodeJudge(plan, state, self._memos, self._ratings, self._settings.search_steps)
        return survey(
            judge, self._budget.part(self._settings.request_steps, self._settings.request_units), self._step
        )

    def _judged(self, option: ConstraintOption, evidence: OptionEvidence, bare: ConstraintOption) -> Judged:
        publications: tuple[Publication, ...] = ()
        if option.kind is OptionKind.MATCH:
            publications = publications_of(option, evidence)
            if not option.one_claim and cannot_hold(option, evidence):
                now, empty = self._surveys(self._plan(bare.specs))
                return Judged(option, _refused(now), _refused(empty), publications)
        surveyed = self._surveys(self._plan(option.specs))
        nearer, farther = compared(self._surveys(self._written_plan()), surveyed)
        now, empty = surveyed
        steps = longest_search(surveyed)
        far = known_far(surveyed)
        return Judged(option, outcomes(now), outcomes(empty), publications, steps, nearer, farther, far)

    def _selected(
        self, groups: Sequence[NodeGroup], compiled: CompiledClaims
    ) -> tuple[dict[int, tuple[Selected, ...]], tuple[str, ...]]:
        """What the requests select, and the location attributes that its drivers could publish."""
        drivers = {slice_.driver for slice_ in self._now.published.values()}
        names = location_attributes(sorted(drivers), self._now.vocabulary)
        return selections(groups, self._empty, self._wanted(compiled, names)), names

    @staticmethod
    def _wanted(compiled: CompiledClaims, names: Sequence[str]) -> tuple[str, ...]:
        """Also what the constraints compare."""
        compared = [constraint.attribute for claim in compiled.claims for constraint in claim.constraints]
        return tuple(dict.fromkeys((*names, *compared)))

    def _participants(
        self, selected: Mapping[int, Sequence[Selected]], names: Sequence[str]
    ) -> tuple[Participants, ...]:
        taking_part = []
        first = 0
        for spec in self._specs:
            claim_participants, first = participants(spec, first, selected, names)
            taking_part.append(claim_participants)
        return tuple(taking_part)

    def _pod_warnings(self) -> Iterator[ClaimWarning]:
        """What concerns the pod beside its claims: other devices, and why it cannot use its claims at all."""
        snapshot, pod = self._snapshot, self._subject.pod
        plan = plan_of(pod, snapshot)
        if isinstance(plan, Uniform) and plan.outcome is Outcome.UNSCHEDULABLE:
            reason, detail = plan.reason.code, render(plan.reason)
            yield warning(WarningCode.CLAIM_UNUSABLE, Severity.WARNS, reason=reason, detail=detail)
        if self._extended:
            yield warning(WarningCode.EXTENDED_RESOURCES, Severity.NOTES, resources=", ".join(self._extended))
        nodes = (state.node for state in snapshot.nodes.values())
        through_classes = snapshot.release.features.extended_resource
        plugins = plugin_resources(pod, nodes, snapshot.classes, through_classes=through_classes)
        if plugins:
            yield warning(WarningCode.DEVICE_PLUGIN, Severity.NOTES, resources=", ".join(plugins))
        held = [snapshot.claims[claim.key] for claim in self._subject.claims if claim.key in snapshot.claims]
        yield from gone_warnings(held, snapshot)

    def _nearness(self, options: Sequence[ConstraintOption]) -> NearnessCounts | None:
        if self._plan(self._specs).nothing_to_align:
            return None
        now, empty = self._surveys(self._plan(options[0].specs))
        soft = next((option for option in options if option.kind is OptionKind.SOFT), None)
        rewritten = () if soft is None else self._surveys(self._plan(soft.specs))[0]
        return nearness_counts(now, empty, rewritten, self._step)

    def _rewrites(self, bare: Sequence[ClaimSpec]) -> tuple[Rewrite | Refusal, ...]:
        """For each claim that is there: how to write it so that it prefers near devices."""
        written = bare[: len(self._subject.claims)]
        return tuple(soften(spec, self._snapshot) for spec in written)


def _refused(surveyed: Sequence[NodeGroup]) -> Mapping[Outcome, int]:
    """The outcomes under a constraint that no device of some request can meet."""
    counts = outcomes(surveyed)
    counts[Outcome.UNSCHEDULABLE] += counts.pop(Outcome.ALLOCATED, 0)
    return counts


def _sorted(warnings: Sequence[ClaimWarning]) -> tuple[ClaimWarning, ...]:
    order = list(Severity)
    return tuple(
        sorted(dict.fromkeys(warnings), key=lambda claim_warning: order.index(claim_warning.severity))
    )
