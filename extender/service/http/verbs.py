"""
What each verb answers: from the bytes of a body to the bytes of the answer.

Every verb is one line of steps: decode the request, tell the follower, decide, tell the follower what was
decided, observe (count and log), encode. Filter and prioritize never hurt: whatever fails on our side,
every node passes or scores half. ``BadRequest`` passes through; nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .. import wire
from ..explain import (
    ExplainedNomination,
    explained_nodes,
    explanation_of,
    to_json,
    unknown_nodes,
)
from ..judging import NoOpinion
from ..policy import Policy, policy_of, rejections
from ..refusals import TurnedAway
from ..verb import NeutralReason, Result, Verb
from ..wire import BadRequest, ExtenderArgs
from .claims_shown import await_claims
from .guard import Refusal
from .observation import observe_args, observe_error, observe_required, observe_scores

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import Snapshot
    from extender.core.prediction.ignored import Ignored
    from extender.model import Pod

    from ..metrics.metrics import Metrics
    from .dependencies import Binder, Service


MAX_CONTAINERS = 512
"""
The most containers of a pod that is judged, init containers included.

Kubernetes has no limit but the size of an object; no kubelet runs a pod of this size.
"""

MAX_CLAIMS = 512
"""The most entries of ``resourceClaims`` of a pod that is judged; the same holds for them."""


class Answer(NamedTuple):
    """The JSON ``body`` of a 200."""

    body: bytes
    result: Result = Result.OK


async def filter_(service: Service, body: bytes) -> Answer:
    """
    Pass every node, unless the pod's policy is ``required``.

    Then nodes whose prediction is exact and falls short are unresolvable:
    evicting pods would not bring other devices.
    """
    args = _args(service, Verb.FILTER, body)
    return await _never_hurt(
        service, Verb.FILTER, lambda: _filter(service, args), lambda: wire.filter_result(args, {})
    )


async def prioritize(service: Service, body: bytes) -> Answer:
    """Score every node once by the alignment of the devices that the allocator will take there."""
    args = _args(service, Verb.PRIORITIZE, body)
    return await _never_hurt(
        service,
        Verb.PRIORITIZE,
        lambda: _prioritize(service, args),
        lambda: wire.equal_scores(args.names, service.settings.neutral),
    )


MOST_DIAGNOSED = 32
"""Most nodes that one request for an explanation is told of why nothing fits, the first by name."""


async def explain(service: Service, body: bytes) -> Answer:
    """
    Explain the predictions for a body of filter; before the cluster is listed all is unknown.

    Done beside everything else, on the snapshot of now.
    """
    args = _args(service, Verb.EXPLAIN, body)
    pod = service.pods.decode(args.pod)
    if _too_many_containers(pod):
        raise BadRequest(
            "Pod.spec.containers", f"are more than {MAX_CONTAINERS}, init containers included", "send fewer"
        )
    if len(pod.claims) > MAX_CLAIMS:
        raise BadRequest("Pod.spec.resourceClaims", f"are more than {MAX_CLAIMS}", "send fewer")
    snapshot, ready = service.store.current, service.store.ready
    ignored = policy_of(pod, snapshot.namespaces, service.default_policy).policy is Policy.IGNORE
    nomination = service.nomination(pod)
    try:
        explained = await service.judging.for_people(
            lambda: _explained(service, snapshot, pod, args.names, nomination, ready=ready, ignored=ignored)
        )
    except NoOpinion:
        raise Refusal(TurnedAway.BUSY, 503, "too many explanations are being made", "try again") from None
    return Answer(explained)


def _explained(
    service: Service,
    snapshot: Snapshot,
    pod: Pod,
    names: Sequence[str],
    nomination: ExplainedNomination | None,
    *,
    ready: bool,
    ignored: bool,
) -> bytes:
    """The explanation as JSON; runs in a thread, to which ``people_memo`` belongs."""
    neutral = service.settings.neutral
    told: tuple[Ignored, ...] = ()
    if not ready:
        nodes = unknown_nodes(names, neutral)
    else:
        evaluation = service.evaluate(snapshot, pod, service.people_memo, service.settings)
        budget = evaluation.budget()
        verdicts = evaluation.verdicts(names, budget)
        # In the order of names, so that what the budget reaches never depends on the caller's.
        bests = {name: evaluation.best(name, budget) for name in sorted(names)}
        diagnosed = frozenset(sorted(names)[:MOST_DIAGNOSED])
        nodes = explained_nodes(
            names,
            verdicts,
            bests.__getitem__,
            lambda name, verdict: evaluation.no_fit(name, verdict, budget) if name in diagnosed else None,
            evaluation.double_uses,
            score=neutral if ignored else None,
        )
        told = evaluation.ignored(verdicts)
    return to_json(explanation_of(pod, snapshot.release.version, nodes, told, nomination))


def preempt(body: bytes) -> Answer:
    """Agree to every victim: devices are no reason to spare or to choose one."""
    return Answer(wire.meta_victims(body))


async def bind(binder: Binder, metrics: Metrics, body: bytes) -> Answer:
    """Bind through ``binder``; whatever goes wrong is the answer's ``Error``."""
    args = wire.decode_binding(body)
    try:
        error = await binder.bind(args)
    except Exception as unexpected:  # noqa: BLE001  the scheduler must get an answer it can show
        observe_error(metrics, Verb.BIND, unexpected)
        error = "an internal error of the extender kept the pod from being bound, see its log"
    return Answer(wire.bind_result(error), Result.REFUSED if error else Result.OK)


async def _filter(service: Service, args: ExtenderArgs) -> Answer:
    pod = service.pods.decode(args.pod)
    policy = _policy(service, Verb.FILTER, pod)
    no_opinion = _no_opinion(service, pod)
    if no_opinion is not None:
        answer = wire.filter_result(args, {})
        return (
            _neutral(service, Verb.FILTER, no_opinion, answer)
            if policy is Policy.REQUIRED
            else Answer(answer)
        )
    await await_claims(service, pod)
    with service.judging.request(pod) as is_last:
        service.follower.on_request(pod, args.names)
        service.recorder.on_request(Verb.FILTER, pod)
        rejected: Mapping[str, str] = {}
        if policy is Policy.REQUIRED:
            try:
                rejected = await _rejected(service, pod, args.names)
            except NoOpinion as error:
                no_opinion = error.reason
        passing = [name for name in args.names if name not in rejected] if rejected else args.names
        if is_last():
            service.follower.on_filtered(pod, passing)
    answer = wire.filter_result(args, rejected)
    if no_opinion is not None:
        return _neutral(service, Verb.FILTER, no_opinion, answer)
    return Answer(answer)


async def _rejected(service: Service, pod: Pod, names: Sequence[str]) -> Mapping[str, str]:
    """
    The nodes that policy ``required`` rejects, each with the reason.

    None because of what is assumed for pods that the API does not show, which anybody can make up, nor
    because of nominations, which reserve no devices.
    Raises ``NoOpinion``.
    """
    evaluation = service.evaluation(pod)
    rejected = rejections(await service.judging.shortfalls(pod, evaluation, names))
    # Of now: what was confirmed meanwhile can only take rejections back.
    confirmed = service.confirmed_evaluation(pod) if rejected else None
    if confirmed is not None:
        still = await service.judging.shortfalls(pod, confirmed, tuple(rejected))
        rejected = {name: reason for name, reason in rejected.items() if name in still}
    observe_required(service.metrics, pod, evaluation.stats, len(names), len(rejected))
    return rejected


async def _prioritize(service: Service, args: ExtenderArgs) -> Answer:
    pod = service.pods.decode(args.pod)
    policy = _policy(service, Verb.PRIORITIZE, pod)
    no_opinion = _no_opinion(service, pod)
    if no_opinion is None:
        await await_claims(service, pod)
    if policy is Policy.IGNORE:
        if no_opinion is None:
            service.follower.on_request(pod, args.names)
            service.follower.on_unscored(pod, args.names)
        return Answer(wire.equal_scores(args.names, service.settings.neutral))
    if no_opinion is not None:
        answer = wire.equal_scores(args.names, service.settings.neutral)
        return _neutral(service, Verb.PRIORITIZE, no_opinion, answer)
    with service.judging.request(pod) as is_last:
        service.follower.on_request(pod, args.names)
        service.recorder.on_request(Verb.PRIORITIZE, pod)
        evaluation = service.evaluation(pod)
        try:
            entries = await service.judging.entries(pod, evaluation, args.names)
        except NoOpinion as error:
            # The pod takes devices all the same, wherever it lands.
            if is_last():
                service.follower.on_unscored(pod, args.names)
            answer = wire.equal_scores(args.names, service.settings.neutral)
            return _neutral(service, Verb.PRIORITIZE, error.reason, answer)
        if is_last():
            entries = service.follower.on_scored(pod, evaluation, args.names, entries)
    observe_scores(service.metrics, pod, evaluation.stats, len(args.names))
    return Answer(wire.prioritize_result(entries))


def _args(service: Service, verb: Verb, body: bytes) -> ExtenderArgs:
    args = service.args.decode(body, service.store.current.nodes)
    observe_args(service.metrics, service.lifecycle, verb, args)
    return args


def _no_opinion(service: Service, pod: Pod) -> NeutralReason | None:
    """Why ``pod`` is answered without an opinion, ``None`` where there is one."""
    too_large = _too_many_containers(pod) or len(pod.claims) > MAX_CLAIMS
    return NeutralReason.TOO_LARGE if too_large else service.no_opinion


def _too_many_containers(pod: Pod) -> bool:
    return len(pod.containers) + len(pod.init_containers) > MAX_CONTAINERS


def _policy(service: Service, verb: Verb, pod: Pod) -> Policy:
    policy = policy_of(pod, service.store.current.namespaces, service.default_policy)
    service.metrics.policy(verb, policy)
    return policy.policy


def _neutral(service: Service, verb: Verb, reason: NeutralReason, answer: bytes) -> Answer:
    """Count and give an answer without an opinion."""
    service.metrics.neutral(verb, reason)
    return Answer(answer, Result.NEUTRAL)


async def _never_hurt(
    service: Service, verb: Verb, judge: Callable[[], Awaitable[Answer]], neutral: Callable[[], bytes]
) -> Answer:
    """Answer ``judge()``, or ``neutral()`` when judging fails through an error of ours."""
    try:
        return await judge()
    except BadRequest:
        raise
    except Exception as error:  # noqa: BLE001  an extender without an opinion must not stop scheduling
        observe_error(service.metrics, verb, error)
        return _neutral(service, verb, NeutralReason.INTERNAL_ERROR, neutral())
