"""What is written to the log, and how much at most."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from extender.service import logs
from extender.service.config import LogFormat, LogLevel
from extender.service.log_limit import LEFT_OUT, LINES_PER_MINUTE, MAX_CAUSES, WINDOW_SECONDS, LogLimit

LOG = structlog.stdlib.get_logger("extender.test")


@pytest.fixture
def stream():
    """What is logged, without a trace for other tests."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_of_one_cause_are_bounded(stream):
    """Others are written meanwhile, and how many were left out is said and counted."""
    clock = [1000.0]
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream, lambda: clock[0])
    for number in range(500):
        LOG.warning("bad", number=number)
        logging.getLogger("aiohttp.server").error("Error from %s", number)
    LOG.warning("other")
    assert len(lines(stream)) == 2 * LINES_PER_MINUTE + 1
    assert logs.lines_left_out() == 2 * (500 - LINES_PER_MINUTE)
    clock[0] += WINDOW_SECONDS
    LOG.warning("bad", number=501)
    told = lines(stream)[2 * LINES_PER_MINUTE + 1 :]
    assert [line["event"] for line in told] == [LEFT_OUT, LEFT_OUT, "bad"]
    assert told[0]["lines"] == told[1]["lines"] == 500 - LINES_PER_MINUTE
    assert {(line["of"], line["such_as"]) for line in told[:2]} == {
        ("extender.test", "bad"),
        ("aiohttp.server", "Error from %s"),
    }


def test_causes_are_bounded(stream):
    """Whoever makes each line another one shares one bound with all such."""
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream)
    for number in range(3000):
        logging.getLogger("asyncio").error(f"of {number}")  # noqa: G004
    assert len(lines(stream)) == MAX_CAUSES + LINES_PER_MINUTE


def test_different_errors_are_different_causes():
    """One that is frequent does not hide another."""
    limit = LogLimit(lambda: 0.0)
    passed = []
    for error in (*[ValueError()] * 100, KeyError()):
        info = (type(error), error, None)
        passed.append(limit.filter(logging.LogRecord("x", logging.ERROR, "", 0, "internal error", (), info)))
    assert passed[-1]
    assert sum(passed) == LINES_PER_MINUTE + 1


def test_debug_lines_are_all_written(stream):
    """Who asks for them wants each."""
    logs.configure(LogLevel.DEBUG, LogFormat.JSON, stream)
    for _ in range(100):
        LOG.debug("filter")
    assert len(lines(stream)) == 100


@pytest.mark.parametrize("form", LogFormat)
def test_no_values_of_variables_in_a_stack(stream, form):
    """They may hold secrets, and have no bound."""
    logs.configure(LogLevel.INFO, form, stream)

    def fail(password):
        raise ValueError("wrong")

    for logger in (LOG, logging.getLogger("aiohttp.server")):
        try:
            fail("hunter2" * 3)
        except ValueError:
            logger.exception("internal error")
    text = stream.getvalue()
    assert text.count("ValueError: wrong") == 2
    assert "in fail" in text
    assert "hunter2" * 3 not in text


@pytest.mark.parametrize("form", LogFormat)
def test_a_line_is_bounded(stream, form):
    """Long values, deep recursion and a long message of an error are cut."""

    def deep(number):
        return deeper(number)

    def deeper(number):
        return deep(number + 1)

    logs.configure(LogLevel.INFO, form, stream)
    LOG.warning("long", value="x" * 1_000_000, other=["y" * 1_000_000])
    for problem in (lambda: deep(0), lambda: int("z" * 100_000)):
        try:
            problem()
        except (RecursionError, ValueError) as error:
            LOG.error("internal error", exc_info=error)  # noqa: TRY400
    assert len(stream.getvalue()) < 12 * logs.MOST_TEXT
    if form is LogFormat.JSON:
        assert [line["event"] for line in lines(stream)] == ["long", "internal error", "internal error"]
