"""
Text: how values are written, escaped and read.
"""

from __future__ import annotations

from tests.cel.questions.question import Question, at_run_time, quoted, showing

_VALUES = {
    "int": "-12",
    "uint": "12u",
    "double": "1234567.891",
    "large": "1e300",
    "small": "-0.000012345",
    "negative-zero": "-0.0",
    "nan": "0.0 / 0.0",
    "infinity": "-1.0 / 0.0",
    "bool": "true",
    "null": "null",
    "string": "'aÿ\\n\"'",
    "bytes": "b'a\\xff'",
    "text-bytes": "b'abc'",
    "list": "[1, 2]",
    "mixed-list": "[dyn(1), dyn('a\\t\"b'), dyn(1.5), dyn(true), dyn(b'x'), dyn(null), dyn([dyn({1u: 2})])]",
    "map": "{'b': 1.5, 'a': 2.0}",
    "map-of-numbers": "{2: 'x', 1: 'y'}",
    "map-of-durations": "{duration('1s'): 1}",
    "special-list": "[0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0, 1e-7]",
    "times": "[dyn(duration('1.5s')), dyn(timestamp('2020-01-01T00:00:00Z'))]",
    "type": "int",
    "list-of-types": "[dyn(int), dyn(string)]",
    "optional": "optional.of(1)",
    "quantity": "quantity('1Gi')",
    "version": "semver('1.2.3')",
    "list-of-versions": "[semver('1.2.3')]",
    "address": "ip('10.0.0.1')",
    "list-of-networks": "[cidr('10.0.0.0/8')]",
    "url": "url('https://a.b')",
    "named-format": "format.date()",
}
_VERBS = ("d", "f", ".2f", "e", "b", "x")
_FORMATTED = ("int", "double", "large", "negative-zero", "infinity", "bool", "string", "bytes")
_STRINGS = (
    "int",
    "uint",
    "double",
    "large",
    "small",
    "negative-zero",
    "nan",
    "infinity",
    "bytes",
    "text-bytes",
    "list",
    "null",
    "address",
)
_TEMPLATES = {
    "percent": ("100%%", "[]"),
    "end": ("50%", "[1]"),
    "unknown-verb": ("%y", "[1]"),
    "no-precision": ("%.f", "[1.0]"),
    "long-precision": ("%.10f", "[1.0 / 3.0]"),
    "precision-of-300": ("%.300f", "[0.1]"),
    "too-few": ("%s %s", "[1]"),
    "too-many": ("%s", "[1, 2]"),
    "bases": ("%b %o %x %X", "[255, 8, 171, 171]"),
    "special-text": ("%f %e", "['NaN', '-Infinity']"),
    "wrong-text": ("%f", "['1']"),
    "text-in-hex": ("%x %X", "['aö', b'\\xab']"),
    "negative-in-bases": ("%b %o %x %X", "[-5, -5, -171, -171]"),
    "uints-in-bases": ("%d %b %o %X", "[10u, 10u, 10u, 171u]"),
    "precisions": ("%.0f %.0f %.3e %.20e|", "[2.5, 3.5, 1.5, 1.5]"),
    "unordered": ("%s", "[{'z': 1, 'a': 2, 'm': 3}]"),
    "groups": ("%.1f", "[-1234567.25]"),
    "optional": ("%s", "[optional.of(1)]"),
}
_CHARACTERS = {
    "control": "\\u0000\\u0007\\u0008\\u000b\\u001f\\u007f",
    "escaped": "\\\"\\'\\\\\\n\\r\\t",
    "latin": "\\u00a0\\u00ad\\u00e9\\u0085",
    "wide": "\\u2028\\u200b\\ufeff\\u3000\\ufffd",
    "astral": "\\U0001f600\\U000e0001",
    "private": "\\ue000",
}
_READ = {
    "int": (
        "0",
        "-0",
        "+7",
        "007",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1e3",
        "0x1",
        "1_0",
        " 1",
        "",
        "-",
    ),
    "uint": ("0", "18446744073709551615", "18446744073709551616", "-1", "+1", "01", ""),
    "double": (
        "1",
        "1.",
        ".5",
        "1e400",
        "-1e400",
        "1e-400",
        "0x1p-2",
        "0x1.8p1",
        "1_0",
        "inf",
        "+Inf",
        "-infinity",
        "nan",
        "+nan",
        "1e",
        "",
        "1f",
        "0x1",
    ),
    "bool": ("true", "T", "1", "False", "f", "0", "tRUE", "yes", ""),
}
_DOUBLES = (
    "1e21",
    "1e20",
    "123456.0",
    "1234567.0",
    "0.0001",
    "0.00001",
    "1.5e-7",
    "-2.0",
    "5e-324",
    "1.7976931348623157e308",
)
_NUMBERS = {
    "int-of-double": "int(-1.9)",
    "int-of-large-double": "int(9223372036854775807.0)",
    "int-of-nan": "int(0.0 / 0.0)",
    "uint-of-double": "uint(3.99)",
    "uint-of-negative": "uint(-1)",
    "uint-of-large-double": "uint(1.9e19)",
    "int-of-uint": "int(9223372036854775808u)",
    "bytes-of-string": "bytes('é')",
    "remainder": "[-7 % 3, 7 % -3, -7 / 2]",
    "remainder-by-zero": "1 % 0",
    "smallest-divided": "-9223372036854775808 / -1",
    "smallest-remainder": "-9223372036854775808 % -1",
    "smallest-negated": "-(-9223372036854775808)",
    "overflow": "9223372036854775807 * 2",
    "uint-underflow": "1u - 2u",
    "uint-overflow": "18446744073709551615u + 1u",
    "double-division": "[1.0 / 0.0, -1.0 / 0.0, 0.0 / 0.0, 1.0 / -0.0]",
    "bool-addition": "dyn(true) + dyn(true)",
    "kinds-mixed": "dyn(1) + dyn(1u)",
    "bytes-joined": "b'a' + b'\\xff'",
    "negated-text": "-dyn('a')",
    "index-of-empty": "['abc'.indexOf('', 5), 'abc'.lastIndexOf('', 1), 'abc'.lastIndexOf('')]",
    "index-from": "['abcabc'.indexOf('c', 3), 'abcabc'.lastIndexOf('a', 2), 'abcabc'.lastIndexOf('c', 9)]",
    "index-from-negative": "'abc'.indexOf('a', -1)",
    "last-index-from-negative": "'abc'.lastIndexOf('a', -1)",
    "replaced": "['aaa'.replace('a', 'b', 2), 'abc'.replace('', '-'), 'abc'.replace('b', 'x', 0)]",
    "split": "['a,b,c'.split(',', 2), 'abc'.split(''), 'ab'.split('', 2), ''.split(','), 'ab'.split(',', 0)]",
    "trimmed": "'\\u0085\\u2003a b\\u00a0\\n'.trim()",
    "substring": "['hello'.substring(4), 'hello'.substring(0, 0), 'hello'.charAt(5)]",
    "substring-reversed": "'hello'.substring(3, 1)",
    "substring-beyond": "'hello'.substring(2, 9)",
    "join-of-numbers": "[dyn(1)].join(',')",
    "cases": "['ÀÉabc'.upperAscii(), 'ÀÉABC'.lowerAscii()]",
    "found": "['abc'.find('d'), 'aXbX'.find('X'), 'abc'.find('')]",
    "all-found": "['aXbX'.findAll('[a-z]'), 'abc'.findAll(''), 'aaa'.findAll('a', 2), 'aabaa'.findAll('a*')]",
    "pattern-of-bytes": "'a'.find(['\\\\C'][0])",
    "pattern-with-a-quoted-escape": "'Ca'.find(['\\\\QC\\\\Ea'][0])",
    "pattern-with-a-named-group": "'ab'.find(['(?P<name>b)'][0])",
    "pattern-with-a-foreign-name": "'ab'.find(['(?P<é>b)'][0])",
    "pattern-that-is-large": "'ab'.find(['\\\\pL{1000}'][0])",
    "pattern-with-a-long-name-of-characters": "'ab'.find(['\\\\p{Letter}'][0])",
    "pattern-repeated-too-often": "'ab'.find(['(a{500}){3}'][0])",
    "bad-pattern": "dyn('a').matches(['('][0])",
    "bad-constant-pattern": "'a'.matches('(')",
}


_UNKNOWN = ("pattern-that-is-large", "pattern-with-a-long-name-of-characters")


def questions() -> list[Question]:
    """All of them."""
    asked = [showing(f"text-of-{name}", term) for name, term in _VALUES.items()]
    asked += [showing(f"text-string-of-{name}", f"string({_VALUES[name]})") for name in _STRINGS]
    asked += [
        showing(f"text-{verb}-of-{name}", f"'%{verb}'.format([dyn({_VALUES[name]})])")
        for verb in _VERBS
        for name in _FORMATTED
    ]
    asked += [
        showing(f"text-format-{name}", f"cel.bind(t, {quoted(template)}, t.format({arguments}))")
        for name, (template, arguments) in _TEMPLATES.items()
    ]
    for name, text in _CHARACTERS.items():
        asked.append(showing(f"text-quoted-{name}", f"strings.quote('{text}')"))
        asked.append(showing(f"text-nested-{name}", f"['{text}']"))
    asked += [
        showing(f"text-{kind}-from-{text or 'nothing'}", at_run_time(kind, text))
        for kind, texts in _READ.items()
        for text in texts
    ]
    asked.append(showing("text-of-doubles", f"[{', '.join(f'string({value})' for value in _DOUBLES)}]"))
    asked += [showing(f"text-{name}", term, unknown=name in _UNKNOWN) for name, term in _NUMBERS.items()]
    return asked
