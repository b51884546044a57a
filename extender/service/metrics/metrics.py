"""
The service's metrics in a registry of their own.

The prometheus_client objects are made from ``specs.METRICS``; the
methods here are the only places that write them.
"""

from __future__ import annotations

import itertools
import platform
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from extender import __version__

from . import specs
from .spec import PREFIX, MetricSpec

if TYPE_CHECKING:
    from extender.core.alignment.pairs import Alignment
    from extender.core.nomination.refusals import Refusal
    from extender.core.prediction.evaluate import EvaluationStats
    from extender.kube.api.event_recorder import EventResult
    from extender.kube.watch.events import ReflectorState

    from ..listeners import Reloaded
    from ..live.dropped import Dropped
    from ..live.prediction_check import Match, PlacementCheck
    from ..nomination.results import NominationResult
    from ..policy import PodPolicy
    from ..recording.thread import Recorded
    from ..refusals import Closed, TurnedAway
    from ..routing import RouteResult
    from ..verb import NeutralReason, Result, Verb

# A creation time beside every counter and histogram series would double their number.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """
    What the service counts.

    Series with closed label sets exist from the start with value 0, histograms
    from their first observation.
    """

    def __init__(self, kubernetes: str) -> None:
        """``kubernetes`` is the modelled release, for the build info."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._duration = self._histogram(specs.REQUEST_DURATION)
        self._nodes = self._histogram(specs.REQUEST_NODES)
        self._policies = self._counter(specs.POLICY_REQUESTS)
        self._rejected = self._counter(specs.REJECTED_NODES)
        self._neutral = self._counter(specs.NEUTRAL_ANSWERS)
        self._internal = self._counter(specs.INTERNAL_ERRORS)
        self._bad = self._counter(specs.BAD_REQUESTS)
        self._turned_away = self._counter(specs.TURNED_AWAY)
        self._closed = self._counter(specs.CLOSED_CONNECTIONS)
        self._reloads = self._counter(specs.CERTIFICATE_RELOADS)
        self._expiry = self._gauge(specs.CERTIFICATE_EXPIRY)
        self._node_objects = self._counter(specs.NODE_OBJECT_REQUESTS)
        self._predictions = self._counter(specs.PREDICTIONS)
        self._hits, self._misses = map(self._counter(specs.MEMO_LOOKUPS).labels, ("hit", "miss"))
        self._predicted = self._histogram(specs.ALIGNMENT_PREDICTED)
        self._matches = self._counter(specs.PREDICTION_MATCHES)
        self._in_flight = self._gauge(specs.IN_FLIGHT_CLAIMS)
        self._expired = self._counter(specs.EXPIRED_CLAIMS)
        self._dropped = self._counter(specs.DROPPED_PODS)
        self._softened = self._counter(specs.SOFT_ALIGNMENT)
        self._routed = self._counter(specs.ROUTED_PODS)
        self._nominations = self._counter(specs.NOMINATIONS)
        self._not_nominated = self._counter(specs.NOT_NOMINATED)
        self._nomination_seconds = self._histogram(specs.NOMINATION_SECONDS)
        self._nominated, self._nominating = map(self._gauge, (specs.NOMINATED_PODS, specs.NOMINATING))
        self._held_twice = self._gauge(specs.DEVICES_HELD_TWICE)
        self._negative_amounts = self._gauge(specs.NEGATIVE_AMOUNTS)
        self._facts_nodes = self._gauge(specs.MACHINE_FACTS_NODES)
        self._double_uses = self._counter(specs.CARD_DOUBLE_USES)
        self._achieved = self._histogram(specs.ALIGNMENT_ACHIEVED)
        self._best = self._histogram(specs.ALIGNMENT_BEST)
        self._regret = self._histogram(specs.ALIGNMENT_REGRET)
        self._synced = self._gauge(specs.REFLECTOR_SYNCED)
        self._ages = self._gauge(specs.REFLECTOR_AGE)
        self._lists = self._counter(specs.REFLECTOR_LISTS)
        self._failures = self._counter(specs.REFLECTOR_FAILURES)
        self._undecoded = self._counter(specs.DECODE_ERRORS)
        self._recorded = self._counter(specs.RECORDING_ATTEMPTS)
        self._events = self._counter(specs.EVENTS)
        self._log_lines = self._counter(specs.LOG_LINES_LEFT_OUT)
        self._lines_left_out = 0
        self._reflected: dict[str, tuple[int, int, int]] = {}
        self._objects = self._gauge(specs.SNAPSHOT_OBJECTS)
        self._lag = self._histogram(specs.EVENT_LOOP_LAG)
        self._ready = self._gauge(specs.READY)
        self._gauge(specs.BUILD_INFO).labels(__version__, kubernetes, platform.python_version()).set(1)

    def _counter(self, spec: MetricSpec) -> Counter:
        counter = Counter(PREFIX + spec.name, spec.help, _label_names(spec), registry=self.registry)
        for values in _label_values(spec):
            counter.labels(*values)
        return counter

    def _gauge(self, spec: MetricSpec) -> Gauge:
        gauge = Gauge(PREFIX + spec.name, spec.help, _label_names(spec), registry=self.registry)
        for values in _label_values(spec):
            gauge.labels(*values)
        return gauge

    def _histogram(self, spec: MetricSpec) -> Histogram:
        return Histogram(
            PREFIX + spec.name, spec.help, _label_names(spec), registry=self.registry, buckets=spec.buckets
        )

    def request(self, verb: Verb, result: Result, seconds: float) -> None:
        """Record a finished request."""
        self._duration.labels(verb, result).observe(seconds)

    def nodes(self, verb: Verb, count: int, *, as_objects: bool) -> None:
        """Record how many nodes a request offered, and in which form."""
        self._nodes.labels(verb).observe(count)
        if as_objects:
            self._node_objects.labels(verb).inc()

    def policy(self, verb: Verb, policy: PodPolicy) -> None:
        """Record the policy of a request's pod."""
        word = policy.policy if policy.recognised else specs.UNKNOWN_WORD
        self._policies.labels(verb, word).inc()

    def rejected(self, count: int) -> None:
        """Record nodes that filter ruled out."""
        self._rejected.inc(count)

    def neutral(self, verb: Verb, reason: NeutralReason) -> None:
        """Record an answer without an opinion."""
        self._neutral.labels(verb, reason).inc()

    def internal_error(self, verb: str) -> None:
        """Record an error of ours; ``verb`` is a ``Verb`` or ``other``."""
        self._internal.labels(verb).inc()

    def bad_request(self, verb: Verb, field: str) -> None:
        """Record a refused request by the ``field`` at fault, a path such as ``NodeNames[3]``."""
        first = field.partition(".")[0].partition("[")[0]
        self._bad.labels(verb, first if first in specs.BODY_FIELDS else "body").inc()

    def turned_away(self, listener: str, reason: TurnedAway) -> None:
        """Record a request that was refused for who sent it or how."""
        self._turned_away.labels(listener, reason).inc()

    def closed(self, listener: str, reason: Closed) -> None:
        """Record a connection that was closed on its client."""
        self._closed.labels(listener, reason).inc()

    def reloaded(self, listener: str, result: Reloaded) -> None:
        """Record that certificate files changed."""
        self._reloads.labels(listener, result).inc()

    def certificate_ends(self, listener: str, unix: float) -> None:
        """Record when the certificate that a listener uses ends."""
        self._expiry.labels(listener).set(unix)

    def evaluation(self, stats: EvaluationStats, nodes: int) -> None:
        """Record the searches of one evaluation of ``nodes`` and what the memo saved."""
        self._misses.inc(stats.searches)
        self._hits.inc(max(0, nodes - stats.searches))
        for (outcome, certainty), count in stats.predictions.items():
            self._predictions.labels(outcome, certainty).inc(count)

    def match(self, match: Match) -> None:
        """Record a comparison of a prediction with the allocation that followed."""
        self._matches.labels(match).inc()

    def placement(self, placement: PlacementCheck) -> None:
        """Record what a pod got, what it was predicted to get, and what it could have got on its node."""
        achieved = placement.achieved.predicted
        self._double_uses.inc(placement.double_uses)
        if achieved is None:
            return
        _observe_by_kinds(self._achieved, placement.achieved)
        if placement.predicted is not None:
            _observe_by_kinds(self._predicted, placement.predicted)
        if placement.best is not None:
            self._best.observe(placement.best)
            self._regret.observe(max(0.0, placement.best - achieved))

    def in_flight(self, claims: int) -> None:
        """Show how many claims are assumed to be allocated."""
        self._in_flight.set(claims)

    def held_twice(self, devices: int) -> None:
        """Show how many devices several claims hold."""
        self._held_twice.set(devices)

    def negative_amounts(self, claims: int) -> None:
        """Show how many claims hold a negative amount of a capacity."""
        self._negative_amounts.set(claims)

    def machine_facts(self, nodes: Mapping[str, int]) -> None:
        """Show what became of facts of machines, as numbers of nodes."""
        for state, count in nodes.items():
            self._facts_nodes.labels(state).set(count)

    def expired(self, claims: int) -> None:
        """Record claims whose assumed allocation was given up."""
        self._expired.inc(claims)

    def dropped(self, what: Dropped) -> None:
        """Record that something of a pod is no longer held."""
        self._dropped.labels(what).inc()

    def softened(self, result: str) -> None:
        """Record what became of a claim or template; ``result`` is one of ``softening.RESULTS``."""
        self._softened.labels(result).inc()

    def routed(self, result: RouteResult) -> None:
        """Record what became of the scheduler of a pod."""
        self._routed.labels(result).inc()

    def nomination(self, result: NominationResult) -> None:
        """Record how a nomination ended."""
        self._nominations.labels(result).inc()

    def not_nominated(self, reason: Refusal) -> None:
        """Record why a pod was not nominated."""
        self._not_nominated.labels(reason).inc()

    def nominated(self, seconds: float) -> None:
        """Record how long it took until a nomination was written."""
        self._nomination_seconds.observe(seconds)

    def nominating(self, pods: int, *, acting: bool) -> None:
        """Show how many nominations are outstanding, and whether we nominate at all."""
        self._nominated.set(pods)
        self._nominating.set(acting)

    def loop_lag(self, seconds: float) -> None:
        """Record how late the event loop was."""
        self._lag.observe(seconds)

    def reflectors(self, states: Iterable[ReflectorState], now: float) -> None:
        """Show how the kinds are kept up with; ``now`` is a time of the reflectors' clock."""
        for state in states:
            self._synced.labels(state.kind).set(state.synced)
            # Nobody hears of a kind that is not served but when it is looked for again, minutes later.
            heard = state.served and state.last_contact > 0
            self._ages.labels(state.kind).set(now - state.last_contact if heard else 0.0)
            lists, failures, errors = self._reflected.get(state.kind, (0, 0, 0))
            lists_now = max(lists, state.relists + state.synced)
            self._lists.labels(state.kind).inc(lists_now - lists)
            self._failures.labels(state.kind).inc(state.failures - failures)
            self._undecoded.labels(state.kind).inc(state.decode_errors - errors)
            self._reflected[state.kind] = (lists_now, state.failures, state.decode_errors)

    def recorded(self, result: Recorded) -> None:
        """Record what became of an attempt that was to be recorded; from any thread."""
        self._recorded.labels(result).inc()

    def event(self, result: EventResult) -> None:
        """Record what became of an Event."""
        self._events.labels(result).inc()

    def lines_left_out(self, lines: int) -> None:
        """Show how many lines of the log were left out so far."""
        self._log_lines.inc(max(0, lines - self._lines_left_out))
        self._lines_left_out = lines

    def expose(self, accept: str, objects: Mapping[str, int], *, ready: bool) -> tuple[bytes, str]:
        """
        Encode all metrics in the form that the ``accept`` header asks for.

        ``objects`` are the snapshot's sizes by kind. Returns body and content type.
        """
        for kind, count in objects.items():
            self._objects.labels(kind).set(count)
        self._ready.set(ready)
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


def _observe_by_kinds(histogram: Histogram, alignment: Alignment) -> None:
    worths: dict[str, list[float]] = {}
    for pair in alignment.pairs:
        worths.setdefault(pair.kinds, []).append(pair.worth)
    for kinds, values in worths.items():
        histogram.labels(kinds).observe(sum(values) / len(values))


def _label_names(spec: MetricSpec) -> tuple[str, ...]:
    return tuple(label.name for label in spec.labels)


def _label_values(spec: MetricSpec) -> Iterator[tuple[str, ...]]:
    """Every combination of a closed label set; none where there is no label or an open one."""
    if spec.labels:
        yield from itertools.product(*(label.values for label in spec.labels))
