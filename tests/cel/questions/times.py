"""
Times and durations: what is one, how it is written, its parts, and sums at the edges of the range.
"""

from __future__ import annotations

from tests.cel.questions.question import Question, at_run_time, quoted, showing

_TIMESTAMPS = (
    "2020-01-02T03:04:05Z",
    "2020-01-02T03:04:05.6Z",
    "2020-01-02T03:04:05.123456789Z",
    "2020-01-02T03:04:05.1234567891Z",
    "2020-01-02T03:04:05,5Z",
    "2020-01-02T03:04:05.Z",
    "2020-01-02T03:04:05+05:30",
    "2020-01-02T03:04:05-00:00",
    "2020-01-02T03:04:05.25-08:00",
    "2020-01-02T03:04:05+24:00",
    "2020-01-02T03:04:05+23:60",
    "2020-01-02T03:04:05+25:00",
    "2020-01-02T3:04:05Z",
    "2020-01-02T03:04:60Z",
    "2020-01-02T24:00:00Z",
    "2020-01-02 03:04:05Z",
    "2020-01-02t03:04:05z",
    "2020-02-29T00:00:00Z",
    "2021-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2000-02-29T23:59:59Z",
    "2020-13-01T00:00:00Z",
    "2020-04-31T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0000-12-31T23:59:59Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-00:01",
    "10000-01-01T00:00:00Z",
    "1969-12-31T23:59:59.5Z",
    "2020-01-02",
    "",
)
_DURATIONS = (
    "0",
    "0s",
    "-0",
    "1s",
    "1h2m3s",
    "1.5h",
    ".5s",
    "1.s",
    ".s",
    "+2m",
    "-2m3.5s",
    "--1s",
    "1ms",
    "1us",
    "1µs",
    "1μs",
    "1ns",
    "0.1ns",
    "1.000000001s",
    "0.3333333333333333333h",
    "1.99999999999999999999s",
    "3s2h",
    "1d",
    "1 s",
    "s",
    "1",
    "",
    "-",
    "2562047h47m16.854775807s",
    "2562047h47m16.854775808s",
    "-2562047h47m16.854775808s",
    "-2562047h47m16.854775809s",
    "9223372036854775807ns",
    "9223372036854775808ns",
    "00000000000000000000001s",
    "99999999999999999999s",
)
_PARTS = (
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
)
_ZONES = ("", "UTC", "+05:30", "05:30", "-08:00", "-00:30", "+99:99", "1:2", "a:b", "+:", "No/Such Zone", "!")
_OPERATIONS = {
    "later": "timestamp('2020-02-28T23:59:59.5Z') + duration('1.5s')",
    "later-with-the-duration-first": "duration('-1ns') + timestamp('1970-01-01T00:00:00Z')",
    "earlier": "timestamp('2020-03-01T00:00:00+01:00') - duration('24h')",
    "beyond-the-last-year": "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
    "before-the-first-year": "timestamp('0001-01-01T00:00:00Z') - duration('1ns')",
    "between": "timestamp('2020-03-01T00:00:00.25Z') - timestamp('2020-02-28T00:00:00Z')",
    "between-backwards": "timestamp('1970-01-01T00:00:00Z') - timestamp('1970-01-01T00:00:00.5Z')",
    "between-too-far": "timestamp('9999-01-01T00:00:00Z') - timestamp('0001-01-01T00:00:00Z')",
    "between-zones": "timestamp('2020-01-01T00:00:00+02:00') - timestamp('2020-01-01T00:00:00Z')",
    "sum": "duration('1h') + duration('-30m')",
    "sum-too-large": "duration('2562047h') + duration('2562047h')",
    "difference": "duration('1s') - duration('1.5s')",
    "difference-too-large": "duration('-2562047h') - duration('2562047h')",
    "negated-smallest": "timestamp('2020-01-01T00:00:00Z') - duration('-2562047h47m16.854775808s')",
    "negated": "-dyn(duration('1.5s'))",
    "negated-smallest-duration": "-dyn(duration('-2562047h47m16.854775808s'))",
    "time-and-number": "dyn(timestamp(0)) + dyn(1)",
    "duration-and-number": "dyn(duration('1s')) - dyn(1)",
    "time-minus-text": "dyn(timestamp(0)) - dyn('1s')",
    "number-of-time": "int(timestamp('1969-12-31T23:59:59.9Z'))",
    "number-of-duration": "int(dyn(duration('1.5s')))",
    "time-of-number": "timestamp(253402300799)",
    "time-of-number-too-late": "timestamp(253402300800)",
    "time-of-number-too-early": "timestamp(-62135596801)",
    "time-of-time": "timestamp(timestamp('2020-01-01T00:00:00+01:00'))",
    "duration-of-duration": "duration(duration('1.5s'))",
    "nested": "[duration('1.5s')] + [duration('-90m')]",
    "nested-time": "{'t': timestamp('2020-01-01T00:00:00.5-03:00')}",
    "of-list": "[timestamp(2), timestamp(1)].sort()",
    "largest": "[duration('1s'), duration('1m'), duration('2s')].max()",
    "sum-of-list": "[duration('1s'), duration('1m')].sum()",
}
_CONDITIONS = {
    "equal-in-zones": "timestamp('2020-01-01T02:00:00+02:00') == timestamp('2020-01-01T00:00:00Z')",
    "order": "timestamp('2020-01-01T00:00:00Z') < timestamp('2020-01-01T00:00:00.000000001Z')",
    "order-of-durations": "duration('60s') <= duration('1m') && duration('-1s') < duration('0')",
    "unequal-kinds": "dyn(duration('1s')) == dyn(timestamp(1))",
    "order-of-kinds": "dyn(duration('1s')) < dyn(timestamp(1))",
    "zero-value": "optional.ofNonZeroValue(duration('0')).hasValue()",
    "zero-time": "optional.ofNonZeroValue(timestamp('0001-01-01T00:00:00Z')).hasValue()",
    "zero-time-in-a-zone": "optional.ofNonZeroValue(timestamp('0001-01-01T01:00:00+01:00')).hasValue()",
    "as-key": "duration('60s') in {duration('1m'): 1}",
    "duration-of-number": "duration(1) == duration('1s')",
    "duration-of-dyn-number": "duration(dyn(1)) == duration('1s')",
}


def questions() -> list[Question]:
    """All of them."""
    moments = ("2020-02-29T23:30:15.987654321Z", "0001-01-01T00:30:00Z", "1969-12-31T23:59:59.9+01:00")
    asked = [showing(f"times-of-{text or 'nothing'}", at_run_time("timestamp", text)) for text in _TIMESTAMPS]
    asked += [
        showing(f"durations-of-{text or 'nothing'}", at_run_time("duration", text)) for text in _DURATIONS
    ]
    asked += [
        showing(f"times-parts-of-{moment}", _parts(f"timestamp('{moment}')", _PARTS)) for moment in moments
    ]
    asked += [
        showing(f"durations-parts-of-{text}", _parts(f"duration('{text}')", _PARTS[6:]))
        for text in ("0", "1h30m59.9s", "-1h30m59.9s", "2562047h47m16.854775807s")
    ]
    asked += [
        showing(
            f"times-in-zone-{zone or 'nothing'}", _parts(f"timestamp('{moments[0]}')", _PARTS, quoted(zone))
        )
        for zone in _ZONES
    ]
    asked.append(
        showing(
            "times-in-zone-of-a-city", f"timestamp('{moments[0]}').getHours('Europe/Berlin')", unknown=True
        )
    )
    asked += [showing(f"times-{name}", term) for name, term in _OPERATIONS.items()]
    asked += [Question(f"times-{name}", condition) for name, condition in _CONDITIONS.items()]
    return asked


def _parts(value: str, functions: tuple[str, ...], argument: str = "") -> str:
    return f"[{', '.join(f'{value}.{function}({argument})' for function in functions)}]"
