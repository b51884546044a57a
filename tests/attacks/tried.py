"""
The attacks that were tried, what each did before it was met, what it does now, and the test that holds it.

``python -m tests.attacks.tried`` prints the table of ``docs/security.md``.
"""

from __future__ import annotations

import sys
from typing import NamedTuple


class Tried(NamedTuple):
    """``test`` is a file of the tests, and a test in it."""

    attack: str
    before: str
    now: str
    test: str

    def row(self) -> str:
        file, _, name = self.test.partition("::")
        return f"| {self.attack} | {self.before} | {self.now} | [`{name}`](../tests/{file}) |"


TRIED = (
    Tried(
        "selectors far below Kubernetes' limit on CEL, on every device",
        "all requests wait for 48 s to minutes",
        "neutral scores after about a second, and others are served meanwhile; "
        "see [open weaknesses](#open-weaknesses)",
        "attacks/test_costly_claims.py::test_the_others_are_served_meanwhile",
    ),
    Tried(
        "the most costly expressions for one device: lists, maps, texts, patterns",
        "up to 200 s for a device",
        "at most 100,000 units of work, of about a microsecond each, then `unknown`",
        "cel/test_work.py::test_the_budget_ends_an_evaluation",
    ),
    Tried(
        "searches that explode: 16 containers, 4 GPUs with 4 NICs to explain",
        "2 s for one request",
        "at most `--search-steps` and `--request-steps`, then `unknown`; others are served meanwhile",
        "core/prediction/test_evaluate.py::test_the_search_budget_ends_in_unknown",
    ),
    Tried(
        "a pod of 12,000 containers",
        "12 s for one request",
        "answered without an opinion",
        "service/http/test_limits.py::test_a_pod_of_many_containers_is_answered_without_an_opinion",
    ),
    Tried(
        "bind any pending pod, with a wrong UID first",
        "the answer tells the UID, the second request binds",
        "off without `--bind`; an `Error` that tells nothing, and no binding",
        "attacks/test_attacks.py::test_bind_tells_no_uid_and_binds_nothing",
    ),
    Tried(
        "`/bind` on the webhook's port",
        "binds",
        "no such path: each listener serves its own",
        "service/process/test_listeners.py::test_the_table_of_paths_listeners_and_clients",
    ),
    Tried(
        "a web page posts to a loopback address",
        "binds, with the administrator's rights",
        "403 for a foreign `Origin` or `Host`, 415 for another type",
        "attacks/test_attacks.py::test_a_cross_site_request_is_refused",
    ),
    Tried(
        "made-up pods take all devices, against pods with policy `required`",
        "eight requests keep them off every node for 30 s",
        "no node is rejected; scores recover after 2 s",
        "attacks/test_attacks.py::test_made_up_pods_keep_no_pod_off_its_nodes",
    ),
    Tried(
        "a request with the UID of another pod",
        "what is assumed of that pod is lost",
        "nothing is taken back",
        "service/live/test_unconfirmed_pods.py::test_the_uid_of_another_pod_takes_nothing_back",
    ),
    Tried(
        "a claim whose parameters are nested 1,000 deep",
        "the process ends, at each restart again",
        "left out, counted, named; devices that it holds count as taken",
        "attacks/test_attacks.py::test_a_nested_claim_ends_nothing",
    ),
    Tried(
        "an allocated claim that cannot be read",
        "its devices look free",
        "they count as taken; what is doubtful makes the node `unknown`",
        "kube/decode/test_unreadable_claims.py::test_its_devices_are_taken",
    ),
    Tried(
        "61 MiB of node names",
        "17 s, 1,453 MiB",
        "413 above `--max-body-mib`, 400 above `--max-nodes`",
        "service/http/test_bad_requests.py::test_a_body_above_the_limit_is_413",
    ),
    Tried(
        "bodies that stop before their end",
        "held as long as the client likes",
        "408 after 10 s, and a bound on their bytes together",
        "service/http/test_connections.py::test_too_many_bytes_of_bodies_cost_the_oldest_its_place",
    ),
    Tried(
        "400 namespaces with names of 1 MB",
        "53 MiB grow to 436 MiB, for good",
        "nothing of a request is kept",
        "attacks/test_attacks.py::test_strings_of_requests_are_not_kept",
    ),
    Tried(
        "pods that wait, each on another state of the cluster",
        "2,000 old states are kept",
        "128 MiB of them, the oldest forgotten and counted",
        "service/live/test_remembered.py::test_old_states_of_the_cluster_are_bounded",
    ),
    Tried(
        "500 reviews for `/mutate` about a pod of another namespace",
        "500 Events with the sender's text",
        "none about what the API does not show, 10 a minute for a namespace else",
        "attacks/test_attacks.py::test_no_events_about_objects_that_nobody_knows",
    ),
    Tried(
        "many different claims, or claims of unknown pods, for `/mutate`",
        "the API server's own call waits 26 s",
        "bounded numbers wait, the rest is answered at once: `busy`",
        "attacks/test_attacks.py::test_claims_of_unknown_pods_are_answered_at_once_beyond_a_bound",
    ),
    Tried(
        "a number that is out of range",
        "0.3 s and 200 kB of log for 150 bytes",
        "400 at once",
        "service/http/test_limits.py::test_a_number_out_of_range_is_400_at_once",
    ),
    Tried(
        "idle, silent and dripping connections",
        "kept for ever; 64 descriptors: 16,000 log lines",
        "closed after 5 or 10 s, at most 256 of a listener",
        "attacks/test_requests.py::test_the_scheduler_s_connection_is_served_beside_slow_clients",
    ),
    Tried(
        "a process without free descriptors",
        "16,000 log lines in 10 s",
        "it waits, and says so once a minute",
        "service/process/test_acceptor.py::test_a_process_without_descriptors_waits",
    ),
    Tried(
        "bytes that are no HTTP",
        "a stack in the log for each",
        "20 lines a minute, then a count",
        "attacks/test_attacks.py::test_stray_bytes_fill_no_log",
    ),
    Tried(
        "secrets in the variables of a stack",
        "in the log, with `--log-format text`",
        "no values of variables",
        "service/test_logs.py::test_no_values_of_variables_in_a_stack",
    ),
    Tried(
        "the API server's CA, certificate or token is renewed",
        "no contact until a restart",
        "not one request fails",
        "kube/api/test_credentials.py::test_authority_and_token_change_under_load",
    ),
    Tried(
        "a credential plugin that hangs",
        "we hang",
        "it is ended after 20 s, with all whom it started",
        "kube/api/test_exec_plugin.py::test_a_plugin_that_hangs",
    ),
    Tried(
        "an API server that sends a line without an end",
        "memory without a bound",
        "32 MiB, then the kind is listed again",
        "kube/watch/test_reflector_failures.py::test_event_that_has_no_end",
    ),
    Tried(
        "lists that are too large, or without an end",
        "memory without a bound",
        "256 MiB a page, two pages of a kind at a time, 20,000 pages",
        "kube/watch/test_reflector_failures.py::test_pages_without_an_end",
    ),
    Tried(
        "answers of an API server with very many or long headers",
        "what the HTTP client takes",
        "64 headers of 8,190 bytes",
        "kube/api/test_credentials.py::test_headers_of_an_answer_are_bounded",
    ),
    Tried(
        "a recording of pods with secrets in their volumes",
        "they are in it",
        "an allow-list of fields",
        "kube/recording/test_recorded_objects.py::test_no_secret_of_a_pod_is_recorded",
    ),
    Tried(
        "YAML of 409 bytes whose aliases expand",
        "2.6 GiB",
        "refused beyond a bound",
        "kube/files/test_yaml_documents.py::test_aliases_repeat_within_a_bound",
    ),
    Tried(
        "9 MB of gzip",
        "4.1 GiB",
        "refused beyond 1 GiB",
        "kube/files/test_cluster_file.py::test_gzip_that_holds_too_much",
    ),
    Tried(
        "a count of 10^30, a header that is not ASCII",
        "status 500",
        "status 400",
        "service/http/test_limits.py::test_any_content_encoding_is_400",
    ),
    Tried(
        "requests while the process drains",
        "some connections are reset",
        "answered, and told to close",
        "service/process/test_listeners.py::test_answers_while_draining_close_the_connection",
    ),
    Tried(
        "mutated requests of all verbs",
        "50 of 60,000 got 500",
        "designed answers only",
        "attacks/test_requests.py::test_mutated_requests_get_designed_answers",
    ),
    Tried(
        "mutated objects of all kinds",
        "one can end the process",
        "each is left out by itself",
        "attacks/test_attacks.py::test_mutated_objects_of_a_live_cluster",
    ),
)


def markdown() -> str:
    """The table as it stands in the page."""
    head = "| attack | before | now | test |\n|---|---|---|---|"
    return "\n".join([head, *(each.row() for each in TRIED)])


if __name__ == "__main__":
    sys.stdout.write(f"{markdown()}\n")
