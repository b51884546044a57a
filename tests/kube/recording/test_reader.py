"""Recordings: the one that comes with the package, the format's rules, its errors, and writing."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest

from extender.kube.recording import reader
from extender.kube.recording.reader import (
    Condition,
    RecordedOutcome,
    RecordedRequest,
    RecordingError,
    embedded_recording,
    open_recording,
)
from extender.kube.recording.writer import attempt_line, header_line
from extender.model import DeviceID

NODE = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "node-a"}}
HEADER = {"kubernetes": "1.36.2", "cluster": {"kind": "List", "apiVersion": "v1", "items": [NODE]}}
POD = {"metadata": {"name": "job-0", "namespace": "default"}, "spec": {"nodeName": ""}}
ATTEMPT: dict[str, Any] = {
    "pod": "job-0",
    "claims": [{"metadata": {"name": "c", "namespace": "default"}, "spec": {}}],
    "requests": [
        {
            "verb": "filter",
            "body": {"Pod": POD, "Nodes": None, "NodeNames": ["node-a"]},
            "answer": {"Error": ""},
        },
        {"verb": "prioritize", "body": {"Pod": POD}, "answer": [{"Host": "node-a", "Score": 0}]},
    ],
    "outcome": {
        "node": "node-a",
        "condition": {"type": "PodScheduled", "status": "True"},
        "allocations": {"c": {"devices": {"results": [{"driver": "d", "pool": "p", "device": "x"}]}}},
    },
}


def lines(*documents):
    return "".join(
        (document if isinstance(document, str) else json.dumps(document)) + "\n" for document in documents
    ).encode()


@pytest.fixture
def read(tmp_path):
    """Read a recording of the given content: its cluster and all attempts."""

    def read(content):
        path = tmp_path / "recording"
        path.write_bytes(content)
        with open_recording(str(path)) as recording:
            return recording.cluster, list(recording.attempts)

    return read


def test_embedded_recording():
    """60 pods on 24 nodes; a pod is known wherever the scheduler asked, which is wherever it found a node."""
    with open_recording(embedded_recording()) as recording:
        cluster, attempts = recording.cluster, list(recording.attempts)
    assert (cluster.kubernetes, len(cluster.nodes), len(cluster.slices)) == ("1.36.2", 24, 71)
    assert (len(cluster.classes), cluster.ignored, cluster.replaced) == (5, (), ())
    assert len(attempts) == 60
    assert {attempt.pod.name for attempt in attempts if attempt.pod} == {
        attempt.pod_name for attempt in attempts if attempt.outcome.node
    }
    assert {request.verb for attempt in attempts for request in attempt.requests} == {
        "filter",
        "prioritize",
        "bind",
    }


def test_embedded_recording_hangs_together():
    """Every allocation is of a claim of the attempt, and of devices that a slice of the header holds."""
    with open_recording(embedded_recording()) as recording:
        devices = {
            DeviceID(each.driver, each.pool, device.name)
            for each in recording.cluster.slices
            for device in each.devices
        }
        for attempt in recording.attempts:
            claims = {claim.name for claim in attempt.claims}
            for name, allocation in attempt.outcome.allocations:
                assert name in claims
                assert allocation is None or {result.id for result in allocation.results} <= devices


def test_attempt(read):
    """Every part of an attempt, with the bodies as they were sent."""
    _, (attempt,) = read(lines(HEADER, ATTEMPT))
    assert (attempt.line, attempt.pod_name) == (2, "job-0")
    assert attempt.pod is not None
    assert (attempt.pod.namespace, attempt.pod.name) == ("default", "job-0")
    assert [claim.key for claim in attempt.claims] == [("default", "c")]
    assert [request.verb for request in attempt.requests] == ["filter", "prioritize"]
    assert json.loads(attempt.requests[0].body)["NodeNames"] == ["node-a"]
    assert json.loads(attempt.requests[1].answer) == [{"Host": "node-a", "Score": 0}]
    outcome = attempt.outcome
    assert (outcome.node, outcome.condition) == ("node-a", Condition("True"))
    ((name, allocation),) = outcome.allocations
    assert allocation is not None
    assert (name, allocation.results[0].id) == ("c", DeviceID("d", "p", "x"))


def test_nulls(read):
    """No request, no condition, no node: all of it is allowed, the pod itself unknown then."""
    wire = ATTEMPT | {
        "requests": [],
        "outcome": {"node": None, "condition": None, "allocations": {"b": None, "a": None}},
    }
    _, (attempt,) = read(lines(HEADER, wire))
    assert (attempt.pod, attempt.requests) == (None, ())
    assert attempt.outcome == RecordedOutcome("", None, (("a", None), ("b", None)))


def test_pod_of_a_later_request(read):
    """A bind request holds no pod; the first request that does is asked."""
    bind = {"verb": "bind", "body": {"PodName": "job-0"}, "answer": {"Error": ""}}
    _, (attempt,) = read(lines(HEADER, ATTEMPT | {"requests": [bind, *ATTEMPT["requests"]]}))
    assert attempt.pod is not None
    assert attempt.pod.name == "job-0"


def test_forms(read):
    """Gzipped or not, with blank lines or none, with or without a last line break."""
    plain = lines(HEADER, ATTEMPT, ATTEMPT)
    expected = read(plain)
    assert len(expected[1]) == 2
    assert read(gzip.compress(plain)) == expected
    assert read(plain.rstrip()) == expected
    assert [attempt.line for attempt in read(lines(HEADER, "", ATTEMPT))[1]] == [3]


def test_standard_input():
    """``-`` is what is piped in."""
    piped: io.BufferedReader = io.BufferedReader(io.BytesIO(lines(HEADER, ATTEMPT)))
    with open_recording("-", piped) as recording:
        assert len(list(recording.attempts)) == 1


def test_attempts_are_read_as_they_are_asked_for(tmp_path):
    """A broken third line does not keep one from reading the second."""
    path = tmp_path / "recording"
    path.write_bytes(lines(HEADER, ATTEMPT, "broken"))
    with open_recording(str(path)) as recording:
        assert next(recording.attempts).line == 2
        with pytest.raises(RecordingError, match="line 3"):
            next(recording.attempts)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty; expected a recording"),
        (lines("[]"), "line 1: expected object, got array"),
        (lines({"cluster": {}}), "line 1: kubernetes: missing"),
        (lines({"kubernetes": "1.36.2"}), "line 1: cluster: missing"),
        (lines({"kubernetes": "1.36.2", "cluster": {}}), "line 1: document "),
        (lines(HEADER, {}), "line 2: pod: missing"),
        (lines(HEADER, "{"), "line 2: input data was truncated"),
        (lines(HEADER, ATTEMPT | {"claims": {}}), "line 2: claims: expected array, got object"),
        (
            lines(HEADER, ATTEMPT | {"claims": [{"metadata": {"name": "c"}, "spec": {"devices": 1}}]}),
            'line 2: ResourceClaim "c": spec.devices: expected object, got int',
        ),
        (lines(HEADER, ATTEMPT | {"requests": [{"body": {}}]}), "line 2: requests[0].verb: missing"),
        (
            lines(HEADER, ATTEMPT | {"requests": [{"verb": "filter", "body": []}]}),
            "line 2: requests[0].body: expected object, got array",
        ),
        (
            lines(HEADER, ATTEMPT | {"requests": [{"verb": "filter", "body": {"Pod": {}}}]}),
            'line 2: Pod "": metadata.name: missing',
        ),
        (
            lines(HEADER, ATTEMPT | {"outcome": {"allocations": {"c": {"devices": []}}}}),
            'line 2: AllocationResult "": devices: expected object, got array',
        ),
        (lines(HEADER, ATTEMPT | {"outcome": {"node": 1}}), "line 2: outcome.node: expected str, got int"),
        (lines(HEADER, ATTEMPT | {"claimsChanged": 7}), "line 2: claimsChanged: expected array, got int"),
        (
            lines(HEADER, {"cluster": {"kind": "List"}, "clusterGone": [{}]}),
            "line 2: clusterGone[0]: object ",
        ),
        (lines(HEADER, {"cluster": {"items": []}}), "line 2: document "),
        (gzip.compress(lines(HEADER, ATTEMPT))[:-10], "the gzip file is damaged or ends early"),
    ],
)
def test_errors_name_line_and_field(read, content, expected):
    """Whatever is wrong, the text says in which line and where in it."""
    with pytest.raises(RecordingError) as refusal:
        read(content)
    assert expected in str(refusal.value)


def test_file_that_is_not_there(tmp_path):
    """A missing file is told by name."""
    with (
        pytest.raises(RecordingError, match=r"nowhere: No such file"),
        open_recording(str(tmp_path / "nowhere")),
    ):
        pass


def test_an_error_of_the_reader_is_its_own(read, tmp_path):
    """An OSError raised while the recording is open is not blamed on the recording."""
    path = tmp_path / "recording"
    path.write_bytes(lines(HEADER))
    with pytest.raises(BrokenPipeError), open_recording(str(path)):
        raise BrokenPipeError


def test_what_is_written_can_be_read(read):
    """Writing and reading an attempt gives the same values, each on one line."""
    outcome = ATTEMPT["outcome"]
    written = header_line("1.36.2", [json.dumps(NODE, indent=2).encode()]) + attempt_line(
        "job-0",
        [json.dumps(claim, indent=2).encode() for claim in ATTEMPT["claims"]],
        [
            RecordedRequest(
                each["verb"], json.dumps(each["body"]).encode(), json.dumps(each["answer"]).encode()
            )
            for each in ATTEMPT["requests"]
        ],
        outcome["node"],
        json.dumps(outcome["condition"]).encode(),
        {name: json.dumps(given).encode() for name, given in outcome["allocations"].items()} | {"d": None},
    )
    assert written.count(b"\n") == 2
    cluster, (attempt,) = read(written)
    expected_cluster, (expected,) = read(lines(HEADER, ATTEMPT))
    assert cluster == expected_cluster
    assert (attempt.pod, attempt.claims) == (expected.pod, expected.claims)
    assert attempt.outcome.allocations == (*expected.outcome.allocations, ("d", None))


def test_nothing_bound_is_written_as_null(read):
    """No node and no condition come back as such."""
    _, (attempt,) = read(header_line("1.36.2", []) + attempt_line("job-0", [], [], "", None, {}))
    assert attempt.outcome == RecordedOutcome("", None, ())


def test_line_without_an_end(read, monkeypatch):
    """What is no recording is not read into memory before that is known; a long recording has short lines."""
    monkeypatch.setattr(reader, "MOST_LINE_BYTES", 1000)
    header = lines(HEADER)
    assert len(header) < 1000
    _, attempts = read(header + lines(*[{"cluster": HEADER["cluster"]}] * 20))
    assert attempts == []
    for content in (header + b" " * 5000, gzip.compress(header + b" " * 5000)):
        with pytest.raises(RecordingError, match="line 2: longer than 1000 bytes, the limit"):
            read(content)
