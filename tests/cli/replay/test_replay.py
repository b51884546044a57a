"""replay: recorded attempts against our answers."""

from __future__ import annotations

import io
from unittest.mock import AsyncMock

import pytest

from extender.kube.recording.reader import embedded_recording
from extender.service.http.verbs import Answer
from tests import api_objects as api
from tests.cli.recorded import attempt
from tests.paths import DATA

UNSCHEDULABLE = "0/3 nodes are available: 3 cannot allocate all claims. preemption: not helpful."


def condition(reason, message):
    return {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}


def test_the_embedded_recording(run):
    """All 60 attempts of a real kube-scheduler 1.36.2 come out as they did, and every answer is sound."""
    ran = run("replay", embedded_recording(), "-o", "json")
    assert ran.status == 0
    document = ran.document
    assert document["kubernetes"] == document["recorded"] == "1.36.2"
    assert document["totals"] == {"right": 60, "wrong": 0, "undecided": 0, "nothing": 0, "protocol": 0}
    assert sum(attempt["node"] is not None for attempt in document["attempts"]) == 55
    assert sum(len(attempt["requests"]) for attempt in document["attempts"]) == 161


@pytest.mark.parametrize(
    ("kubernetes", "pods", "placed"),
    [("1.34.4", 48, 39), ("1.35.4", 48, 39), ("1.37.2", 48, 40), ("1.38.0-beta.0", 60, 49)],
)
def test_recordings_of_other_releases(run, kubernetes, pods, placed):
    """Real schedulers of other minors: every device right, and every prediction exact."""
    ran = run("replay", DATA / "recordings" / f"fleet-{kubernetes}.jsonl.gz", "-o", "json")
    assert ran.status == 0
    assert ran.document["recorded"] == kubernetes
    assert ran.document["kubernetes"] == kubernetes.partition("-")[0]
    assert ran.document["totals"] == {"right": pods, "wrong": 0, "undecided": 0, "nothing": 0, "protocol": 0}
    certainties = [attempt["certainty"] for attempt in ran.document["attempts"] if attempt["node"]]
    assert certainties == ["exact"] * placed


def test_another_release_may_differ(run, record, placed):
    """What it would have done is told, and is no failure; a broken protocol still is one."""
    other = api.allocation(("gpu", "gpu.nvidia.com", "near", "gpu-0"), ("nic", "dra.net", "near", "net1"))
    path = record(placed(), placed(allocations={"job-1-devices": other}))
    ran = run("replay", path, "--kubernetes", "1.37")
    assert ran.status == 0
    assert "predicted for Kubernetes 1.37.2\nrecorded on 1.36.2: what differs is what 1.37.2 would" in ran.out
    assert "line 3  job-1  near: differs\n    node near, claim job-1-devices: predicted gpu=" in ran.out
    assert "pods that got a node, devices: 1/2 the same, 1 differ" in ran.out
    assert run("replay", path, "--kubernetes", "1.37", "-o", "json").document["otherRelease"] is True
    assert run("replay", path, "--kubernetes", "1.36.2").status == 1
    refused = placed()
    refused["requests"].append({"verb": "filter", "body": {}, "answer": {}})
    assert run("replay", record(refused), "--kubernetes", "1.37").status == 1


def test_one_attempt(run, record, placed):
    """By the number that the recorder gave it, with our answers; the others are stepped over."""
    path = record({"attempt": 7, **placed()}, {"attempt": 8, **placed()})
    ran = run("replay", path, "--attempt", "8")
    assert ran.status == 0
    assert "line 3  job-1  near: right\n    filter: 2 nodes pass" in ran.out
    assert "1 attempt replayed" in ran.out
    ran = run("replay", path, "--attempt", "9")
    assert ran.status == 2
    assert "has no attempt 9; an older file of the recording may" in ran.err


def test_what_comes_before_a_damaged_line_is_reported(run, record, placed):
    """A recorder that was killed leaves half a line: status 2, and the rest all the same."""
    path = record(placed())
    with path.open("a") as file:
        file.write('{"pod": "job-')
    ran = run("replay", path)
    assert ran.status == 2
    assert "1/1 right" in ran.out
    assert "line 3: input data was truncated" in ran.err


def test_the_recorded_feature_gates_count(run, record, placed):
    """They are the scheduler's, so without options they are those to predict with."""
    path = record(placed())
    header, line = path.read_text().splitlines()
    path.write_text(header[:-1] + ', "featureGates": {"DRAPrioritizedListe": true}}\n' + line)
    assert "DRAPrioritizedListe" in run("replay", path).err
    assert run("replay", path, "--kubernetes", "1.36.2").status == 0


def test_claims_and_cluster_may_come_as_changes(run, record, placed):
    """A node that goes, and claims that come and go between the lines."""
    taken = api.claim("job-0-devices", ("nic", "nic"), allocated=[("nic", "dra.net", "near", "net0")])
    second = api.allocation(("gpu", "gpu.nvidia.com", "near", "gpu-0"), ("nic", "dra.net", "near", "net1"))
    later = placed(allocations={"job-1-devices": second})
    del later["claims"]
    freed = placed()
    del freed["claims"]
    ran = run(
        "replay",
        record(
            placed(),
            later | {"claimsChanged": [taken]},
            freed | {"claimsGone": ["default/job-0-devices"]},
            {"cluster": {"kind": "List", "items": []}, "clusterGone": [{"kind": "Node", "name": "near"}]},
            freed | {"claimsChanged": []},
        ),
    )
    assert "3/4 right, 0 wrong, 1 undecided" in ran.out


def test_the_summary(run, record, placed):
    """The table ends with counts of pods with and without a node, and of answers."""
    failed = placed(node=None, allocations={"job-1-devices": None}, offered=())
    failed["requests"] = []
    ran = run("replay", record(placed(), failed))
    assert ran.status == 0
    assert "2 attempts replayed in" in ran.out
    assert "pods that got a node, devices: 1/1 right, 0 wrong" in ran.out
    assert "pods that got none, outcome:   0/1 right, 0 wrong, 1 with nothing to compare" in ran.out
    assert "answers: 3, breaches of the protocol: 0" in ran.out


def test_verbose_shows_every_attempt(run, record, placed):
    """Attempts that are right are shown with -v only."""
    path = record(placed())
    assert "job-1" not in run("replay", path).out
    assert "line 2  job-1  near: right" in run("replay", path, "-v").out


def test_recorded_answers_are_shown_not_compared(run, record, placed):
    """Our answers stand beside those of the extender of that time, whatever those are."""
    line = placed()
    line["requests"][0]["answer"] = {"NodeNames": ["far"], "Nodes": None}
    line["requests"][1]["answer"] = [{"Host": "far", "Score": 0}, {"Host": "near", "Score": 0}]
    line["requests"][2]["answer"] = {"Error": ""}
    path = record(line)
    ran = run("replay", path, "-v")
    assert ran.status == 0
    assert "filter: 2 nodes pass (recorded: 1 node pass)" in ran.out
    assert "prioritize: 39 to 100, the highest on 1 node (recorded: all 0)" in ran.out
    assert "bind: error: this extender serves a dump" in ran.out
    (attempt,) = run("replay", path, "-o", "json").document["attempts"]
    assert attempt["requests"][1] == {
        "verb": "prioritize",
        "answer": [{"Host": "far", "Score": 39}, {"Host": "near", "Score": 100}],
        "recorded": line["requests"][1]["answer"],
    }


@pytest.mark.parametrize("answer", [None, 7, "text", [], [7], {"NodeNames": 7}, [{"Host": 1}]], ids=str)
def test_any_recorded_answer_can_be_shown(run, record, placed, answer):
    """A recorded answer may be any JSON: it came from some other extender."""
    line = placed()
    for request in line["requests"]:
        request["answer"] = answer
    assert run("replay", record(line), "-v").status == 0


@pytest.mark.parametrize("body", [None, 7, [], {}, {"Pod": None}], ids=str)
def test_a_recorded_request_that_is_refused(run, record, placed, body):
    """A body that is no request: status 1, and what is wrong with it."""
    line = placed()
    line["requests"].append({"verb": "filter", "body": body, "answer": {}})
    ran = run("replay", record(line))
    assert ran.status in {1, 2}
    assert "refused" in ran.out or "line 2" in ran.err


def test_other_devices_are_a_finding(run, record, placed):
    """Devices other than predicted: status 1; attempt, node, claim and both lists are shown."""
    other = api.allocation(("gpu", "gpu.nvidia.com", "near", "gpu-0"), ("nic", "dra.net", "near", "net1"))
    ran = run("replay", record(placed(allocations={"job-1-devices": other})))
    assert ran.status == 1
    assert "line 2  job-1  near: wrong" in ran.out
    assert (
        "node near, claim job-1-devices: predicted gpu=gpu.nvidia.com/near/gpu-0, nic=dra.net/near/net0; "
        "allocated gpu=gpu.nvidia.com/near/gpu-0, nic=dra.net/near/net1"
    ) in ran.out


def test_the_order_of_devices_counts(run, record, placed):
    """The same devices in another order are a difference."""
    other = api.allocation(("nic", "dra.net", "near", "net0"), ("gpu", "gpu.nvidia.com", "near", "gpu-0"))
    assert run("replay", record(placed(allocations={"job-1-devices": other}))).status == 1


def test_an_allocation_that_was_not_seen(run, record, placed):
    """A null allocation of a pod that got a node is nothing to compare with."""
    assert run("replay", record(placed(allocations={"job-1-devices": None}))).status == 0


def test_a_pending_binding_is_no_difference(run, record, placed):
    """No node but an allocation: the binding was pending."""
    ran = run("replay", record(placed(node=None)), "-v")
    assert ran.status == 0
    assert "job-1  no node: nothing" in ran.out
    assert "the binding was still pending" in ran.out


def test_each_attempt_sees_its_own_state(run, record, placed):
    """Claims are stepped from attempt to attempt, forwards and back."""
    taken = api.claim("job-0-devices", ("nic", "nic"), allocated=[("nic", "dra.net", "near", "net0")])
    later = api.allocation(("gpu", "gpu.nvidia.com", "near", "gpu-0"), ("nic", "dra.net", "near", "net1"))
    pending = placed()["claims"]
    ran = run(
        "replay",
        record(
            placed(),
            placed(claims=[taken, *pending], allocations={"job-1-devices": later}),
            placed(),
        ),
    )
    assert "3/3 right" in ran.out


def test_an_offered_node_without_devices_is_a_finding(run, record, placed):
    """The scheduler offers only nodes on which it found devices; we must have found them too."""
    ran = run("replay", record(placed(offered=("near", "empty"))))
    assert ran.status == 1
    assert "node empty: predicted unschedulable" in ran.out


def impossible():
    return api.claim("job-9-devices", *[(f"gpu-{number}", "gpu") for number in range(3)])


def test_a_pod_that_no_node_can_run(run, record):
    """Unschedulable is right where no node is predicted to have devices; the claims stand for the pod."""
    line = attempt(
        "job-9",
        [impossible()],
        node=None,
        allocations={"job-9-devices": None},
        condition=condition("Unschedulable", UNSCHEDULABLE),
    )
    ran = run("replay", record(line), "-v")
    assert ran.status == 0
    assert "job-9  Unschedulable: right" in ran.out


def test_a_pod_that_a_node_could_run(run, record, placed):
    """Unschedulable is wrong where a node is predicted to have devices."""
    line = placed(
        node=None,
        allocations={"job-1-devices": None},
        offered=(),
        condition=condition("Unschedulable", UNSCHEDULABLE),
    )
    line["requests"] = []
    ran = run("replay", record(line))
    assert ran.status == 1
    assert "2 nodes, such as far, predicted allocated; the pod was Unschedulable" in ran.out


def test_nodes_that_other_plugins_ruled_out(run, record, placed):
    """Nodes may have devices and still be out for another reason that the condition counts."""
    message = "0/3 nodes are available: 1 cannot allocate all claims, 2 Insufficient memory. more."
    line = placed(
        node=None,
        allocations={"job-1-devices": None},
        offered=(),
        condition=condition("Unschedulable", message),
    )
    line["requests"] = []
    assert run("replay", record(line)).status == 0


ERROR = (
    'running "DynamicResources" filter plugin: claim default/job-1-devices: selector #0: CEL runtime error'
)


def failing():
    claim = api.claim("job-1-devices", ("nic", "nic"))
    expression = "device.attributes['dra.net'].nothing == 1"
    claim["spec"]["devices"]["requests"][0]["exactly"]["selectors"] = [{"cel": {"expression": expression}}]
    return claim


@pytest.mark.parametrize(("fails", "status"), [(True, 0), (False, 1)])
def test_an_attempt_that_ended_in_an_error(run, record, fails, status):
    """SchedulerError by DynamicResources is right only where some node is predicted error."""
    claim = failing() if fails else api.claim("job-1-devices", ("nic", "nic"))
    line = attempt(
        "job-1",
        [claim],
        node=None,
        allocations={"job-1-devices": None},
        condition=condition("SchedulerError", ERROR),
    )
    assert run("replay", record(line)).status == status


def test_an_error_that_is_not_about_devices(run, record):
    """Other errors say nothing about predictions."""
    line = attempt(
        "job-1",
        [api.claim("job-1-devices", ("nic", "nic"))],
        node=None,
        allocations={"job-1-devices": None},
        condition=condition("SchedulerError", 'running Bind plugin "DefaultBinder": timeout'),
    )
    ran = run("replay", record(line), "-v")
    assert ran.status == 0
    assert "SchedulerError is not about devices" in ran.out


def test_a_breach_of_the_protocol_is_a_finding(run, record, placed, monkeypatch):
    """An answer that kube-scheduler could not use: status 1, and what is wrong with it."""
    monkeypatch.setattr("extender.service.http.verbs.prioritize", AsyncMock(return_value=Answer(b"[]")))
    ran = run("replay", record(placed()))
    assert ran.status == 1
    assert "protocol: prioritize: near has no score" in ran.out
    assert "breaches of the protocol: 2" in ran.out


def test_an_internal_error_is_a_finding(run, record, placed, monkeypatch):
    """The neutral answer after an error of ours is sound for the scheduler, but not for us."""

    def fail(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr("extender.service.http.verbs._prioritize", fail)
    ran = run("replay", record(placed()))
    assert ran.status == 1
    assert "prioritize: answered without an opinion because of an internal error" in ran.out
    assert "boom" in ran.err


def test_another_release(run, record, placed):
    """--kubernetes predicts for another release than the recording's."""
    ran = run("replay", record(placed()), "--kubernetes", "1.36", "-o", "json")
    assert ran.document["recorded"] == "1.36.2"
    assert ran.document["kubernetes"] == "1.36.6"


def test_a_release_that_is_not_modelled(run, record, placed):
    """A recording of an unknown release: status 2, what is known, and the way out."""
    ran = run("replay", record(placed(), kubernetes="1.29.0"))
    assert ran.status == 2
    assert "1.36" in ran.err
    assert "--kubernetes" in ran.err


def test_a_broken_line(run, record, placed):
    """A recording with a wrong field: status 2, the line and the field."""
    line = placed()
    line["outcome"]["node"] = 7
    path = record(placed(), line)
    ran = run("replay", path)
    assert ran.status == 2
    assert f"{path}: line 3: outcome.node" in ran.err


def test_a_truncated_recording(run, record, placed):
    """A recording that ends within a line: status 2 and the line."""
    path = record(placed(), placed())
    path.write_bytes(path.read_bytes()[:-30])
    ran = run("replay", path)
    assert ran.status == 2
    assert "line 3" in ran.err


def test_standard_input(run, record, placed, monkeypatch):
    """RECORDING `-` is standard input."""
    data = record(placed()).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    assert "1 attempt replayed" in run("replay", "-").out


def test_a_recording_must_be_named(run):
    """Without RECORDING the status is 2."""
    assert run("replay").status == 2
