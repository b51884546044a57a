"""The thread that writes: everything in order, or counted and never in the way."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from structlog.testing import capture_logs

from extender.kube.recording.file import RecordingFile
from extender.kube.recording.state import ClosedAttempt, RecordingState
from extender.service.recording.thread import MAX_ATTEMPTS, MAX_BYTES, Recorded, RecordingThread


def attempt(number, *requests):
    return ClosedAttempt(number, f"job-{number}", {}, (), requests)


class Large:
    """Stands for a request whose bytes are not worth having."""

    verb = "filter"
    body = range(MAX_BYTES - 10)
    answer = b""


class Held(RecordingFile):
    """A disk that does nothing until it is released."""

    def __init__(self, path):
        super().__init__(path, 1 << 20, 2)
        self.reached, self.release = threading.Event(), threading.Event()

    def begin(self, header):
        self.reached.set()
        assert self.release.wait(60)
        super().begin(header)


@pytest.fixture
def counts():
    return Counter()


@pytest.fixture
def make(tmp_path, counts):
    """A thread that writes to ``file``, started."""

    def build(file=None):
        file = file or RecordingFile(tmp_path / "r", 1 << 20, 2)
        thread = RecordingThread(RecordingState("1.36.2", {}), file, lambda each: counts.update([each]))
        thread.start()
        return thread

    return build


def test_all_is_written_at_the_end(make, tmp_path, counts):
    """Closing waits for what was offered, in order."""
    thread = make()
    assert all(thread.offer(attempt(number)) for number in range(5))
    thread.close()
    header, *lines = (tmp_path / "r").read_text().splitlines()
    assert "kubernetes" in header
    assert [f'"pod":"job-{number}"' in line for number, line in enumerate(lines)] == [True] * 5
    assert counts == {Recorded.WRITTEN: 5}


def test_what_does_not_fit_is_dropped_and_counted(make, tmp_path, counts):
    """A disk that hangs costs attempts, not answers."""
    file = Held(tmp_path / "r")
    thread = make(file)
    thread.offer(attempt(0))
    assert file.reached.wait(60)
    taken = [thread.offer(attempt(number)) for number in range(MAX_ATTEMPTS + 2)]
    assert taken == [True] * MAX_ATTEMPTS + [False] * 2
    assert counts == {Recorded.DROPPED: 2}
    file.release.set()
    thread.close()
    assert counts == {Recorded.DROPPED: 2, Recorded.WRITTEN: MAX_ATTEMPTS + 1}


def test_bytes_count_too(make, tmp_path, counts):
    """Requests with whole Nodes are large; a single one always fits."""
    file = Held(tmp_path / "r")
    thread = make(file)
    thread.offer(attempt(0))
    assert file.reached.wait(60)
    assert thread.offer(attempt(1, Large(), Large()))
    assert not thread.offer(attempt(2))
    assert counts == {Recorded.DROPPED: 1}
    with capture_logs() as logged:
        file.release.set()
        thread.close()
    assert counts == {Recorded.DROPPED: 1, Recorded.WRITTEN: 1, Recorded.FAILED: 1}
    assert [line["event"] for line in logged] == ["internal error: recording stopped"]


def test_a_disk_that_fails_is_said_once(make, tmp_path, counts):
    """Every attempt after that is counted, and the service goes on."""
    with capture_logs() as logged:
        thread = make(RecordingFile(tmp_path / "nowhere" / "r", 1 << 20, 2))
        for number in range(3):
            assert thread.offer(attempt(number))
        thread.close()
    assert counts == {Recorded.FAILED: 3}
    (line,) = logged
    assert line["log_level"] == "error"
    assert "nowhere" in line["problem"]
