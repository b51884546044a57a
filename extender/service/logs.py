"""
Logs as JSON lines on stderr, from structlog and from the standard library alike.

Lines about single pods are of level debug and there is none per node; what
happens often is a metric.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, TextIO

import orjson
import structlog

from .config import LogFormat, LogLevel

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger


def configure(level: LogLevel, form: LogFormat, stream: TextIO | None = None) -> None:
    """
    Send all logging of this process to ``stream``, stderr if none is given.

    Keys of a JSON line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``event``,
    then those of the line; ``exception`` holds a stack.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(form)],
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


def _renderers(form: LogFormat) -> list[Processor]:
    if form is LogFormat.TEXT:
        return [structlog.dev.ConsoleRenderer(colors=False)]
    return [structlog.processors.format_exc_info, _json]


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Render one line, the usual keys first, anything that is no JSON as its ``str``."""
    ordered = {key: event.pop(key) for key in ("time", "level", "logger", "event") if key in event}
    return orjson.dumps({**ordered, **event}, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
