"""
What each verb answers: from the bytes of a body to the bytes of the answer.

Filter and prioritize never hurt: whatever fails on our side, every node passes
or scores half. ``BadRequest`` passes through; nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import orjson
import structlog

from extender.kube import decode

from .. import wire
from ..explain import explained_nodes, explanation, unknown_nodes
from ..policy import Policy, policy_of, rejections
from ..verb import NeutralReason, Result, Verb
from ..wire import BadRequest, ExtenderArgs

if TYPE_CHECKING:
    from extender.model import Pod

    from .dependencies import Service

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.requests")

FROZEN = (
    "this extender serves a dump of a cluster and cannot bind pods: remove bindVerb from its entry in "
    "KubeSchedulerConfiguration, or serve the live cluster"
)


class Answer(NamedTuple):
    """The JSON ``body`` of a 200."""

    body: bytes
    result: Result = Result.OK


def filter_(service: Service, body: bytes) -> Answer:
    """
    Pass every node, unless the pod's policy is ``required``.

    Then nodes whose prediction is exact and falls short are unresolvable:
    evicting pods would not bring other devices.
    """
    args = _args(service, Verb.FILTER, body)
    return _never_hurt(
        service, Verb.FILTER, lambda: _filter(service, args), lambda: wire.filter_result(args, {})
    )


def prioritize(service: Service, body: bytes) -> Answer:
    """Score every node once by the alignment of the devices that the allocator will take there."""
    args = _args(service, Verb.PRIORITIZE, body)
    return _never_hurt(
        service,
        Verb.PRIORITIZE,
        lambda: _prioritize(service, args),
        lambda: wire.equal_scores(args.names, service.settings.neutral),
    )


def explain(service: Service, body: bytes) -> Answer:
    """Explain the predictions for a body of filter; before the cluster is listed all is unknown."""
    args = _args(service, Verb.EXPLAIN, body)
    pod = _pod(service, args)
    snapshot = service.store.current
    if not service.store.ready:
        nodes = unknown_nodes(args.names, service.settings.neutral)
    else:
        evaluation = service.evaluate(snapshot, pod, service.memo, service.settings)
        ignored = policy_of(pod, snapshot.namespaces, service.default_policy).policy is Policy.IGNORE
        nodes = explained_nodes(
            args.names,
            evaluation.verdicts(args.names),
            evaluation.best,
            score=service.settings.neutral if ignored else None,
        )
    return Answer(orjson.dumps(explanation(pod, snapshot.release.version, nodes)))


def preempt(_service: Service, body: bytes) -> Answer:
    """Agree to every victim: devices are no reason to spare or to choose one."""
    return Answer(wire.meta_victims(body))


async def bind(service: Service, body: bytes) -> Answer:
    """Bind through the binder; whatever goes wrong is the answer's ``Error``."""
    args = wire.decode_binding(body)
    if service.binder is None:
        return Answer(wire.bind_result(FROZEN), Result.REFUSED)
    try:
        error = await service.binder.bind(args)
    except Exception as unexpected:  # noqa: BLE001  the scheduler must get an answer it can show
        record_caught(service, Verb.BIND, unexpected)
        error = f"an internal error of the extender kept the pod from being bound, see its log: {unexpected}"
    return Answer(wire.bind_result(error), Result.REFUSED if error else Result.OK)


def record_caught(service: Service, verb: Verb | None, error: Exception) -> None:
    """Count and log an error of ours."""
    service.metrics.internal_error(verb or "other")
    log.error("internal error", verb=verb, exc_info=error)


def _filter(service: Service, args: ExtenderArgs) -> Answer:
    pod = _pod(service, args)
    policy = _policy(service, Verb.FILTER, pod)
    unsure = service.no_opinion
    if service.live is not None and unsure is None:
        service.live.asked(pod)
        _record(service, Verb.FILTER, pod)
    rejected: dict[str, str] = {}
    if policy is Policy.REQUIRED:
        if unsure is not None:
            service.metrics.neutral(Verb.FILTER, unsure)
            return Answer(wire.filter_result(args, {}), Result.NEUTRAL)
        evaluation = service.evaluate(service.store.current, pod, service.memo, service.settings)
        rejected = rejections(evaluation.shortfalls(args.names))
        service.metrics.evaluation(evaluation.stats, len(args.names))
        service.metrics.rejected(len(rejected))
        log.debug(
            "filter", namespace=pod.namespace, pod=pod.name, nodes=len(args.names), rejected=len(rejected)
        )
    if service.live is not None and unsure is None:
        left = [name for name in args.names if name not in rejected] if rejected else args.names
        service.live.filtered(pod, left)
    return Answer(wire.filter_result(args, rejected))


def _prioritize(service: Service, args: ExtenderArgs) -> Answer:
    pod = _pod(service, args)
    policy = _policy(service, Verb.PRIORITIZE, pod)
    if policy is Policy.IGNORE:
        if service.live is not None and service.no_opinion is None:
            service.live.asked(pod)
            service.live.passed_over(pod, args.names)
        return Answer(wire.equal_scores(args.names, service.settings.neutral))
    unsure = service.no_opinion
    if unsure is not None:
        service.metrics.neutral(Verb.PRIORITIZE, unsure)
        return Answer(wire.equal_scores(args.names, service.settings.neutral), Result.NEUTRAL)
    if service.live is not None:
        service.live.asked(pod)
        _record(service, Verb.PRIORITIZE, pod)
    evaluation = service.evaluate(service.store.current, pod, service.memo, service.settings)
    entries = evaluation.entries(args.names)
    if service.live is not None:
        entries = service.live.prioritized(pod, evaluation, args.names, entries)
    answer = Answer(wire.prioritize_result(entries))
    stats = evaluation.stats
    service.metrics.evaluation(stats, len(args.names))
    for verdict in evaluation.verdicts(args.names[:1]).values():
        if verdict.alignment is not None:
            service.metrics.alignment(verdict.alignment)
    log.debug(
        "prioritize", namespace=pod.namespace, pod=pod.name, nodes=len(args.names), searches=stats.searches
    )
    return answer


def _record(service: Service, verb: Verb, pod: Pod) -> None:
    if service.recorder is not None:
        service.recorder.asked(verb, pod)


def _args(service: Service, verb: Verb, body: bytes) -> ExtenderArgs:
    args = service.args.decode(body)
    service.metrics.nodes(verb, len(args.names), as_objects=args.nodes is not None)
    if args.nodes is not None and not service.lifecycle.warned_of_node_objects:
        service.lifecycle.warned_of_node_objects = True
        log.warning(
            "requests carry whole Nodes, which makes them large and the scheduler's own scores wrong: "
            "set nodeCacheCapable: true on this extender in KubeSchedulerConfiguration",
            verb=verb,
        )
    return args


def _pod(service: Service, args: ExtenderArgs) -> Pod:
    try:
        return decode.pod(args.pod, service.interner)
    except decode.DecodeError as error:
        field = f"Pod.{error.field}" if error.field else "Pod"
        raise BadRequest(field, error.problem, "send the Pod as the API server returns it") from None


def _policy(service: Service, verb: Verb, pod: Pod) -> Policy:
    policy = policy_of(pod, service.store.current.namespaces, service.default_policy)
    service.metrics.policy(verb, policy)
    return policy.policy


def _never_hurt(
    service: Service, verb: Verb, judge: Callable[[], Answer], neutral: Callable[[], bytes]
) -> Answer:
    """Answer ``judge()``, or ``neutral()`` when judging fails through an error of ours."""
    try:
        return judge()
    except BadRequest:
        raise
    except Exception as error:  # noqa: BLE001  an extender without an opinion must not stop scheduling
        record_caught(service, verb, error)
        service.metrics.neutral(verb, NeutralReason.INTERNAL_ERROR)
        return Answer(neutral(), Result.NEUTRAL)
