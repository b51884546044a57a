"""
Functions of durations and timestamps.

Named time zones are not modelled: what they mean depends on the files of the scheduler's image.

Source: github.com/google/cel-go common/stdlib/standard.go, cel/library.go (timeUTCLibrary) and
common/types/timestamp.go, v0.26 and v0.29.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from extender.model.integers import parse_int64

from ..checking.declarations import Charging, Function, Implementation, function, overload
from ..errors import EvaluationError, Unpredictable
from ..values.times import (
    CALENDAR_UNITS,
    SECOND,
    Calendar,
    Duration,
    Timestamp,
    calendar,
    duration_part,
    parse_duration,
    parse_timestamp,
    timestamp_of,
)
from ..values.values import MIN_INT
from ..work import Work
from .conversions import conversion_failed

_ZONE = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_+/-]*")
_MILLISECOND = SECOND // 1000
_CALENDAR_PARTS: dict[str, Callable[[Calendar], int]] = {
    "getDate": lambda at: at.day,
    "getDayOfMonth": lambda at: at.day - 1,
    "getDayOfWeek": lambda at: at.weekday,
    "getDayOfYear": lambda at: at.day_of_year,
    "getFullYear": lambda at: at.year,
    "getMonth": lambda at: at.month - 1,
    "getHours": lambda at: at.hour,
    "getMinutes": lambda at: at.minute,
    "getSeconds": lambda at: at.second,
}
_DURATION_PARTS = {"getHours": 3600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND}


def _duration(work: Work, text: str) -> Duration:
    work.charge(5 + len(text))
    duration = parse_duration(text)
    if duration is None:
        raise conversion_failed(text, "google.protobuf.Duration")
    return duration


def _no_duration(number: int) -> Duration:
    """Refuse a number; cel-go 0.26 declares the conversion all the same."""
    raise conversion_failed(number, "google.protobuf.Duration")


def _timestamp(work: Work, text: str) -> Timestamp:
    work.charge(10 + (len(text) >> 8))
    timestamp = parse_timestamp(text)
    if timestamp is None:
        raise conversion_failed(text, "google.protobuf.Timestamp")
    return timestamp


def _same(value: object) -> object:
    return value


def _zone_offset(zone: str) -> int:
    """Return the offset in seconds of ``"+05:30"`` or UTC."""
    if ":" not in zone:
        if zone in ("", "UTC"):
            return 0
        if not _ZONE.fullmatch(zone):
            raise EvaluationError(f"unknown time zone {zone}")
        raise Unpredictable("named time zones are not modelled")
    hours_text, _, minutes_text = zone.partition(":")
    hours, minutes = _number(hours_text), _number(minutes_text)
    total = hours * 60 - minutes if zone[0] == "-" else hours * 60 + minutes
    return duration_part(Duration(_wrapped(_wrapped(total) * 60 * SECOND)), SECOND)


def _number(text: str) -> int:
    value = parse_int64(text)
    if value is None:
        raise EvaluationError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return value


def _wrapped(value: int) -> int:
    """Keep the low 64 bits, as Go's multiplication does."""
    return (value - MIN_INT) % 2**64 + MIN_INT


def _part(name: str) -> Function:
    if name == "getMilliseconds":
        return _milliseconds()
    read = _CALENDAR_PARTS[name]

    def in_utc(work: Work, timestamp: Timestamp) -> int:
        work.charge(CALENDAR_UNITS)
        return read(calendar(timestamp.seconds))

    def in_zone(work: Work, timestamp: Timestamp, zone: str) -> int:
        work.charge(2 * CALENDAR_UNITS + (len(zone) >> 4))
        return read(calendar(timestamp.seconds + _zone_offset(zone)))

    overloads = [
        overload("Timestamp.() -> int", Charging(in_utc)),
        overload("Timestamp.(string) -> int", Charging(in_zone)),
    ]
    unit = _DURATION_PARTS.get(name)
    if unit is not None:
        overloads.append(overload("Duration.() -> int", _duration_part(unit)))
    return function(name, *overloads)


def _duration_part(unit: int) -> Implementation:
    return lambda duration: duration_part(duration, unit)


def _milliseconds() -> Function:
    def in_zone(work: Work, timestamp: Timestamp, zone: str) -> int:
        work.charge(CALENDAR_UNITS + (len(zone) >> 4))
        _zone_offset(zone)
        return timestamp.nanos // _MILLISECOND

    def of_duration(duration: Duration) -> int:
        whole = abs(duration.nanos) // _MILLISECOND
        return -whole if duration.nanos < 0 else whole

    return function(
        "getMilliseconds",
        overload("Timestamp.() -> int", lambda timestamp: timestamp.nanos // _MILLISECOND),
        overload("Timestamp.(string) -> int", Charging(in_zone)),
        overload("Duration.() -> int", of_duration),
    )


def time_functions(*, number_to_duration: bool) -> tuple[Function, ...]:
    """
    Declare the functions.

    ``number_to_duration``: there is a ``duration(int)``, which always fails.
    """
    durations = [overload("(Duration) -> Duration", _same)]
    if number_to_duration:
        durations.append(overload("(int) -> Duration", _no_duration))
    return (
        function("duration", *durations, overload("(string) -> Duration", Charging(_duration))),
        function(
            "timestamp",
            overload("(Timestamp) -> Timestamp", _same),
            overload("(int) -> Timestamp", timestamp_of),
            overload("(string) -> Timestamp", Charging(_timestamp)),
        ),
        *(_part(name) for name in (*_CALENDAR_PARTS, "getMilliseconds")),
    )
