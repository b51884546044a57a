"""
What is a text of a named format, a URL, a quantity, and what the parts of these are.
"""

from __future__ import annotations

from tests.cel.questions.question import Question, quoted, showing

_FORMATS = {
    "dns1123Label": ("a", "a-b", "-a", "a-", "A", "a.b", "", "a" * 63, "a" * 64, "ä", "a\n"),
    "dns1123LabelPrefix": ("a-", "-", "a--", "-a", "a" * 63),
    "dns1123Subdomain": ("a.b-c.d", "a..b", ".a", "a.-b", "a" * 253, "a" * 254),
    "dns1123SubdomainPrefix": ("a.b-", "a.", "a-.b"),
    "dns1035Label": ("a1", "1a", "a-b", "a-"),
    "dns1035LabelPrefix": ("a-", "1-"),
    "qualifiedName": ("a", "a.b/c", "a/b/c", "/a", "a/", "A.b/c", "a.b/C_d.e", "-a"),
    "labelValue": ("", "a", "A_b.c-d", "-a", "a-", "a" * 64),
    "uri": ("https://a.b/c", "/a", "a", "", "http://a b", "mailto:a@b", "http://[::1"),
    "uuid": (
        "01234567-89ab-cdef-0123-456789abcdef",
        "0123456789abcdef0123456789ABCDEF",
        "0123-4567",
        "01234567-89ab-cdef-0123-456789abcdeg",
        "\u06601234567-89ab-cdef-0123-456789abcdef",
    ),
    "byte": ("", "YQ==", "YWI=", "YWJj", "YQ=", "YQ", "Y===", "Y Q==", "YWJjYQ=="),
    "date": (
        "2020-02-29",
        "2021-02-29",
        "0000-01-01",
        "2020-1-01",
        "2020-13-01",
        "9999-12-31",
        "2020-01-01T",
        "",
    ),
    "datetime": (
        "2020-01-01T00:00:00Z",
        "2020-01-01t23:59:59.999z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T00:00:60Z",
        "2020-01-01 00:00:00Z",
        "2020-01-01T00:00:00+25:61",
        "2020-01-01T00:00:00",
        "2020-02-30T00:00:00Z",
        "2020-01-01T00:00:00x5Z",
    ),
}
_URLS = (
    "https://user:p%40ss@example.com:8080/a%20b/%C3%A9?x=1&x=2&y#frag",
    "http://[fd00::1]:80/p?q",
    "http://[fd00::1]",
    "/only/path?x=a+b&y=%zz&z=1;2",
    "mailto:a@b",
    "HTTP://EXAMPLE.COM",
    "http://a:/",
    "http://:80",
    "http://a?",
    "//a/b",
    "*",
    "http://a/ b",
    "http://a/%2f%2F?%20",
    "a:b:c",
    ":a",
    "http://%41.b/",
    "http://a%20b/",
    "http://a/é",
    "http://user@/x",
    "file:///etc",
    "http:/a",
    "x",
    "http://a\u0001",
    "http://a:x/",
    "http://[::1/",
    "http://u$er@a/",
    "http://us er@a/",
    "http://a/?x=%E9",
)
_NOT_UTF_8 = ("http://a/?x=%E9",)
_URL_PARTS = ("getScheme", "getHost", "getHostname", "getPort", "getEscapedPath")
_QUANTITIES = (
    "1.5",
    "1500m",
    "1k",
    "1Ki",
    "0.1n",
    "1e3",
    "1E-3",
    "1e200",
    "123456789012345678",
    "1234567890123456789",
    "9223372036854775807",
    "9223372036854775808",
    "7Ei",
    "8Ei",
    "0.5Ki",
    "-0.0000000001",
    "-3.3Mi",
    ".",
    "k",
    "+",
    "1e",
    "1i",
    "0.0",
    "-9223372036854775808",
    "Ei",
    "-.Pi",
    ".e-30",
    "12345678901234567890",
    "693.50046212429007493432600953198518195559659002010479913700e30",
    "0.1234567890123456789e5",
    "0.00000000000000000000000000000012345678901234567890123456789012345678901234567890123456789012345678901Ki",
)
_SUMS = (
    ("123456789012345678901234567890", "123456789012345678901234567900"),
    ("-123456789012345678901234567890", "-123456789012345678901234567900"),
    ("1e30", "1n"),
    ("-1n", "1e30"),
    ("1e20", "1n"),
    ("12345678901234567890", "0e-7"),
    ("0", "-9223372036854775808"),
    ("-9223372036854775808", "-9223372036854775808"),
)
"""Numbers of more digits, and further apart, than 1.38 keeps."""


def questions() -> list[Question]:
    """All of them."""
    asked = [
        showing(f"formats-{name}", f"{quoted_list(texts)}.map(t, !format.{name}().validate(t).hasValue())")
        for name, texts in _FORMATS.items()
    ]
    asked.append(showing("formats-named", "['date', 'none'].map(n, format.named(n).hasValue())"))
    asked.append(Question("formats-equal", "format.named('date').value() == format.date()"))
    asked.append(
        Question("formats-complaint", "format.date().validate('x').value().size() == 1", unknown=True)
    )
    asked += [showing(f"urls-{url}", _url(url)) for url in _URLS]
    asked += [
        showing(f"urls-query-{url}", f"url({quoted(url)}).getQuery()", unknown=url in _NOT_UTF_8)
        for url in _URLS
        if "?" in url
    ]
    asked += [showing(f"quantities-{text}", _quantity(text)) for text in _QUANTITIES]
    asked += [showing(f"quantities-{first}-and-{second}", _sums(first, second)) for first, second in _SUMS]
    return asked


def quoted_list(texts: tuple[str, ...]) -> str:
    """A CEL list of strings."""
    return f"[{', '.join(map(quoted, texts))}]"


def _url(url: str) -> str:
    return f"[{', '.join(f'url({quoted(url)}).{part}()' for part in _URL_PARTS)}]"


def _quantity(text: str) -> str:
    value = f"quantity({quoted(text)})"
    shown = (
        f"{value}.isInteger()",
        f"{value}.asApproximateFloat()",
        f"sign({value})",
        f"{value}.add(quantity('1Ki')).isInteger()",
        f"{value}.sub(1).asApproximateFloat()",
        f"{value}.compareTo(quantity('1500m'))",
    )
    return f"[{', '.join(f'dyn({part})' for part in shown)}]"


def _sums(first: str, second: str) -> str:
    one, other = (f"quantity({quoted(text)})" for text in (first, second))
    shown = (
        f"{one}.compareTo({other})",
        f"{one}.add({other}).asApproximateFloat()",
        f"{one}.sub({other}).asApproximateFloat()",
        f"{one}.add({other}).sub({one}).asApproximateFloat()",
        f"{one}.sub({other}).isInteger()",
    )
    return f"[{', '.join(f'dyn({part})' for part in shown)}]"
