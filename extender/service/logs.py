"""
Logs as JSON lines on stderr, from structlog and from the standard library alike.

Lines about single pods are of level debug and there is none per node; what
happens often is a metric. What one cause may write is bounded.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

import orjson
import structlog

from .config import LogFormat, LogLevel
from .log_limit import LogLimit

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

MOST_TEXT = 4_000
"""Characters of a value in a line, and of each end of a stack; the rest is left out."""

MOST_FRAMES = 30
"""Innermost frames of a stack that are told, of each exception in its chain."""


def configure(
    level: LogLevel,
    form: LogFormat,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """
    Send all logging of this process to ``stream``, stderr if none is given.

    Keys of a JSON line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``event``,
    then those of the line; ``exception`` holds a stack. ``clock`` is in seconds.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.addFilter(LogLimit(clock))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(_stack),
                _bounded,
                _renderer(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def lines_left_out() -> int:
    """How many lines were left out since logging was configured."""
    filters = (each for handler in logging.getLogger().handlers for each in handler.filters)
    return sum(each.left_out for each in filters if isinstance(each, LogLimit))


def _renderer(form: LogFormat) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=False) if form is LogFormat.TEXT else _json


def _stack(exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> str:
    """Return a stack without the values of variables, which may be secret."""
    text = "".join(traceback.format_exception(*exc_info, limit=-MOST_FRAMES)).rstrip("\n")
    if len(text) <= 2 * MOST_TEXT:
        return text
    return f"{text[:MOST_TEXT]}\n...\n{text[-MOST_TEXT:]}"


def _bounded(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut long values."""
    for key, value in event.items():
        if key != "exception" and not isinstance(value, int | float | None):
            text = value if isinstance(value, str) else repr(value)
            if len(text) > MOST_TEXT:
                event[key] = f"{text[:MOST_TEXT]}..."
    return event


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Render one line, the usual keys first, anything that is no JSON as its ``str``."""
    ordered = {key: event.pop(key) for key in ("time", "level", "logger", "event") if key in event}
    return orjson.dumps({**ordered, **event}, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
