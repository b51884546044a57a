"""Credential plugins that answer, fail, hang or never stop writing."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime

import pytest

from extender.kube.api import exec_plugin
from extender.kube.api.connection import connect
from extender.kube.api.errors import LiveError
from extender.kube.api.exec_plugin import ExecCredential, PluginError, run_plugin
from tests.kube.api_server import write_kubeconfig

VERSION = "client.authentication.k8s.io/v1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANSWER = "import json; print(json.dumps({'kind': 'ExecCredential', 'apiVersion': '%s', 'status': %s}))"


def entry(program, *args, **fields):
    return {"apiVersion": VERSION, "command": sys.executable, "args": ["-c", program, *args], **fields}


def answering(status):
    return entry(ANSWER % (VERSION, status))


async def test_an_answer():
    """A token or a certificate with its key, and when they expire."""
    status = {"token": "t", "expirationTimestamp": "2026-01-01T00:01:00Z"}
    assert await run_plugin(answering(status), "/", NOW) == ExecCredential("t", expires_in=60.0)
    status = {"clientCertificateData": "c", "clientKeyData": "k"}
    assert await run_plugin(answering(status), "/") == ExecCredential("", "c", "k")


async def test_what_a_plugin_is_told():
    """Its arguments, its variables, and which version it has to answer in."""
    program = (
        "import json, os, sys; about = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({**about, 'status': {'token': os.environ['A'] + sys.argv[1]}}))"
    )
    found = await run_plugin(entry(program, "-2", env=[{"name": "A", "value": "1"}]), "/")
    assert found.token == "1-2"


async def test_a_command_beside_the_kubeconfig(tmp_path):
    """A path that is not absolute begins at the kubeconfig's folder."""
    script = tmp_path / "plugin"
    script.write_text(f"#!{sys.executable}\n{ANSWER % (VERSION, {'token': 't'})}")
    script.chmod(0o755)
    assert (await run_plugin({"apiVersion": VERSION, "command": "./plugin"}, str(tmp_path))).token == "t"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "command"),
        ({"command": "no-such-program", "apiVersion": VERSION}, "No such file"),
        (entry("import sys; sys.exit('sign in first')"), "status 1: sign in first"),
        (entry("import sys; sys.exit('x' * 100000)"), "status 1: xxx"),
        (entry("print('secret')"), "no ExecCredential"),
        (answering({}), "neither token"),
        (answering({"clientKeyData": "secret"}), "only one of"),
        (entry("import json; print(json.dumps({'kind': 'X', 'apiVersion': 'v1', 'status': {}}))"), VERSION),
        (entry("while True: print('secret' * 10000)"), "more than 1 MiB"),
    ],
)
async def test_no_credential(wrong, said):
    """The error names what is wrong, in bounds, and repeats nothing that may be secret."""
    with pytest.raises(PluginError, match=said) as error:
        await run_plugin(wrong, "/")
    assert "secret" not in str(error.value)
    assert len(str(error.value)) < 2000


async def test_a_plugin_that_hangs(monkeypatch, tmp_path):
    """It is ended, with all whom it started."""
    monkeypatch.setattr(exec_plugin, "PLUGIN_SECONDS", 0.3)
    started = time.monotonic()
    alive = tmp_path / "alive"
    sleep = f"import time; time.sleep(3); open({str(alive)!r}, 'w')"
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleep!r}])"
    for program in ("import time; time.sleep(60)", child):
        with pytest.raises(PluginError, match="no answer in time"):
            await run_plugin(entry(program), "/")
    assert time.monotonic() - started < 3
    await asyncio.sleep(3)
    assert not alive.exists()


async def test_a_failing_plugin_is_a_matter_of_configuration(no_cluster, tmp_path):
    """The kubeconfig is refused with what the plugin says."""
    path = write_kubeconfig(
        tmp_path / "k", "http://127.0.0.1:1", {"exec": entry("import sys; sys.exit('sign in first')")}
    )
    with pytest.raises(LiveError, match=r"no usable cluster configuration.*sign in first"):
        async with connect(kubeconfig=path):
            pass
