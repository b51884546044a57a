"""
Conditions at the cost limit, one per kind of step that costs.

Most of the limit is used up by a call that is cheap for what it costs, so that a few hundred steps of
the kind in question reach it.
"""

from __future__ import annotations

from tests.cel.questions.question import GPU, Limit, Question

_NEARLY_ALL = "lists.range(706).sort().size() > 1"
_MOST = "lists.range(680).sort().size() > 1"

_SELECTIONS = {
    "select": f"{GPU}.s != ''",
    "index": f"{GPU}['i'] >= 0",
    "index-by-variable": "[x, 1][x - x] >= 0",
    "index-out-of-bounds": "[x, 1][x + 2] >= 0 || true",
    "index-by-string-variable": f"['s', 'v'].all(k, type({GPU}[k]) != int)",
    "missing": f"{GPU}.none == 1 || x >= 0",
    "missing-domain": "device.attributes['none'].s == 1 || x >= 0",
    "has": f"has({GPU}.s)",
    "has-not": f"!has({GPU}.none)",
    "has-in-map": "has({'a': x}.a)",
    "optional-select": f"{GPU}.?s.hasValue()",
    "optional-missing": f"{GPU}.?none.orValue('') == ''",
    "optional-chain": "device.attributes[?'none'].?s.hasValue() == false",
    "optional-index": "[x, 1][?x].orValue(1) >= 0",
    "optional-map": "optional.of({'a': x}).?a.hasValue()",
    "optional-map-missing": "optional.of({'a': x}).?b.hasValue() == false",
    "has-optional": "has(optional.of({'a': x}).a)",
    "has-optional-missing": "!has(optional.of({'a': x}).b)",
    "select-of-conditional": "(x > 5 ? {'a': 1} : {'b': 1}).?a.orValue(2) > 0",
    "device-of-conditional": "(x > 5 ? device : device).attributes['gpu.nvidia.com'].i == 3",
    "has-of-conditional": "has((x > 5 ? {'a': 1} : {'b': 1}).a) || true",
    "has-as-branch": "(x % 2 == 0 ? has({'a': 1}.a) : has({'b': 1}.a)) || true",
    "conditional-key": f"{GPU}[x > 5 ? 's' : 'v'] != 1",
    "invalid-key": f"{GPU}[dyn([x])] == 1 || true",
    "key-in-attributes": f"'i' in {GPU}",
    "capacity": "device.capacity['gpu.nvidia.com'].m == quantity('40Gi')",
    "driver": "device.driver != ''",
    "sharing": "device.allowMultipleAllocations",
}

_CALLS = {
    "arithmetic": "x * 2 + 1 - x > 0",
    "division-by-zero": "x / 0 == 1 || true",
    "negation": "!(-x > 0)",
    "mixed-numbers": "x >= 0.5 || x <= 1u",
    "no-overload": "dyn('a') < dyn(x) || true",
    "no-overload-of-member": "dyn(x).startsWith('a') || true",
    "failing-operand": f"'a'.contains({GPU}.none) || true",
    "failing-first-of-three": f"'a'.substring({GPU}.none, x) == '' || true",
    "conditional": "x == 1 ? x > 0 : x >= 0",
    "failing-conditional": f"({GPU}.none ? true : false) || true",
    "equal-to-constant": "x == 3 || true",
    "equal-lists": "[x, 1] == [x, 1]",
    "unequal-maps": "{'a': x} != {'a': -1}",
    "equal-strings": f"{GPU}.s == {GPU}.s",
    "equal-quantities": "quantity('1') == quantity('1')",
    "in-constants": "x in [1, 2, 3] || true",
    "in-list": "x in [x, 1]",
    "in-map": "x in {x: 1}",
    "in-range": "x in lists.range(5) || true",
    "conversions": "int(string(x)) == x && double(x) >= 0.0 && uint(x) >= 0u",
    "bytes": "string(bytes('abc') + b'd') == 'abcd'",
    "type": "type(x) == int",
    "format": "'%s and %d'.format([x, x]) != ''",
    "matches": "string(x).matches('^[0-9]+$')",
    "matches-of-variable": "['[a-z]', '[0-9]'].exists(p, string(x).matches(p))",
    "contains": "(string(x) + 'abc').contains('bc')",
    "starts-and-ends": f"{GPU}.s.startsWith('ab') && {GPU}.s.endsWith('bc')",
    "replace": "'a,b,c'.replace(',', '') == 'abc'",
    "split-and-join": "'a,b,c'.split(',').join('') == 'abc'",
    "substring": "'abcdef'.substring(1, 3) == 'bc' && 'abc'.charAt(0) == 'a'",
    "case-and-trim": "' AbC '.trim().lowerAscii().upperAscii() == 'ABC'",
    "find": "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+').size() == 2",
    "index-of": "'abcabc'.indexOf('b') == 1 && 'abcabc'.lastIndexOf('b') == 4",
    "quote": "strings.quote('a\"b') != ''",
    "quantities": "quantity('1Gi').add(x).isGreaterThan(quantity('1')) && sign(quantity('1')) == 1",
    "versions": "semver('1.2.3').isLessThan(semver('2.0.0')) && isSemver('1.2.3')",
    "addresses": "ip('10.0.0.1').family() == 4 && isIP('10.0.0.1') && ip.isCanonical('10.0.0.1')",
    "networks": "cidr('10.0.0.0/8').containsIP('10.0.0.1') && cidr('10.0.0.0/8').containsIP(ip('10.0.0.1'))",
    "networks-in-networks": "cidr('fd00::/8').containsCIDR('fd00::/16') && cidr('fd00::/8') != cidr('::/0')",
    "urls": "url('https://a.b/c?d=e').getHost() == 'a.b' && isURL('/a')",
    "durations": "duration('1h') + duration('1m') > duration('1s')",
    "timestamps": "timestamp('2020-01-01T00:00:00Z').getFullYear() == 2020",
    "named-format": "!format.dns1123Label().validate('abc').hasValue()",
    "includes": f"{GPU}.s.includes('abc') && [1, 2, 3].includes(3)",
}

_COLLECTIONS = {
    "bind": "cel.bind(y, x + 1, y > x)",
    "bind-unused": "cel.bind(y, 1 / 0, x >= 0)",
    "bind-twice-used": "cel.bind(y, [x, x], y.size() + y.size() == 4)",
    "all-of-two": "[x, 1].all(y, y >= 0)",
    "exists-early": "[x, 1, 2, 3].exists(y, y == x)",
    "exists-one": "[x].exists_one(y, y >= 0)",
    "filter": "[x, 1, 2].filter(y, y > 3).size() < 4",
    "map": "[x, 1, 2].map(y, y * 2).size() == 3",
    "map-with-filter": "[x, 1, 2].map(y, y > 1, y * 2).size() <= 3",
    "errors-absorbed": "[0, x].exists(y, 1 / y > 0) || true",
    "errors-in-all": "![0, x, -1].all(y, 1 / y > 0) || true",
    "transform-map": "{'a': x}.transformMap(k, v, v + 1).size() == 1",
    "transform-list": "[x, 1].transformList(i, v, i + v).size() == 2",
    "transform-entries": "[x].transformMapEntry(i, v, {v: i}).size() == 1",
    "sort-by": "[x, 1, 0].sortBy(y, -y).size() == 3",
    "optional-map": "optional.of(x).optMap(y, y + 1).orValue(0) > 0",
    "optional-flat-map": "optional.ofNonZeroValue(x).optFlatMap(y, optional.of(y)).orValue(1) > 0",
    "optional-or": "optional.none().or(optional.of(x)).value() >= 0",
    "list-of-optionals": "[?optional.of(x), ?optional.none()].size() == 1",
    "map-of-optionals": "{?'a': optional.of(x)}.size() == 1",
    "unwrap": "[optional.of(x), optional.none()].unwrapOpt().size() == 1",
    "sets": "sets.contains([x, 1], [x]) && sets.intersects([x, 1], [x]) && sets.equivalent([x], [x])",
    "distinct": "[x, x, 1].distinct().size() <= 2",
    "distinct-strings": "['a', 'b', 'a'].distinct().size() == 2 && x >= 0",
    "flatten": "[[x], [1, 2]].flatten().size() == 3 && [[[x]]].flatten(2).size() == 1",
    "slice-and-reverse": "[x, 1, 2].slice(1, 3).reverse()[0] == 2",
    "sums": "[x, 1].sum() > 0 && [x, 1].max() >= [x, 1].min() && [1, x + 2].isSorted()",
    "sums-of-strings": "['abcdefghijkl', 'b'].max() == 'b' && x >= 0",
    "list-index": "[x, 1].indexOf(1) >= 0 && [x, 1].lastIndexOf(x) >= 0",
    "first-and-last": "[x].first().value() == [x].last().value()",
    "join-lists": "([x] + [1] + []).size() == 2",
}

_LONG = {
    "matches": "'{t}!'.matches('(a|b)*c') == false",
    "contains": "'{t}'.contains('{t}b') == false",
    "compare": "'{t}' < '{t}b'",
    "equal": "'{t}' + '' == '{t}'",
    "concatenate": "('{t}' + '{t}').size() == 800",
    "lower": "'{t}'.lowerAscii() != ''",
    "replace": "'{t}'.replace('a', 'bb') != ''",
    "split": "'{t}'.split('').size() == 400",
    "join": "'{t}'.split('').join(', ') != ''",
    "format": "'%s{t}'.format([x]) != ''",
    "find-all": "'{t}'.findAll('aa').size() == 200",
    "starts": "'{t}'.startsWith('{t}') && '{t}'.endsWith('a')",
    "bytes": "bytes('{t}') == b'{t}'",
    "url": "url('https://a.b/{t}').getHost() == 'a.b'",
    "index-of": "'{t}'.indexOf('{t}b') < 0",
}

_LISTS = {
    "range": "lists.range({n}).size() >= 0",
    "in": "(-1 in lists.range({n})) == false",
    "equal": "lists.range({n}) == lists.range({n})",
    "reverse": "lists.range({n}).reverse().size() >= 0",
    "slice": "lists.range({n}).slice(0, {n}).size() >= 0",
    "sum": "lists.range({n}).sum() >= 0",
    "largest": "lists.range({n}).max() >= 0 || true",
    "sorted": "lists.range({n}).isSorted()",
    "index-of": "lists.range({n}).indexOf(-1) < 0",
    "includes": "lists.range({n}).includes(-1) || true",
    "flatten": "[lists.range({n}), [1]].flatten().size() > 0",
    "flatten-deep": "[[1]].flatten({n}).size() > 0",
    "concatenate": "(lists.range({n}) + lists.range({n})).size() >= 0",
    "index": "lists.range({n} + 1)[{n}] >= 0",
    "map": "lists.range({n}).map(x, x).size() >= 0",
    "join": "lists.range({n}).map(x, 'a').join('-').size() >= 0",
}
_QUADRATIC = {
    "sort": "lists.range({n}).sort().size() >= 0",
    "sort-of-strings": "lists.range({n}).map(x, 'a').sort().size() >= 0",
    "sort-by": "lists.range({n}).sortBy(x, -x).size() >= 0",
    "distinct": "lists.range({n}).map(x, 1).distinct().size() >= 0",
    "sets": "sets.contains([0, 1], lists.range({n} * {n})) || true",
    "sets-both-ways": "sets.equivalent([0, 1], lists.range({n} * {n})) || true",
}


RANDOM = Question(
    "limit-fold-map-in-random-order",
    f"{_NEARLY_ALL} && lists.range(98).all(x, {GPU}.exists(k, k == 'i'))",
)
"""How many entries are looked at, and so the cost, depends on the order of a Go map."""


def limits() -> list[Limit]:
    """All conditions for which a number of steps is to be found."""
    tables = {"select": _SELECTIONS, "call": _CALLS, "fold": _COLLECTIONS}
    small = [
        Limit(f"limit-{kind}-{name}", f"{_NEARLY_ALL} && lists.range({{n}}).all(x, {body})")
        for kind, table in tables.items()
        for name, body in table.items()
    ]
    long = [
        Limit(f"limit-long-{name}", f"{_MOST} && lists.range({{n}}).all(x, {body.replace('{t}', 'a' * 400)})")
        for name, body in _LONG.items()
    ]
    lists = [Limit(f"limit-list-{name}", f"{_NEARLY_ALL} && {template}") for name, template in _LISTS.items()]
    quadratic = [Limit(f"limit-list-{name}", template, most=1000) for name, template in _QUADRATIC.items()]
    return [*small, *long, *lists, *quadratic]
