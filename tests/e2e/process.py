"""
A program of the control plane as a process: started, waited for, ended by its pid.

Where the process that started it dies, however it does, the program ends, too.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 120.0
"""A small machine that also builds something takes its time."""
STOP_SECONDS = 20.0
_TAIL = 3000
_WATCH = 'read -r ended || kill -KILL "-$1"'
"""A shell that reads from us until we write a line, or are no more and have left the program behind."""
_UNCHECKED = ssl._create_unverified_context()


class NotReady(Exception):
    """A program ended or did not answer; the text has the last lines of its log."""


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """A running program. ``log`` has all that it writes; ``watch`` ends it if we cannot."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    watch: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    def wait_ready(self, url: str, seconds: float = READY_SECONDS) -> None:
        """Return when ``url`` answers 200; ``NotReady``."""
        deadline = time.monotonic() + seconds
        while not _answers(url):
            status = self.popen.poll()
            if status is not None:
                raise NotReady(f"{self.name} ended with status {status}; {self.log} ends with\n{self.tail()}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name}: no answer from {url} in {seconds:g} s; log:\n{self.tail()}")
            time.sleep(0.05)

    def stop(self) -> int:
        """Ask it to end, insist where it does not, and return its status."""
        self.popen.terminate()
        try:
            status = self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()
        self._unwatch()
        return status

    def kill(self) -> int:
        """End it without a chance to clean up."""
        self.popen.kill()
        status = self.popen.wait()
        self._unwatch()
        return status

    def _unwatch(self) -> None:
        if self.watch.poll() is None:
            self.watch.communicate(b"ended\n")

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]


def start(name: str, command: Sequence[str | Path], log: Path) -> Process:
    """Start a program in a session of its own, so that Ctrl-C reaches only the tests, which end it."""
    with log.open("ab") as output:
        popen = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    watch = subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "watch", str(popen.pid)], stdin=subprocess.PIPE, start_new_session=True
    )
    return Process(name, popen, log, watch)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5, context=_UNCHECKED) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
