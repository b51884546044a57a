"""The bench asks what kube-scheduler asks, and reports what it measured."""

from __future__ import annotations

import argparse
import io
import itertools
import json
from contextlib import closing

import msgspec
import pytest

from extender.cli.bench import command as bench
from extender.cli.bench import load as bench_load
from extender.cli.bench import measure as bench_measure
from extender.cli.bench.fleet import fleet
from extender.cli.bench.load import SPECS, Job, Load
from extender.cli.bench.measure import REQUESTS, BenchError, Limits
from extender.cli.bench.measurement import Measurement, Size, Timing
from extender.cli.exit_status import WrongInput
from extender.cli.progress import Progress
from extender.kube import decode
from extender.model import DeviceID
from extender.service.metrics.specs import NEUTRAL_ANSWERS, PREDICTIONS

NODES = 20


@pytest.fixture(scope="module")
def measured():
    """One real measurement of a small fleet."""
    return bench_measure.measure(NODES, "1.36", {}, Limits(requests=4, seconds=30))


def options(*words):
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(words)


def slices(nodes=NODES):
    items = json.loads(json.dumps(fleet(nodes)))["items"]
    return [item["spec"] for item in items if item["kind"] == "ResourceSlice"]


def posted(job):
    return json.loads(job.body)


def claims_of(job):
    return [decode.resource_claim(json.dumps(claim).encode(), decode.Interner()) for claim in job.claims]


def node_of(placed):
    """The node of the devices of an allocated claim."""
    (claim,) = claims_of(Job((placed,), b""))
    assert claim.allocation is not None
    return claim.allocation.results[0].id.pool


@pytest.mark.parametrize("spec", SPECS)
def test_jobs_are_new_every_time(spec):
    """No two jobs share a pod or claim, and a pod names exactly its own claims."""
    load = Load(NODES)
    jobs = [load.job(spec) for _ in range(3)]
    claims = [claim for job in jobs for claim in claims_of(job)]
    assert len({claim.name for claim in claims}) == len({claim.uid for claim in claims}) == len(claims)
    assert len({posted(job)["Pod"]["metadata"]["uid"] for job in jobs}) == 3
    for job in jobs:
        pod = decode.pod(json.dumps(posted(job)["Pod"]).encode(), decode.Interner())
        assert [entry.claim for entry in pod.claims] == [claim.name for claim in claims_of(job)]


@pytest.mark.parametrize("spec", SPECS)
def test_claims_of_one_spec_are_recognised_as_equal(spec):
    """Two jobs of a spec have equal claim specs, so that the second finds a known answer."""
    load = Load(NODES)
    first, second = ([claim.spec for claim in claims_of(load.job(spec))] for _ in range(2))
    assert first == second


def test_of_many_nodes_some_are_offered(monkeypatch):
    """Each time others, until all were; what gets allocated meanwhile is on a node that comes next."""
    monkeypatch.setattr(bench_load, "MOST_OFFERED", 150)
    load = Load(300)
    placed = load.placed_claims()
    seen = set()
    for _ in range(10):
        node = node_of(next(placed))
        offered = posted(load.job("1 GPU + 1 NIC"))["NodeNames"]
        assert len(offered) == len(set(offered)) == 150
        assert node in offered
        seen.update(offered)
    assert seen == set(load.names)


def test_every_node_is_offered():
    """A body holds all names of the fleet, in no sorted order, and each time in another one."""
    load = Load(NODES)
    first, second = (posted(load.job("1 GPU + 1 NIC"))["NodeNames"] for _ in range(2))
    assert sorted(first) == sorted(second) == sorted({spec["nodeName"] for spec in slices()})
    assert sorted(first) not in (first, second)
    assert first != second


def test_placed_claims_hold_real_devices_once():
    """Claims get devices that the fleet has, no device twice, until there are none left."""
    published = {
        DeviceID(spec["driver"], spec["nodeName"], device["name"])
        for spec in slices()
        for device in spec["devices"]
    }
    taken = [
        result.id
        for claim in claims_of(Job(tuple(Load(NODES).placed_claims()), b""))
        if claim.allocation
        for result in claim.allocation.results
    ]
    assert len(taken) == len(set(taken)) > NODES
    assert set(taken) <= published


def test_placed_claims_take_turns_over_nodes():
    """With each job that comes in between the claims lie on another node."""
    load = Load(NODES)
    nodes = []
    for claim in itertools.islice(load.placed_claims(), 15):
        nodes.append(node_of(claim))
        load.job("1 GPU + 1 NIC")
    assert len(set(nodes)) > 10  # not all have such devices


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 3.0), (99, 5.0), (100, 5.0), (20, 1.0), (21, 2.0), (0, 1.0)]
)
def test_percentile(percent, expected):
    """The smallest sample that at least so many do not exceed, whatever their order."""
    assert bench_measure.percentile([5.0, 1.0, 4.0, 2.0, 3.0], percent) == expected


def test_every_kind_of_request_is_measured(measured):
    """Each kind has its timing with sensible figures."""
    timings = {timing.kind: timing for timing in measured.timings}
    assert list(timings) == list(REQUESTS)
    assert all(0 < timing.p50 <= timing.p99 for timing in timings.values())
    counts = {kind: timing.count for kind, timing in timings.items()}
    assert counts == dict.fromkeys(REQUESTS, 4)
    assert [timings[kind].ratio for kind in REQUESTS if kind.endswith("echo")] == [1.0, 1.0, 1.0]


def test_sizes_are_measured(measured):
    """Nodes and devices are counted, time and memory are of a plausible size."""
    size = measured.size
    assert (size.nodes, size.devices) == (NODES, sum(len(spec["devices"]) for spec in slices()))
    assert 0 < size.build_seconds < 60
    assert 10 * 1024**2 < size.process_bytes < 1024**3
    assert size.snapshot_bytes < size.process_bytes <= size.most_bytes


def test_a_fleet_of_which_a_part_is_offered_is_measured(monkeypatch):
    """Other nodes than before are asked about each time, of us and of the echo."""
    monkeypatch.setattr(bench_load, "MOST_OFFERED", 10)
    measured = bench_measure.measure(200, "1.36", {}, Limits(requests=4, seconds=60))
    assert {timing.count for timing in measured.timings} == {4}


def test_a_long_phase_ends_by_the_clock():
    """The time limit ends a phase after the pod that passes it."""
    limited = bench_measure.measure(5, "1.36", {}, Limits(requests=10_000, seconds=0))
    assert {timing.count for timing in limited.timings if timing.kind.endswith(", new pod")} == {1}


def test_a_wrong_answer_is_an_error():
    """An answer that kube-scheduler would not take ends the measurement."""
    reply = (0.001, b'[{"Host": "elsewhere", "Score": 1}]')
    samples = bench_measure.Samples(lambda *_: reply, Load(NODES), Progress("", stream=io.StringIO()))
    with pytest.raises(BenchError, match="not a JSON object"):
        samples.first_pods()


def test_a_service_that_cannot_start_is_an_error(capfd, tmp_path):
    """A dump that cannot be read ends in one error, not in a wait."""
    dump = tmp_path / "cluster.json"
    dump.write_text("{]")
    with (
        pytest.raises(BenchError, match="ended before it served"),
        bench_measure.running(str(dump), "1.36", {}),
    ):
        pass
    assert "cluster" in capfd.readouterr().err.lower()


SAMPLE = Measurement(
    Size(5000, 88_900, 33_000_000, 2.5, 300 * 1024**2, 400 * 1024**2, 200 * 1024**2),
    (Timing("filter, echo", 400, 1.5, 2.25, 1.0), Timing("filter, new pod", 200, 3.0, 4.0, 2.0)),
    neutral=0,
    unknown=0,
)


def test_the_table(monkeypatch, capsys):
    """Two aligned tables: the fleets, then the times."""
    monkeypatch.setattr(bench, "measure", lambda *_: SAMPLE)
    assert bench.run(options("--nodes", "5000", "--kubernetes", "1.36.2")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Kubernetes 1.36.2"
    assert lines[2:4] == [
        "nodes  devices  dump MiB  build s  snapshot MiB  process MiB  most MiB",
        "5,000   88,900      31.5     2.50           200          300       400",
    ]
    assert lines[5:8] == [
        "nodes  request          count  p50 ms  p99 ms  x echo",
        "5,000  filter, echo       400    1.50    2.25    1.00",
        "5,000  filter, new pod    200    3.00    4.00    2.00",
    ]


def test_answers_without_an_opinion_are_told(monkeypatch, capsys):
    """They would make a slow service look fast."""
    silent = msgspec.structs.replace(SAMPLE, neutral=3, unknown=7)
    monkeypatch.setattr(bench, "measure", lambda *_: silent)
    bench.run(options("--nodes", "5000"))
    assert "5,000 nodes: 3 answers without an opinion, 7 unknown predictions" in capsys.readouterr().out
    monkeypatch.setattr(bench, "measure", lambda *_: SAMPLE)
    bench.run(options("--nodes", "5000"))
    assert "without an opinion" not in capsys.readouterr().out


def test_what_the_service_has_counted_is_read(tmp_path):
    """By metric, and by one label of it."""
    dump = tmp_path / "cluster.json"
    dump.write_text(json.dumps(fleet(5)))
    job = Load(5).job("1 GPU + 1 NIC")
    with (
        bench_measure.running(str(dump), "1.36", {}) as started,
        closing(bench_measure.Client(started.port)) as client,
    ):
        assert client.count(PREDICTIONS) == 0
        client.post("/bench/claims", json.dumps(job.claims).encode())
        client.post("/prioritize", job.body)
        assert client.count(PREDICTIONS) > client.count(PREDICTIONS, 'outcome="allocated"') > 0
        assert client.count(PREDICTIONS, 'outcome="unknown"') == client.count(NEUTRAL_ANSWERS) == 0


def test_json_output(monkeypatch, capsys):
    """The document has the release, the specs, and for each fleet its size and timings."""
    monkeypatch.setattr(bench, "measure", lambda *_: SAMPLE)
    assert bench.run(options("--nodes", "5000", "-o", "json", "--kubernetes", "1.36")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["kubernetes"].startswith("1.36.")
    assert document["fleets"][0]["size"]["devices"] == 88_900
    assert document["fleets"][0]["timings"][1]["kind"] == "filter, new pod"


def test_a_failing_service_is_a_finding(monkeypatch, capsys):
    """Exit status 1, the reason on stderr, nothing on stdout."""

    def fail(*_):
        raise BenchError("prioritize scored 3 of 5 nodes")

    monkeypatch.setattr(bench, "measure", fail)
    assert bench.run(options()) == 1
    assert capsys.readouterr() == ("", "dra-extender bench: prioritize scored 3 of 5 nodes\n")


def test_an_unknown_release_is_wrong_input():
    """It is refused before anything is measured, and the message says which releases are known."""
    with pytest.raises(WrongInput, match=r"1\.36"):
        bench.run(options("--kubernetes", "1.12"))


@pytest.mark.parametrize("value", ["0", "-5", "many", "500,", "100001", "1.5"])
def test_impossible_sizes_are_refused(value, capsys):
    """Wrong usage ends with status 2 and says what is expected."""
    with pytest.raises(SystemExit) as ended:
        options("--nodes", value)
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err
