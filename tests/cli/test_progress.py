"""Progress is for people who wait at a terminal."""

from __future__ import annotations

import io

import pytest

from extender.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr("extender.cli.progress.time.monotonic", lambda: now[0])
    return now


def test_nothing_is_shown_within_the_first_second(clock):
    """Short work shows no progress."""
    stream = Terminal()
    with Progress("replaying", 2, stream) as shown:
        clock[0] += 0.9
        shown.step("job-0")
    assert stream.getvalue() == ""


def test_long_work_shows_a_line_that_goes_away(clock):
    """After a second the line shows how far the work is; at the end it is wiped out."""
    stream = Terminal()
    with Progress("replaying", 2, stream) as shown:
        clock[0] += 1.1
        shown.step("job-0")
        assert stream.getvalue() == "\rreplaying 1/2 job-0"
    assert stream.getvalue().endswith("\r")


def test_a_file_gets_no_progress(clock):
    """Nothing is written where stderr is no terminal."""
    stream = io.StringIO()
    with Progress("replaying", 2, stream) as shown:
        clock[0] += 5
        shown.step("job-0")
    assert stream.getvalue() == ""
