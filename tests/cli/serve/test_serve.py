"""serve: a dump of a cluster behind the extender protocol."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest


@contextmanager
def serving(*argv):
    """Serve in a process of its own; yields it with the URL it printed."""
    command = [sys.executable, "-m", "extender", "serve", *map(str, argv), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            match = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert match is not None, line
            yield server, line, match[0]
        finally:
            server.kill()


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def test_it_serves_and_stops(cluster_file, version_file, objects):
    """The address is printed, filter and prioritize are answered, SIGTERM ends it with status 0."""
    body = {"Pod": objects[-1], "Nodes": None, "NodeNames": ["far", "near"]}
    with serving("--cluster", cluster_file, version_file, "--drain-seconds", "0") as (server, line, url):
        assert line.startswith("serving 3 nodes of Kubernetes 1.36.2 on http://127.0.0.1:")
        assert post(f"{url}/filter", body)["NodeNames"] == ["far", "near"]
        assert post(f"{url}/prioritize", body) == [
            {"Host": "far", "Score": 39},
            {"Host": "near", "Score": 100},
        ]
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
        assert server.stderr is not None
        events = [json.loads(line)["event"] for line in server.stderr]
    assert events == ["listening", "draining", "stopped"]


def test_a_note_about_the_input_is_logged(cluster_file):
    """A dump without a version is served as the newest release, which the log says."""
    with serving("--cluster", cluster_file, "--drain-seconds", "0") as (server, line, _):
        assert "Kubernetes 1.37.2" in line
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
        assert server.stderr is not None
        first = json.loads(next(server.stderr))
    assert first["level"] == "warning"
    assert "does not name a Kubernetes version" in first["note"]


def test_the_score_s_range_is_an_option(cluster_file, objects):
    """--score-max sets the score of perfect alignment."""
    body = {"Pod": objects[-1], "Nodes": None, "NodeNames": ["near"]}
    with serving("--cluster", cluster_file, "--score-max", "10", "--drain-seconds", "0") as (_, _, url):
        assert post(f"{url}/prioritize", body) == [{"Host": "near", "Score": 10}]


def test_without_a_cluster_it_says_what_to_do(run, monkeypatch, tmp_path):
    """No kubeconfig, no pod: status 2, and two ways out."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    ran = run("serve", "--kubeconfig", tmp_path / "none")
    assert ran.status == 2
    assert "set KUBECONFIG to a file with which kubectl works" in ran.err


@pytest.mark.parametrize(
    "option", [["--decisive"], ["--kubeconfig", "x"], ["--context", "x"], ["--record", "x"]]
)
def test_options_of_a_live_cluster_do_not_go_with_a_dump(run, cluster_file, option):
    """Nobody is left to think that they had an effect."""
    ran = run("serve", "--cluster", cluster_file, *option)
    assert ran.status == 2
    assert f"{option[0]} is for a live cluster" in ran.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--listen", "nowhere"),
        ("--listen", "127.0.0.1:99999"),
        ("--score-max", "0"),
        ("--score-max", "many"),
        ("--search-steps", "0"),
        ("--request-steps", "1"),
        ("--request-work", "1"),
        ("--drain-seconds", "-1"),
        ("--log-level", "loud"),
        ("--alignment", "maybe"),
        ("--kubernetes", "latest"),
    ],
)
def test_a_wrong_option_is_named(run, cluster_file, option, value):
    """A setting that cannot be used: status 2, and the option is named."""
    ran = run("serve", "--cluster", cluster_file, option, value)
    assert ran.status == 2
    assert option in ran.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--record", "nowhere/file"], "--record: cannot write nowhere/file"),
        (["--record", "."], "--record: cannot write ."),
        (["--record", "file", "--record-size", "0"], "--record-size: expected at least 1 MiB"),
        (["--record", "file", "--record-files", "0"], "--record-files: expected at least 1"),
    ],
)
def test_a_recording_that_cannot_be_is_refused_at_the_start(run, tmp_path, monkeypatch, options, named):
    """Before anything is connected to."""
    monkeypatch.chdir(tmp_path)
    ran = run("serve", *options)
    assert ran.status == 2
    assert named in ran.err


def test_an_address_in_use(run, cluster_file):
    """An address that another process listens on: status 2 and the reason."""
    with serving("--cluster", cluster_file, "--drain-seconds", "0") as (_, _, url):
        ran = run("serve", "--cluster", cluster_file, "--listen", url.removeprefix("http://"))
    assert ran.status == 2
    assert "cannot listen on" in ran.err


def test_scores_are_by_the_sites_files(cluster_file, objects, tmp_path):
    """A NIC whose root is under another name shares the NUMA node, at the site's worth."""
    words, worths = tmp_path / "words.yaml", tmp_path / "worths.yaml"
    words.write_text("drivers: {dra.net: {root: [nearestRoot]}}")
    worths.write_text("pairs: {gpu-nic: {numa: 0.25}}")
    body = {"Pod": objects[-1], "Nodes": None, "NodeNames": ["far", "near"]}
    options = ("--vocabulary", words, "--worths", worths, "--drain-seconds", "0")
    with serving("--cluster", cluster_file, *options) as (_, _, url):
        assert post(f"{url}/prioritize", body) == [
            {"Host": "far", "Score": 39},
            {"Host": "near", "Score": 25},
        ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--webhook-listen", "127.0.0.1:0"], "takes --webhook-cert FILE and --webhook-key FILE"),
        (["--tls-cert", "absent.crt", "--tls-key", "absent.key"], "write --webhook-cert and --webhook-key"),
        (
            ["--webhook-listen", "127.0.0.1:0", "--webhook-cert", "no.crt", "--webhook-key", "no.key"],
            "--webhook-cert: cannot use no.crt, no.key together",
        ),
    ],
    ids=["no-certificate", "no-address", "no-files"],
)
def test_https_takes_an_address_and_two_files(run, cluster_file, options, says):
    """What is missing or cannot be read: status 2, before anything is served."""
    ran = run("serve", "--cluster", cluster_file, "--listen", "127.0.0.1:0", *options)
    assert ran.status == 2
    assert says in ran.err
