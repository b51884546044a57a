"""
Durations and timestamps as CEL values.

Source: github.com/google/cel-go common/types/duration.go, timestamp.go and overflow.go, v0.26,
and Go's time.Parse (RFC 3339), time.ParseDuration and time.Format.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import EvaluationError
from .doubles import plain_text
from .values import MAX_INT, MIN_INT

SECOND = 1_000_000_000
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = re.compile(r"(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?(?P<unit>[^.0-9]+)")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_DAY = 86400
_MIN_SECONDS = -62135596800  # 0001-01-01T00:00:00Z
_MAX_SECONDS = 253402300799  # 9999-12-31T23:59:59Z
CALENDAR_UNITS = 6
"""The work of finding the date of a point in time."""

_MONTH_STARTS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


class Duration(NamedTuple):
    """A span of time, in 64 bits."""

    nanos: int


class Timestamp(NamedTuple):
    """
    A point in time: seconds since 1970, and nanoseconds from 0 to a second.

    ``offset`` is that of the time zone it was written in, in seconds: it shows when the timestamp
    is written again.
    """

    seconds: int
    nanos: int
    offset: int = 0


class Calendar(NamedTuple):
    """A point in time as calendar and clock of a time zone show it; ``month`` and ``day`` start at 1."""

    year: int
    month: int
    day: int
    day_of_year: int
    weekday: int
    hour: int
    minute: int
    second: int


def parse_duration(text: str) -> Duration | None:
    """Read ``"1h30m"`` or ``"-1.5s"``; ``None`` for what is none or out of range."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(0)
    total = position = 0
    while position < len(rest):
        match = _PART.match(rest, position)
        part = _nanos(match) if match is not None else None
        if match is None or part is None or total + part > 2**63:
            return None
        total += part
        position = match.end()
    negative = text[:1] == "-"
    if not rest or (total == 2**63 and not negative):
        return None
    return Duration(-total if negative else total)


def _nanos(match: re.Match[str]) -> int | None:
    whole, fraction, unit = match["whole"], match["fraction"] or "", _UNITS.get(match["unit"])
    if unit is None or not (whole or fraction):
        return None
    value = int(whole[-40:] or "0") if len(whole.lstrip("0")) <= 19 else 2**64
    if value > 2**63 // unit:
        return None
    nanos = value * unit
    numerator, scale = _fraction(fraction)
    if numerator:
        # Upstream computes in floating point.
        nanos += int(float(numerator) * (float(unit) / scale))
    return nanos if nanos <= 2**63 else None


def _fraction(digits: str) -> tuple[int, float]:
    """The digits after the point as far as 63 bits go, and by how much to divide them."""
    numerator, scale = 0, 1.0
    for digit in digits:
        if numerator > (2**63 - 1) // 10 or numerator * 10 + int(digit) > 2**63:
            break
        numerator = numerator * 10 + int(digit)
        scale *= 10
    return numerator, scale


def duration_text(duration: Duration) -> str:
    """Write a duration in seconds: ``"5400s"``."""
    seconds, nanos = _split(duration.nanos, SECOND)
    return f"{plain_text(float(seconds) + float(nanos) / 1e9)}s"


def duration_part(duration: Duration, unit: int) -> int:
    """Return how many whole units a duration has, with upstream's rounding to a double."""
    whole, rest = _split(duration.nanos, unit)
    return int(float(whole) + float(rest) / float(unit))


def _split(value: int, by: int) -> tuple[int, int]:
    """Quotient and remainder, both towards zero."""
    quotient = abs(value) // by
    quotient = -quotient if value < 0 else quotient
    return quotient, value - quotient * by


def parse_timestamp(text: str) -> Timestamp | None:
    """
    Read ``"2020-01-02T03:04:05.6+05:30"``; ``None`` for what is none.

    Raises ``EvaluationError`` if it is out of the range of timestamps.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[index]) for index in range(1, 7))
    offset_hours, offset_minutes = int(match[9] or 0), int(match[10] or 0)
    if hour > 23 or minute > 59 or second > 59 or offset_hours > 24 or offset_minutes > 60:
        return None
    if not 1 <= month <= 12 or not 1 <= day <= _month_length(year, month):
        return None
    offset = (offset_hours * 60 + offset_minutes) * 60 * (-1 if match[8] == "-" else 1)
    days = _days_before(year) + _month_start(year, month) + day - 1
    seconds = days * _DAY + hour * 3600 + minute * 60 + second - offset
    return Timestamp(_in_range(seconds), int((match[7] or "")[:9].ljust(9, "0")), offset)


def timestamp_of(seconds: int) -> Timestamp:
    """Return a timestamp in UTC; raises ``EvaluationError`` if it is out of range."""
    return Timestamp(_in_range(seconds), 0)


def timestamp_text(timestamp: Timestamp) -> str:
    """Write a timestamp in its own time zone: ``"2020-01-02T03:04:05.6+05:30"``."""
    at = calendar(timestamp.seconds + timestamp.offset)
    fraction = f".{timestamp.nanos:09d}".rstrip("0") if timestamp.nanos else ""
    minutes = abs(timestamp.offset) // 60
    zone = f"{'-' if timestamp.offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
    return (
        f"{at.year:04d}-{at.month:02d}-{at.day:02d}T{at.hour:02d}:{at.minute:02d}:{at.second:02d}"
        f"{fraction}{zone if timestamp.offset else 'Z'}"
    )


def calendar(seconds: int) -> Calendar:
    """Return what calendar and clock show so many seconds after 1970 began."""
    days, rest = divmod(seconds, _DAY)
    year = 1970 + days * 400 // 146097
    while days < _days_before(year):
        year -= 1
    while days >= _days_before(year + 1):
        year += 1
    day_of_year = days - _days_before(year)
    month = next(month for month in range(12, 0, -1) if day_of_year >= _month_start(year, month))
    day = day_of_year - _month_start(year, month) + 1
    return Calendar(year, month, day, day_of_year, (days + 4) % 7, rest // 3600, rest // 60 % 60, rest % 60)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _month_start(year: int, month: int) -> int:
    """The number of days of the year before the month."""
    return _MONTH_STARTS[month - 1] + (month > 2 and _is_leap(year))


def _month_length(year: int, month: int) -> int:
    return _MONTH_STARTS[month] - _MONTH_STARTS[month - 1] + (month == 2 and _is_leap(year))


def _days_before(year: int) -> int:
    """The number of days from 1970 to the start of the year."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 - 719162


def _in_range(seconds: int) -> int:
    if _MIN_SECONDS <= seconds <= _MAX_SECONDS:
        return seconds
    raise EvaluationError("timestamp overflow")


def checked_duration(nanos: int) -> Duration:
    """Return a duration; raises ``EvaluationError`` if it does not fit 64 bits."""
    if MIN_INT <= nanos <= MAX_INT:
        return Duration(nanos)
    raise EvaluationError("integer overflow")


def shifted(timestamp: Timestamp, by: int) -> Timestamp:
    """Return the point in time so many nanoseconds later, in the same time zone."""
    carry, nanos = divmod(timestamp.nanos + by, SECOND)
    return Timestamp(_in_range(timestamp.seconds + carry), nanos, timestamp.offset)


def between(later: Timestamp, earlier: Timestamp) -> Duration:
    """Return how much time lies between two points."""
    seconds = (later.seconds - earlier.seconds) * SECOND
    return checked_duration(checked_duration(seconds).nanos + later.nanos - earlier.nanos)
