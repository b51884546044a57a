"""Ctrl-C ends a command at once: one line, status 130, and no process is left."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from tests import api_objects as api

DEADLINE = 60.0
"""Seconds to wait for what comes at once where the machine is not busy."""

STUCK = """
import importlib, sys, time
module, _, name = sys.argv.pop(1).rpartition(".")
owner = importlib.import_module(module)
setattr(owner, name, lambda *_: time.sleep(600))
from extender.cli import main
sys.exit(main())
"""
"""Runs the program with a function that never ends: its path is the first argument."""

AUDIT = ("audit", "-o", "json")
ADVISE = ("advise", "--pod", "default/job-1")
EXPLAIN = ("explain", "--pod", "default/job-1")


def begin(*argv, stderr):
    """Start a process with a group of its own."""
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True)


def interrupted(process):
    """Interrupt it; returns what it printed on stdout."""
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return out


class Terminal:
    """A terminal that keeps what is written to it."""

    def __init__(self):
        self._ours, self.theirs = pty.openpty()
        self.text = ""

    def shows(self, wanted):
        end = time.monotonic() + DEADLINE
        while wanted not in self.text:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{wanted!r} did not come: {self.text[-200:]!r}"
            self.text += os.read(self._ours, 1 << 16).decode()

    def close(self):
        os.close(self._ours)
        os.close(self.theirs)


@pytest.fixture
def fleet(dump, objects):
    """A cluster with a running pod whose devices are far apart."""
    results = (("gpu", "gpu.nvidia.com", "far", "gpu-0"), ("nic", "dra.net", "far", "net0"))
    claim = api.claim("job-2-devices", ("gpu", "gpu"), ("nic", "nic"), allocated=results)
    pod = api.pod("job-2", "job-2-devices")
    pod["spec"]["nodeName"] = "far"
    return dump([*objects, claim, pod])


@pytest.mark.parametrize("command", [AUDIT, ADVISE, EXPLAIN, ("check",)], ids=lambda each: each[0])
def test_while_the_input_is_awaited(command, tmp_path):
    """A pipe that nobody writes to. stderr is no terminal, so nothing but the end is written there."""
    pipe, errors = tmp_path / "cluster.json", tmp_path / "stderr"
    os.mkfifo(pipe)
    with errors.open("w") as stderr:
        process = begin(sys.executable, "-m", "extender", *command, "--cluster", pipe, stderr=stderr)
    with pipe.open("w"):  # opens once the command reads
        assert interrupted(process) == b""
    assert errors.read_text() == f"dra-extender {command[0]}: interrupted\n"


@pytest.mark.parametrize(
    ("command", "stuck", "shown"),
    [
        (AUDIT, "extender.cli.cluster_input.snapshot_of", "working out where the devices of "),
        (AUDIT, "extender.core.audit.auditor.running_pods", "finding the devices of running pods ("),
        (AUDIT, "extender.core.audit.auditor.PodFinding", "rating pod "),
        (AUDIT, "extender.core.audit.auditor.joint_plan", "planning for pod ("),
        (AUDIT, "extender.cli.audit.command.totals_of", "adding up ("),
        (ADVISE, "extender.core.advice.advisor.soften", "Pod default/job-1: judging node "),
    ],
)
def test_while_it_works(command, stuck, shown, fleet):
    """The terminal shows what it is at; the line is wiped out before the last one."""
    terminal = Terminal()
    program = (sys.executable, "-c", STUCK, stuck, *command, "--cluster", fleet)
    process = begin(*program, stderr=terminal.theirs)
    try:
        terminal.shows(shown)
        assert interrupted(process) == b""
        terminal.shows("interrupted\r\n")
    finally:
        process.kill()
        terminal.close()
    assert "Traceback" not in terminal.text
    assert terminal.text.endswith(f" \rdra-extender {command[0]}: interrupted\r\n")
