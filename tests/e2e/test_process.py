"""Programs end with the process that started them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.process import start

PROGRAM = ("/bin/sh", "-c", "sleep 600 & echo $!; wait")
"""A program with a child of its own, whose pid it writes."""

STARTED = f"""
import os, sys, time
from pathlib import Path
from tests.e2e.process import start
log = Path(sys.argv[1])
program = start("program", {PROGRAM!r}, log)
while not log.read_text().endswith("\\n"):
    time.sleep(0.01)
print(program.pid, log.read_text(), flush=True)
sys.stdin.read(1)
os._exit(1)
"""


def runs(pid: int) -> bool:
    """Whether a process works; one that ended may still be listed."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("killed", [False, True], ids=["exits", "is killed"])
def test_nothing_is_left_by_a_process_that_dies(tmp_path, killed):
    """It exits without a chance to clean up, as after a time limit: the program and its child are ended."""
    command = [sys.executable, "-c", STARTED, str(tmp_path / "log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert [runs(pid) for pid in pids] == [True, True]
        if killed:
            parent.kill()
        parent.communicate("x" if not killed else None)
    deadline = time.monotonic() + 10
    while any(map(runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [runs(pid) for pid in pids] == [False, False]


def test_a_program_that_is_stopped_is_not_watched_any_more(tmp_path):
    """The watch ends without killing whoever has the program's pid next."""
    program = start("program", ["/bin/sleep", "600"], tmp_path / "log")
    program.stop()
    assert (program.popen.poll(), program.watch.poll()) == (-15, 0)
