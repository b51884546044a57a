"""
The table of all metrics of ours; ``page`` makes ``docs/metrics.md`` from it.

Labels are closed sets. Pods, nodes, devices and claims never are labels.
"""

from __future__ import annotations

from extender.core.nomination.refusals import Refusal
from extender.core.prediction.evaluate import Certainty, Outcome
from extender.kube.api.event_recorder import EventResult
from extender.model.kinds import KINDS

from ..listeners import LISTENER_NAMES, Audience, Reloaded
from ..live.dropped import Dropped
from ..live.prediction_check import Match
from ..machine_facts import STATES
from ..nomination.results import NominationResult
from ..policy import Policy
from ..recording.thread import Recorded
from ..refusals import Closed, TurnedAway
from ..routing import RouteResult
from ..softening import RESULTS
from ..verb import NeutralReason, Result, Verb
from .spec import Label, MetricSpec, MetricType

UNKNOWN_WORD = "unknown-word"
"""The label of a pod whose annotation holds no known policy; treated as preferred."""

_ARGUMENTS = ("Pod", "Nodes", "NodeNames", "NodeNameToVictims", "NodeNameToMetaVictims")
BODY_FIELDS = (*_ARGUMENTS, "PodName", "PodNamespace", "PodUID", "Node", "request", "body")
"""First parts of the field paths a bad request may name; anything else counts as ``body``."""

SNAPSHOT_KINDS = ("nodes", "resourceslices", "deviceclasses", "resourceclaims", "pods")


_VERB = Label("verb", tuple(Verb))
_NODES_VERB = Label("verb", (Verb.FILTER, Verb.PRIORITIZE, Verb.EXPLAIN))
_SCHEDULER_VERB = Label("verb", (Verb.FILTER, Verb.PRIORITIZE))
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_NODES = (1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0)
_PLACED = "observed once for each pod, when all its claims are allocated"
_WORTH = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

REQUEST_DURATION = MetricSpec(
    "request_duration_seconds",
    MetricType.HISTOGRAM,
    "Time from the first byte of a request to its complete answer.",
    (_VERB, Label("result", tuple(Result))),
    _SECONDS,
)
REQUEST_NODES = MetricSpec(
    "request_nodes",
    MetricType.HISTOGRAM,
    "Nodes in a request; a node that is named twice counts once.",
    (_NODES_VERB,),
    _NODES,
)
POLICY_REQUESTS = MetricSpec(
    "policy_requests_total",
    MetricType.COUNTER,
    "Requests, by the alignment policy of the pod.",
    (_SCHEDULER_VERB, Label("policy", (*Policy, UNKNOWN_WORD))),
)
REJECTED_NODES = MetricSpec(
    "rejected_nodes_total",
    MetricType.COUNTER,
    "Nodes that filter rejected; only the policy required rejects nodes.",
)
NEUTRAL_ANSWERS = MetricSpec(
    "neutral_answers_total",
    MetricType.COUNTER,
    "Requests answered without an opinion: every node passes or scores half of --score-max.",
    (_SCHEDULER_VERB, Label("reason", tuple(NeutralReason))),
)
INTERNAL_ERRORS = MetricSpec(
    "internal_errors_total",
    MetricType.COUNTER,
    "Internal errors of the extender; each is logged with its stack trace.",
    (Label("verb", (*Verb, "other")),),
)
BAD_REQUESTS = MetricSpec(
    "bad_requests_total",
    MetricType.COUNTER,
    "Requests refused with status 400 or 413, by the first part of the path of the wrong field.",
    (_VERB, Label("field", BODY_FIELDS)),
)
_LISTENER = Label("listener", LISTENER_NAMES)
TURNED_AWAY = MetricSpec(
    "turned_away_requests_total",
    MetricType.COUNTER,
    "Requests refused for who sent them or how: status 403 for client-name, host and origin, 415 for "
    "media-type, 503 for busy, 408 for slow-body.",
    (_LISTENER, Label("reason", tuple(TurnedAway))),
)
CLOSED_CONNECTIONS = MetricSpec(
    "closed_connections_total",
    MetricType.COUNTER,
    "Connections that the extender closed because there were too many (limit), TLS was not agreed on "
    "(handshake), or the client was too slow.",
    (_LISTENER, Label("reason", tuple(Closed))),
)
CERTIFICATE_RELOADS = MetricSpec(
    "certificate_reloads_total",
    MetricType.COUNTER,
    "Changed certificate files: renewed, or failed, so that the old ones are still used.",
    (Label("listener", (Audience.VERBS, Audience.WEBHOOK)), Label("result", tuple(Reloaded))),
)
CERTIFICATE_EXPIRY = MetricSpec(
    "certificate_expiry_seconds",
    MetricType.GAUGE,
    "Unix time at which the certificate that the listener uses ends.",
    (Label("listener", help="verbs or webhook, where it has a certificate"),),
)
NODE_OBJECT_REQUESTS = MetricSpec(
    "node_object_requests_total",
    MetricType.COUNTER,
    "Requests that carried whole Node objects, because nodeCacheCapable is not set.",
    (_NODES_VERB,),
)
PREDICTIONS = MetricSpec(
    "predictions_total",
    MetricType.COUNTER,
    "Searches made, by the predicted outcome and its certainty.",
    (
        Label("outcome", tuple(Outcome)),
        Label("certainty", tuple(Certainty)),
    ),
)
MEMO_LOOKUPS = MetricSpec(
    "memo_lookups_total",
    MetricType.COUNTER,
    "Nodes judged by a cached prediction (hit) or by a new search (miss).",
    (Label("result", ("hit", "miss")),),
)
ALIGNMENT_PREDICTED = MetricSpec(
    "alignment_predicted",
    MetricType.HISTOGRAM,
    "Mean worth (0 to 1) of the device pairs of one kind that a pod was predicted to get on its node; "
    f"{_PLACED}.",
    (Label("kinds", help="such as gpu-nic; kinds are gpu, accelerator, nic, nvme, cpu, memory, other"),),
    _WORTH,
)
PREDICTION_MATCHES = MetricSpec(
    "prediction_matches_total",
    MetricType.COUNTER,
    "Allocated claims: whether they got the devices predicted for their node, and if not, why.",
    (Label("result", tuple(Match)),),
)
IN_FLIGHT_CLAIMS = MetricSpec(
    "in_flight_claims",
    MetricType.GAUGE,
    "Claims whose allocation is assumed, because the API does not show it yet.",
)
EXPIRED_CLAIMS = MetricSpec(
    "expired_claims_total",
    MetricType.COUNTER,
    "Claims in flight whose allocation the API did not show within --in-flight-seconds.",
)
NOMINATIONS = MetricSpec(
    "nominations_total",
    MetricType.COUNTER,
    "Nominations that ended, by how; with --nominate only.",
    (Label("result", tuple(NominationResult)),),
)
NOT_NOMINATED = MetricSpec(
    "not_nominated_total",
    MetricType.COUNTER,
    "Pods that were not nominated, once for each reason that applied; with --nominate only.",
    (Label("reason", tuple(Refusal)),),
)
NOMINATION_SECONDS = MetricSpec(
    "nomination_seconds",
    MetricType.HISTOGRAM,
    "Time from when the API showed a pod to when the API server took its nomination.",
    buckets=_SECONDS,
)
NOMINATED_PODS = MetricSpec(
    "nominated_pods",
    MetricType.GAUGE,
    "Pods whose nomination the scheduler has not followed yet.",
)
NOMINATING = MetricSpec("nominating", MetricType.GAUGE, "1 if this replica nominates, else 0.")
DEVICES_HELD_TWICE = MetricSpec(
    "devices_held_twice",
    MetricType.GAUGE,
    "Devices that several claims hold although each claim needs them alone, as with two schedulers.",
)
NEGATIVE_AMOUNTS = MetricSpec(
    "negative_amount_claims",
    MetricType.GAUGE,
    "Claims with a negative amount of a capacity: while there are any, Kubernetes 1.38 schedules no pod with "
    "claims.",
)
MACHINE_FACTS_NODES = MetricSpec(
    "machine_facts_nodes",
    MetricType.GAUGE,
    "Nodes whose labels facts of machines are for, by what became of these: used, or not used because the "
    "drivers contradict them, because two types match, or because the node has other PCI addresses.",
    (Label("state", STATES),),
)
CARD_DOUBLE_USES = MetricSpec(
    "card_double_uses_total",
    MetricType.COUNTER,
    "Cards of which a pod got a device while another claim holds the whole card or, if the pod got the whole "
    f"card, a part of it; {_PLACED}.",
)
DROPPED_PODS = MetricSpec(
    "dropped_pods_total",
    MetricType.COUNTER,
    "Pods of which something is no longer held, by what: offered-nodes and prediction were dropped to make "
    "room; an unconfirmed pod was not shown by the API in time; unconfirmed-limit: one that is not shown was "
    "not followed, because it was too large or there were too many.",
    (Label("what", tuple(Dropped)),),
)
SOFT_ALIGNMENT = MetricSpec(
    "soft_alignment_total",
    MetricType.COUNTER,
    "Claims and templates sent to /mutate, by result: rewritten, or why not.",
    (Label("result", RESULTS),),
)
ROUTED_PODS = MetricSpec(
    "routed_pods_total",
    MetricType.COUNTER,
    "Pods sent to /route, by result: routed, or why not.",
    (Label("result", tuple(RouteResult)),),
)
ALIGNMENT_ACHIEVED = MetricSpec(
    "alignment_achieved",
    MetricType.HISTOGRAM,
    f"Mean worth (0 to 1) of the device pairs of one kind that a pod got; {_PLACED}.",
    (Label("kinds", help="as for alignment_predicted"),),
    _WORTH,
)
ALIGNMENT_BEST = MetricSpec(
    "alignment_best",
    MetricType.HISTOGRAM,
    f"Best alignment (0 to 1) that the pod's node could have given it; {_PLACED}.",
    (),
    _WORTH,
)
ALIGNMENT_REGRET = MetricSpec(
    "alignment_regret",
    MetricType.HISTOGRAM,
    f"Best minus achieved alignment: what the pod could have gained on its node; {_PLACED}.",
    (),
    _WORTH,
)
_KIND = Label("kind", tuple(kind.name for kind in KINDS))
REFLECTOR_SYNCED = MetricSpec(
    "reflector_synced", MetricType.GAUGE, "1 once the kind has been listed.", (_KIND,)
)
REFLECTOR_AGE = MetricSpec(
    "reflector_age_seconds",
    MetricType.GAUGE,
    "Time since the API server last sent a list, an event or a bookmark of the kind; 0 for a kind that it "
    "does not serve.",
    (_KIND,),
)
REFLECTOR_LISTS = MetricSpec(
    "reflector_lists_total",
    MetricType.COUNTER,
    "Complete lists of the kind, including the first.",
    (_KIND,),
)
REFLECTOR_FAILURES = MetricSpec(
    "reflector_failures_total",
    MetricType.COUNTER,
    "Lists and watches of the kind that failed; each is tried again.",
    (_KIND,),
)
DECODE_ERRORS = MetricSpec(
    "decode_errors_total",
    MetricType.COUNTER,
    "Objects that could not be decoded; each is ignored until it can be.",
    (_KIND,),
)
RECORDING_ATTEMPTS = MetricSpec(
    "recording_attempts_total",
    MetricType.COUNTER,
    "Scheduling attempts that were written to the recording, dropped because too many waited for the disk, "
    "lost because the disk failed, left out because the API does not show the pod, "
    "or written without a request of unknown form.",
    (Label("result", tuple(Recorded)),),
)
EVENTS = MetricSpec(
    "events_total",
    MetricType.COUNTER,
    "Events about pods and claims written to the API server, refused by it or without an answer, dropped "
    "because too many waited, left out because there were too many about objects of one namespace, or "
    "because the API does not show the object.",
    (Label("result", tuple(EventResult)),),
)
LOG_LINES_LEFT_OUT = MetricSpec(
    "log_lines_left_out_total",
    MetricType.COUNTER,
    "Lines of the log that were left out, because there were too many of one cause in a minute.",
)
SNAPSHOT_OBJECTS = MetricSpec(
    "snapshot_objects",
    MetricType.GAUGE,
    "Objects in the current snapshot.",
    (Label("kind", SNAPSHOT_KINDS),),
)
EVENT_LOOP_LAG = MetricSpec(
    "event_loop_lag_seconds",
    MetricType.HISTOGRAM,
    "How long a request that arrives at a random time waits for the event loop; live clusters only.",
    (),
    (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
READY = MetricSpec("ready", MetricType.GAUGE, "1 while /readyz answers 200.")
BUILD_INFO = MetricSpec(
    "build_info",
    MetricType.GAUGE,
    "Always 1.",
    (
        Label("version", help="of the extender"),
        Label("kubernetes", help="release whose allocator is modelled"),
        Label("python", help="version of the interpreter"),
    ),
)

METRICS: tuple[MetricSpec, ...] = (
    REQUEST_DURATION,
    REQUEST_NODES,
    POLICY_REQUESTS,
    REJECTED_NODES,
    NEUTRAL_ANSWERS,
    INTERNAL_ERRORS,
    BAD_REQUESTS,
    TURNED_AWAY,
    CLOSED_CONNECTIONS,
    CERTIFICATE_RELOADS,
    CERTIFICATE_EXPIRY,
    NODE_OBJECT_REQUESTS,
    PREDICTIONS,
    MEMO_LOOKUPS,
    ALIGNMENT_PREDICTED,
    PREDICTION_MATCHES,
    IN_FLIGHT_CLAIMS,
    EXPIRED_CLAIMS,
    DROPPED_PODS,
    SOFT_ALIGNMENT,
    ROUTED_PODS,
    NOMINATIONS,
    NOT_NOMINATED,
    NOMINATION_SECONDS,
    NOMINATED_PODS,
    NOMINATING,
    DEVICES_HELD_TWICE,
    NEGATIVE_AMOUNTS,
    MACHINE_FACTS_NODES,
    CARD_DOUBLE_USES,
    ALIGNMENT_ACHIEVED,
    ALIGNMENT_BEST,
    ALIGNMENT_REGRET,
    REFLECTOR_SYNCED,
    REFLECTOR_AGE,
    REFLECTOR_LISTS,
    REFLECTOR_FAILURES,
    DECODE_ERRORS,
    RECORDING_ATTEMPTS,
    EVENTS,
    LOG_LINES_LEFT_OUT,
    SNAPSHOT_OBJECTS,
    EVENT_LOOP_LAG,
    READY,
    BUILD_INFO,
)
