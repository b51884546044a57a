"""Progress is for people who wait at a terminal."""

from __future__ import annotations

import io
import threading

import pytest

from extender.cli.progress import Progress

DEADLINE = 30.0
"""Seconds to wait for a line, which comes at once where the machine is not busy."""


class Terminal(io.StringIO):
    """Tells when a text was written."""

    def __init__(self):
        super().__init__()
        self.written = threading.Condition()

    def isatty(self):
        return True

    def write(self, text):
        with self.written:
            super().write(text)
            self.written.notify_all()
        return len(text)

    def shows(self, text):
        with self.written:
            return self.written.wait_for(lambda: text in self.getvalue(), DEADLINE)


@pytest.fixture
def _hasty(monkeypatch):
    """Lines are shown at once."""
    monkeypatch.setattr("extender.cli.progress._QUIET_SECONDS", 0.001)


def test_short_work_shows_nothing():
    """It ends before the line would come."""
    stream = Terminal()
    with Progress("replaying", 2, stream) as shown:
        shown.step("job-0")
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("_hasty")
def test_long_work_shows_a_line_that_goes_away():
    """The line shows how far the work is; at the end it is wiped out."""
    stream = Terminal()
    with Progress("replaying", 2, stream) as shown:
        shown.step("job-0")
        assert stream.shows("\rreplaying 1/2 job-0 (0 s)")
    assert stream.getvalue().endswith(" \r")


@pytest.mark.usefixtures("_hasty")
def test_work_of_which_nothing_is_done_yet_shows_a_line():
    """A step may take long, and what cannot be counted has none."""
    stream = Terminal()
    with Progress("reading", stream=stream):
        assert stream.shows("\rreading (0 s)")


@pytest.mark.usefixtures("_hasty")
def test_an_error_wipes_the_line_out():
    """What is said of it begins at the start of a line."""
    stream = Terminal()

    def fail():
        with Progress("reading", stream=stream):
            assert stream.shows("reading")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert stream.getvalue().endswith(" \r")


@pytest.mark.usefixtures("_hasty")
def test_a_file_gets_no_progress():
    """Nothing is written where stderr is no terminal."""
    stream = io.StringIO()
    before = threading.active_count()
    with Progress("replaying", 2, stream) as shown:
        shown.step("job-0")
        assert threading.active_count() == before
    assert stream.getvalue() == ""
