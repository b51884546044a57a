"""
Expressions that take long, or much memory, for what they cost Kubernetes.

Each exploits one kind of work. ``DEVICE`` has many attributes, for those that iterate them.
"""

from __future__ import annotations

from extender.cel import CelDevice
from extender.model import Attribute, AttributeKind
from extender.model.quantity import parse_quantity

DEVICE = CelDevice(
    "gpu.example.com",
    False,
    {
        **{f"gpu.example.com/a{index}": Attribute(AttributeKind.STRING, "x" * 64) for index in range(30)},
        "gpu.example.com/uuid": Attribute(AttributeKind.STRING, "GPU-00000000-1111-2222-3333-444444444444"),
        "gpu.example.com/driverVersion": Attribute(AttributeKind.VERSION, "580.65.6"),
    },
    {"gpu.example.com/memory": parse_quantity("80Gi")},
)

_ATTRIBUTES = "device.attributes['gpu.example.com']"
_UUID = f"{_ATTRIBUTES}.uuid"
_TEXT = "a" * 4000
_MIXED = "abbabaabbaababba" * 200


def chain(first: str, step: str, last: str, count: int = 30) -> str:
    """Bind a variable again and again: ``step`` makes the next value of ``{v}``."""
    values = [first, *(step.replace("{v}", f"v{index}") for index in range(count))]
    binds = "".join(f"cel.bind(v{index}, {value}, " for index, value in enumerate(values))
    return binds + last.replace("{v}", f"v{count}") + ")" * len(values)


def _ones(count: int) -> str:
    return f"[{','.join(['1'] * count)}]"


BOMBS: dict[str, str] = {
    "nested ranges": f"lists.range(270).all(x, lists.range(270).all(y, {_UUID} != ''))",
    "nested ranges with four terms": "lists.range(100).all(x, lists.range(100).all(y, "
    f"x >= 0 && y >= 0 && {_UUID} != '' && x + y < 300))",
    "nested ranges up to the cost limit": f"lists.range(400).all(x, lists.range(400).all(y, {_UUID} != ''))",
    "nested literals": f"{_ones(900)}.all(x, {_ones(900)}.all(y, true))",
    "absorbed errors": "lists.range(60000).all(x, 1 / 0 == x || true)",
    "long range": "lists.range(900000).size() > 1",
    "list left early": "cel.bind(a, lists.range(50000), lists.range(4000).all(x, a.exists(y, true)))",
    "map": f"lists.range(20000).map(x, {_UUID} + 'a').size() > 1",
    "map of map": _ones(900) + ".map(x, x)" * 20 + ".size() > 1",
    "filter": "lists.range(20000).filter(x, x % 2 == 0).size() > 1",
    "filter of everything": "lists.range(20000).filter(x, true).size() > 1",
    "transformList": "lists.range(20000).transformList(i, x, x).size() > 1",
    "transformMap": "lists.range(20000).transformMap(i, x, x).size() > 1",
    "transformMapEntry": "lists.range(9000).transformMapEntry(i, x, {x: i}).size() > 1",
    "sortBy": "lists.range(600).sortBy(x, -x).size() > 1",
    "sort of long texts": f"lists.range(600).map(x, '{_TEXT}' + string(600 - x)).sort().size() > 1",
    "distinct": "lists.range(700).distinct().size() > 1",
    "distinct of kinds": "lists.range(700).map(x, x > 9 ? dyn(x) : dyn(double(x))).distinct().size() > 1",
    "sum": "cel.bind(a, lists.range(3000), lists.range(300).all(x, a.sum() > 0))",
    "max": "cel.bind(a, lists.range(3000), lists.range(300).all(x, a.max() > 0))",
    "sorted": "cel.bind(a, lists.range(3000), lists.range(300).all(x, a.isSorted()))",
    "indexOf": "cel.bind(a, lists.range(3000), lists.range(300).all(x, a.indexOf(-1) < 0))",
    "lastIndexOf of lists": "cel.bind(a, lists.range(3000), lists.range(300).all(x, a.lastIndexOf(-1) < 0))",
    "in": "cel.bind(a, lists.range(3000), lists.range(300).all(x, 2999 in a))",
    "reverse": "cel.bind(a, lists.range(9000), lists.range(90).all(x, a.reverse().size() > 0))",
    "slice": "cel.bind(a, lists.range(9000), lists.range(90).all(x, a.slice(1, 9000).size() > 0))",
    "join": "lists.range(20000).map(x, 'aaaaaaaaaaaaaaaa').join().size() > 1",
    "sets": "sets.contains(lists.range(700), lists.range(700))",
    "sets of kinds": "cel.bind(a, lists.range(700), sets.contains(a.map(x, dyn(x)), a.map(x, double(x))))",
    "lists doubled": chain("[1, 2, 3, 4]", "{v} + {v}", "{v}.size() > 1"),
    "lists doubled and compared": chain("[1, 2, 3, 4]", "{v} + {v}", "{v} == {v}", 18),
    "lists of the same list": chain("[1, 1]", "[{v}, {v}]", "{v} == {v}"),
    "lists of the same list as text": chain("[1, 1]", "[{v}, {v}]", "'%s'.format([{v}]) != ''"),
    "lists of the same list flattened": chain("[1, 1]", "[{v}, {v}]", "dyn({v}).flatten(40).size() > 1"),
    "lists of the same list searched": chain("[1, 1]", "[{v}, {v}]", "{v} in [{v}]"),
    "lists of the same list traversed": chain("['', '']", "[{v}, {v}]", "{v}.indexOf([]) < 0"),
    "maps of the same map": chain("{'a': 1}", "{'a': {v}, 'b': {v}}", "{v} == {v}"),
    "texts doubled": chain("'aaaaaaaaaaaaaaaa'", "{v} + {v}", "{v}.size() > 1"),
    "texts of any type doubled": chain("dyn('aaaaaaaaaaaaaaaa')", "{v} + {v}", "size({v}) > 1"),
    "texts doubled by format": chain("'aaaa'", "'%s%s'.format([{v}, {v}])", "{v}.size() > 1"),
    "bytes in hex": chain("'aaaa'", "'%x%x'.format([{v}, {v}])", "{v}.size() > 1"),
    "digits": "lists.range(900).all(x, '%.32767f'.format([1.0 / 3.0]) != '')",
    "format": "lists.range(9000).map(x, '%s %s %s'.format([x, string(x), x])).size() > 1",
    "format of many clauses": f"{_ones(300)}.all(x, ('{'%%' * 1900}').format([]) != '')",
    "replace": f"{_ones(300)}.all(x, '{'a' * 900}'.replace('a', '{'b' * 900}').size() > 1)",
    "split": f"{_ones(300)}.all(x, '{_TEXT}'.split('').size() > 1)",
    "split and join": f"'{_TEXT}'" + ".split('').join(',')" * 6 + ".size() > 1",
    "quote": f"{_ones(900)}.all(x, strings.quote('{_TEXT}') != '')",
    "case": f"{_ones(900)}.all(x, 'É{_TEXT}'.lowerAscii() != '')",
    "trim": f"{_ones(900)}.all(x, '{' ' * 4000}'.trim() == '')",
    "lastIndexOf": f"{_ones(900)}.all(x, '{_TEXT}'.lastIndexOf('ab{'a' * 2000}') < 0)",
    "contains": f"{_ones(90)}.all(x, '{_TEXT}'.contains('{'a' * 2000}b') == false)",
    "texts compared": f"{_ones(900)}.all(x, '{_TEXT}' < '{_TEXT}b')",
    "findAll": f"{_ones(200)}.all(x, ('{_TEXT}' + {_UUID}).findAll('a').size() > 1)",
    "findAll of nothing": f"{_ones(200)}.all(x, '{_TEXT}'.findAll('').size() > 1)",
    "findAll to the end": f"{_ones(200)}.all(x, '{_TEXT}'.findAll('a(.*b)?').size() > 1)",
    "states of a search": f"{_ones(900)}.all(x, ('{_MIXED}' + string(x)).matches('(a|b)*a(a|b){{20}}c'))",
    "many states of a search": f"{_ones(90)}.all(x, '{_MIXED}'.matches('(a|b)*a(a|b){{500}}c') == false)",
    "patterns made": "lists.range(9000).all(x, 'a'.matches(string(x)) || true)",
    "large patterns made": "lists.range(900).all(x, 'a'.matches('a{900}' + string(x)) || true)",
    "categories": "'a'.matches('" + "\\\\pL" * 1800 + "')",
    "repeated categories": "'a'.matches('\\\\pL{900}\\\\pN{900}')",
    "repeated characters": "'a'.matches('" + ".{1000}" * 40 + "')",
    "groups": "'" + _TEXT + "'.findAll('" + "(a)" * 600 + "').size() > 0",
    "urls": f"{_ones(900)}.all(x, url('https://a.b/{'c/' * 400}?{'a=b&' * 400}').getQuery().size() > 0)",
    "escaped urls": f"{_ones(900)}.all(x, url('https://a.b/{'%41' * 900}').getEscapedPath() != '')",
    "hosts": f"{_ones(900)}.all(x, isURL('https://{'a' * 3000}/'))",
    "networks": "lists.range(9000).all(x, cidr('fd00::/8').containsIP('fd00::1'))",
    "versions": f"{_ones(900)}.all(x, semver('1.2.3-{'1.' * 1500}b') != semver('1.2.3-{'1.' * 1500}c'))",
    "versions made": "lists.range(9000).all(x, semver(string(x) + '.0.0').major() == x)",
    "quantities": "lists.range(9000).all(x, quantity('99999999999999999999Ei').sub(x).isInteger() == false)",
    "quantities made": "lists.range(9000).all(x, quantity(string(x) + 'Ki').asInteger() >= 0)",
    "durations": f"{_ones(900)}.all(x, duration('{'1ns' * 900}').getSeconds() == 0)",
    "times": "lists.range(9000).all(x, timestamp('2020-01-01T00:00:00Z').getFullYear('+01:00') == 2020)",
    "times as text": "lists.range(9000).all(x, string(timestamp(x)) != '')",
    "named formats": f"{_ones(900)}.all(x, format.uri().validate('/{'a' * 4000}').hasValue() == false)",
    "conversions": "lists.range(9000).all(x, int(string(double(string(x)))) == x)",
    "optionals": "lists.range(9000).all(x, optional.of(x).optMap(y, y + 1).orValue(0) > 0)",
    "attributes": f"{_ATTRIBUTES}.all(a, {_ATTRIBUTES}.all(b, {_ATTRIBUTES}.all(c, a != 'x')))",
    "attributes made": f"lists.range(900).all(x, {_ATTRIBUTES}.transformMap(k, v, k).size() > 1)",
    "5,000 literals": _ones(5000) + ".size() > 1",
    "1,400 terms": "||".join(["false"] * 1400),
    "macros": "||".join(["[1].all(x,x<0)"] * 600),
    "optionals expanded": "optional.of(1)" + ".optMap(x, x)" * 10 + ".hasValue()",
    "deep lists": "||".join(["[" * 30 + "1" + "]" * 30 + "==" + "[" * 30 + "2" + "]" * 30] * 60),
    "types doubled": chain("[1]", "{{v}: {v}}", "true"),
    "types of types": chain("[]", "[{v}, [{v}]]", "true", 15),
    "binds around many terms": chain("1", "1", "||".join(["false"] * 1000)),
}
"""By what is exploited."""
