"""
The table of limits in ``docs/security.md``, from the constants of the code.

``python -m tests.security_limits`` prints it.
"""

from __future__ import annotations

import sys

from extender.cel.evaluation.bounds import COST_LIMIT
from extender.core.allocator.budget import PIECE_UNITS
from extender.core.prediction import ready_answers
from extender.core.prediction.evaluate import Settings
from extender.core.soft_alignment.soften import SOFTEN_UNITS
from extender.kube.api import binder, connection, credentials, event_recorder, exec_plugin, list_pages
from extender.kube.decode import interner
from extender.kube.watch import unreadable, watch_lines
from extender.service import config, judging, log_limit, logs, namespace_limit, softening
from extender.service.http import admission_events, body, claims_shown, connections, mutate, pods, verbs
from extender.service.live import awaited, offered_nodes, prediction_check, remembered, unconfirmed_pods
from extender.service.nomination import asked_pods
from extender.service.recording import recorder, thread
from tests.security_limit import MIB, Limit

LIMITS = (
    Limit(
        "body of filter, prioritize, preempt and explain (`--max-body-mib`)",
        config.MAX_BODY_MIB * MIB,
        "MiB",
        "status 413",
        "dra_extender_bad_requests_total",
    ),
    Limit(
        "body of mutate and route",
        body.MAX_REVIEW_BYTES,
        "MiB",
        "status 413",
        "dra_extender_bad_requests_total",
    ),
    Limit("body of bind", body.MAX_BIND_BYTES, "bytes", "status 413", "dra_extender_bad_requests_total"),
    Limit(
        "names of nodes in a request (`--max-nodes`)",
        config.MAX_NODES,
        "names",
        "status 400",
        "dra_extender_bad_requests_total",
    ),
    Limit(
        "containers of a pod, init containers included",
        verbs.MAX_CONTAINERS,
        "containers",
        "a neutral answer; 400 from explain",
        "dra_extender_neutral_answers_total",
    ),
    Limit(
        "claims of a pod",
        verbs.MAX_CLAIMS,
        "claims",
        "a neutral answer; 400 from explain",
        "dra_extender_neutral_answers_total",
    ),
    Limit(
        "requests of a claim that `/mutate` looks at",
        mutate.MAX_REQUESTS,
        "requests",
        "the claim stays as it is written",
        "dra_extender_soft_alignment_total",
    ),
    Limit(
        "claims that wait for a decision of `/mutate`",
        softening.MOST_WAITING,
        "claims",
        "the claim stays as it is written",
        "dra_extender_soft_alignment_total",
    ),
    Limit(
        "connections of a listener",
        connections.MAX_CONNECTIONS,
        "connections",
        "the oldest without a whole request is closed, else the one idle longest",
        "dra_extender_closed_connections_total",
    ),
    Limit(
        "unfinished bodies of a listener together",
        connections.MAX_UNFINISHED_MIB * MIB,
        "MiB",
        "the oldest of these connections is closed",
        "dra_extender_closed_connections_total",
    ),
    Limit(
        "headers of a request, and a TLS handshake",
        connections.HEADER_SECONDS,
        "s",
        "status 408, and the connection is closed",
        "dra_extender_closed_connections_total",
    ),
    Limit(
        "body of a request, from the end of its headers",
        body.BODY_SECONDS,
        "s",
        "status 408, and the connection is closed",
        "dra_extender_turned_away_requests_total",
    ),
    Limit(
        "one search (`--search-steps`)",
        Settings().search_steps,
        "steps",
        "outcome `unknown`",
        "dra_extender_predictions_total",
    ),
    Limit(
        "all searches of a request (`--request-steps`)",
        Settings().request_steps,
        "steps",
        "outcome `unknown` for the nodes that are left",
        "dra_extender_predictions_total",
    ),
    Limit(
        "all else that answers a request (`--request-work`)",
        Settings().request_units,
        "units of work",
        "outcome `unknown` for the nodes that are left",
        "dra_extender_predictions_total",
    ),
    Limit(
        "one piece of that work, such as the selectors of a device",
        PIECE_UNITS,
        "units of work",
        "outcome `unknown`",
        "dra_extender_predictions_total",
    ),
    Limit(
        "work for a request on the event loop",
        judging.TURN_UNITS,
        "units of work",
        "the rest is done in a thread",
    ),
    Limit(
        "nodes that are judged on the event loop for a request",
        ready_answers.MOST_IN_A_TURN,
        "nodes",
        "all are judged in a thread",
    ),
    Limit(
        "text of a pod that is remembered for the next request",
        pods.MOST_BYTES,
        "bytes",
        "it is decoded again",
    ),
    Limit(
        "the scheduler waits for that",
        judging.GUARD_SECONDS,
        "s",
        "a neutral answer",
        "dra_extender_neutral_answers_total",
    ),
    Limit(
        "requests that wait for that, or are being worked on",
        judging.MOST_ERRANDS,
        "requests",
        "a neutral answer at once; 503 from explain",
        "dra_extender_neutral_answers_total",
    ),
    Limit(
        "a decision of `/mutate`",
        SOFTEN_UNITS,
        "units of work",
        "the claim stays as it is written",
        "dra_extender_soft_alignment_total",
    ),
    Limit(
        "one CEL selector on one device, in the units of Kubernetes",
        COST_LIMIT,
        "units",
        "the outcome that Kubernetes gives: the selector fails",
    ),
    Limit(
        "`/mutate` waits for the pod that a claim is made for",
        mutate.OWNER_SECONDS,
        "s",
        "the claim stays as it is written",
        "dra_extender_soft_alignment_total",
    ),
    Limit("`/bind`, with all repetitions", binder.DEADLINE_SECONDS, "s", "an `Error`"),
    Limit(
        "age of the filter answer that names a binding's node", offered_nodes.OFFER_SECONDS, "s", "an `Error`"
    ),
    Limit(
        "pods whose last filter answer is remembered for `/bind`",
        offered_nodes.MAX_PODS,
        "pods",
        "the oldest is forgotten; its binding is an `Error`",
        "dra_extender_dropped_pods_total",
    ),
    Limit(
        "names of nodes in these answers",
        offered_nodes.MAX_BYTES,
        "MiB",
        "the oldest is forgotten; its binding is an `Error`",
        "dra_extender_dropped_pods_total",
    ),
    Limit(
        "Events that wait for the API server",
        event_recorder.QUEUE_LIMIT,
        "Events",
        "dropped",
        "dra_extender_events_total",
    ),
    Limit(
        "Events of `/mutate` about objects of one namespace, in a minute",
        namespace_limit.TIMES_A_MINUTE,
        "Events",
        "left out",
        "dra_extender_events_total",
    ),
    Limit(
        "nominations of one node that step aside for the pod that the scheduler asks about",
        asked_pods.MOST_ASIDE,
        "pods",
        "none steps aside: the prediction may be of devices behind theirs",
    ),
    Limit(
        "Events about nominations in one namespace, in a minute",
        namespace_limit.TIMES_A_MINUTE,
        "Events",
        "left out",
        "dra_extender_events_total",
    ),
    Limit(
        "Events of `/mutate` that wait until the API shows their object",
        awaited.MAX_EVENTS,
        "Events",
        "left out",
        "dra_extender_events_total",
    ),
    Limit(
        "how long they wait",
        admission_events.SHOWN_SECONDS,
        "s",
        "left out",
        "dra_extender_events_total",
    ),
    Limit(
        "claims that wait for the pod that they are made for",
        awaited.MAX_CLAIMS,
        "claims",
        "the claim stays as it is written",
        "dra_extender_soft_alignment_total",
    ),
    Limit(
        "such claims of one namespace",
        awaited.MAX_CLAIMS_OF_A_NAMESPACE,
        "claims",
        "the claim stays as it is written",
        "dra_extender_soft_alignment_total",
    ),
    Limit(
        "claims that requests about pods wait for until the API shows them",
        awaited.MAX_ASKED_ABOUT,
        "claims",
        "the request is answered without an opinion",
        "dra_extender_prediction_matches_total",
    ),
    Limit(
        "those of one namespace",
        awaited.MAX_ASKED_ABOUT_OF_A_NAMESPACE,
        "claims",
        "the request is answered without an opinion",
        "dra_extender_prediction_matches_total",
    ),
    Limit(
        "how long requests wait for them",
        round(claims_shown.SHOWN_SECONDS * 1000),
        "ms",
        "the request is answered without an opinion",
        "dra_extender_prediction_matches_total",
    ),
    Limit("note of an Event", event_recorder.NOTE_BYTES, "bytes", "cut off"),
    Limit(
        "pods whose last answer is remembered",
        remembered.MAX_PODS,
        "pods",
        "the oldest is forgotten; its claims count as `unseen`",
        "dra_extender_dropped_pods_total",
    ),
    Limit(
        "what these answers keep alive: old states of the cluster, pods, selectors",
        remembered.MAX_BYTES,
        "MiB",
        "the oldest is forgotten; its claims count as `unseen`",
        "dra_extender_dropped_pods_total",
    ),
    Limit(
        "how long such an answer is remembered",
        prediction_check.ATTEMPT_SECONDS,
        "s",
        "it is forgotten; its claims count as `unseen`",
    ),
    Limit(
        "how long a pod of a request is followed that the API does not show",
        unconfirmed_pods.UNCONFIRMED_SECONDS,
        "s",
        "nothing is assumed, compared or recorded of it",
        "dra_extender_dropped_pods_total",
    ),
    Limit(
        "such pods at a time",
        unconfirmed_pods.MAX_PODS,
        "pods",
        "a further one is answered and not followed",
        "dra_extender_dropped_pods_total",
    ),
    Limit(
        "names in such a pod",
        unconfirmed_pods.MAX_POD_BYTES,
        "characters",
        "it is answered and not followed",
        "dra_extender_dropped_pods_total",
    ),
    Limit(
        "mismatches that are kept for `/debug/mismatches`",
        prediction_check.MAX_MISMATCHES,
        "claims",
        "the oldest is forgotten",
    ),
    Limit(
        "requests and answers of attempts whose outcome is awaited, for a recording",
        recorder.MAX_OPEN_BYTES,
        "MiB",
        "the oldest is recorded as it is",
    ),
    Limit(
        "attempts that wait for a recording's disk",
        thread.MAX_ATTEMPTS,
        "attempts",
        "dropped",
        "dra_extender_recording_attempts_total",
    ),
    Limit(
        "requests that wait for a recording's disk",
        thread.MAX_BYTES,
        "MiB",
        "dropped",
        "dra_extender_recording_attempts_total",
    ),
    Limit(
        "equal names and quantities that are kept once, of each kind",
        interner.MOST_BYTES,
        "MiB",
        "all are forgotten and collected anew",
    ),
    Limit(
        "equal traits of devices",
        interner.MOST_TRAITS_BYTES,
        "MiB",
        "all are forgotten and collected anew",
    ),
    Limit("one of them", interner.MOST_ENTRY_BYTES, "bytes", "not kept"),
    Limit(
        "lines of one cause in the log, in a minute",
        log_limit.LINES_PER_MINUTE,
        "lines",
        "left out; a line says how many",
        "dra_extender_log_lines_left_out_total",
    ),
    Limit("a value in a line of the log", logs.MOST_TEXT, "characters", "cut off"),
    Limit("one request to the API server", connection.TIMEOUT_SECONDS, "s", "repeated after a while"),
    Limit("silence of a watch", connection.SILENCE_SECONDS, "s", "it is opened again"),
    Limit("an answer of the API server", connection.MOST_ANSWER_BYTES, "MiB", "smaller pages, else refused"),
    Limit("headers of such an answer", credentials.MAX_HEADERS, "headers", "no answer"),
    Limit("one of these headers", credentials.MAX_HEADER_BYTES, "bytes", "no answer"),
    Limit("one event of a watch", watch_lines.MOST_LINE_BYTES, "MiB", "the kind is listed again"),
    Limit("pages of a list", list_pages.MOST_PAGES, "pages", "repeated after a while"),
    Limit("a credential plugin, without a terminal", exec_plugin.PLUGIN_SECONDS, "s", "it is ended"),
    Limit("its answer", exec_plugin.MOST_OUTPUT_BYTES, "MiB", "it is ended"),
    Limit("objects of a page of a list", list_pages.PAGE_SIZE, "objects", "the next page"),
    Limit(
        "unreadable objects that the log names at a time",
        unreadable.MOST_SAID,
        "objects",
        "one line says that there are more",
        "dra_extender_decode_errors_total",
    ),
)


def markdown() -> str:
    """The table as it stands in the page."""
    head = "| what | limit | beyond | counted in |\n|---|--:|---|---|"
    return "\n".join([head, *(limit.row() for limit in LIMITS)])


if __name__ == "__main__":
    sys.stdout.write(f"{markdown()}\n")
