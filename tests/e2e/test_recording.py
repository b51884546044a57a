"""A recording of a real scheduler that we follow, and its replay."""

from __future__ import annotations

import contextlib
import gzip
import io
import json

import pytest

from extender.cli import main
from tests.e2e import scheduler_config, workload
from tests.e2e.extender_server import ready, serving, until
from tests.e2e.test_live import SAMPLE
from tests.e2e.workload import Ask

pytestmark = pytest.mark.e2e

PODS = 30
SECRET = "hunter2"


def replay(*argv):
    """The status of a replay and the document that it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = main(["replay", *map(str, argv), "-o", "json"])
    return status, json.loads(printed.getvalue())


def ended(extender):
    return int(extender.metric("recording_attempts_total", result="written"))


@pytest.mark.parametrize("name", ["recording.jsonl", "recording.jsonl.gz"])
async def test_what_is_recorded_replays_exactly(cluster, name):
    """Every attempt, as it was answered, with the devices that the scheduler took."""
    path = cluster.directory / name
    options = ("--kubeconfig", cluster.plane.kubeconfig, "--decisive", "--record", path)
    with serving(cluster.directory, *options) as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            await workload.create_claims(cluster.api, "secretive")
            pod = workload.pod("secretive", Ask.ONE_CLAIM, template=False)
            pod["metadata"]["annotations"] = {"example.com/token": SECRET}
            pod["spec"]["containers"][0]["env"] = [{"name": "TOKEN", "value": SECRET}]
            await cluster.api.create(pod)
            names = await workload.create_pairs(cluster.api, PODS - 1, template=True)
            await workload.wait_bound(cluster.api, [*names, "secretive"])
            await until(lambda: extender.matches() == PODS, f"{PODS} claims compared")
            await until(lambda: ended(extender) == PODS, f"{PODS} attempts written")
        assert extender.metric("internal_errors_total") == 0
    status, document = replay(path)
    # A pre-release means its minor.
    assert (status, document["kubernetes"]) == (0, cluster.plane.version.partition("-")[0])
    assert [attempt for attempt in document["attempts"] if attempt["agreement"] != "right"] == []
    assert document["totals"] == {"right": PODS, "wrong": 0, "undecided": 0, "nothing": 0, "protocol": 0}
    assert {attempt["certainty"] for attempt in document["attempts"]} == {"exact"}
    assert {attempt["pod"] for attempt in document["attempts"]} == {*names, "secretive"}
    content = path.read_bytes()
    text = gzip.decompress(content) if name.endswith(".gz") else content
    assert b'"name":"secretive"' in text
    assert SECRET.encode() not in text
    other = "1.37" if cluster.plane.minor != "1.37" else "1.36"
    status, document = replay(path, "--kubernetes", other)
    assert (status, document["otherRelease"]) == (0, True)
    assert document["kubernetes"].startswith(other)
    assert document["totals"]["protocol"] == 0
