"""JSON taken apart without looking into its values."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.kube.decode.json_parts import JSONParts, JSONPartsError
from extender.kube.decode.object_head import ObjectHead, object_head
from tests.quickest import quickest_seconds

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
SPACES = st.sampled_from([None, 0, 1, "\t"])
DEEP = b"[" * 50_000 + b"]" * 50_000


def taken_apart(text):
    parts = JSONParts(text)
    found = {key: parts.value() for key in parts.members()}
    parts.end()
    return found


@given(st.dictionaries(st.text(), VALUES), SPACES, st.booleans())
def test_members(document, indent, ascii_only):
    """Of JSON, the members are those that Python's own parser finds."""
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert {key: json.loads(value) for key, value in taken_apart(text).items()} == document


@given(st.lists(VALUES), SPACES)
def test_elements(values, indent):
    """Of JSON, the elements are those that Python's own parser finds."""
    parts = JSONParts(json.dumps(values, indent=indent).encode())
    assert [json.loads(each) for each in parts.elements()] == values
    parts.end()


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,a\\ ').map(str.encode))
def test_any_bytes(data):
    """Nothing is raised but the one error, whatever comes."""
    with suppress(JSONPartsError):
        taken_apart(data)
    object_head(data)


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"1e999",
        b"9" * 5000,
        b"NaN",
        b'"\xff"',
        b'"\\ud800"',
        b'"\\q"',
        b'"\x01"',
        b'"]}\\"]}"',
        b'{"a":1,"a":2,}',
    ],
)
def test_a_bad_value_is_passed(value):
    """What stands beside a value that no decoder reads is found."""
    assert taken_apart(b'{"a": ' + value + b' ,"b":"c"}') == {"a": value, "b": b'"c"'}


@pytest.mark.parametrize(
    "text", [b"", b"1", b"{", b'{"a"}', b'{"a":}', b'{"a":[}', b'{"a":"b}', b'{"a":1 2}', b"{} {}", b"{,}"]
)
def test_no_object(text):
    """Text whose brackets and quotes do not match is refused."""
    with pytest.raises(JSONPartsError):
        taken_apart(text)


def test_time_is_linear():
    """A megabyte of whatever takes long to pass is passed in well under ten seconds, on a busy machine."""

    def take_apart(value):
        try:
            taken_apart(b'{"a":' + value + b"}")
        except JSONPartsError:
            assert value.startswith(b'"')

    values = (b"[" * 500_000 + b"]" * 500_000, b"[" + b'"",' * 300_000 + b"1]", b'"' + b"\\\\" * 500_000)
    assert quickest_seconds(lambda: [take_apart(value) for value in values]) < 10


@pytest.mark.parametrize(
    ("data", "head"),
    [
        (b'{"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"spec":7}', ("n", "a", "", "7")),
        (b'{"spec":' + DEEP + b',"metadata":{"name":"a","namespace":"n"}}', ("n", "a", "", "")),
        (b'{"metadata":{"x":' + DEEP + b',"name":"a","namespace":7}}', ("", "a", "", "")),
        (b'{"spec":"\\ud800","metadata":{"generateName":"g-"}}', ("", "", "g-", "")),
        (b'{"metadata":{"name":"\xff","namespace":"n"}}', ("n", "", "", "")),
        (b'{"metadata":[]}', ("", "", "", "")),
        (b'{"metadata":{"name":7}}', ("", "", "", "")),
        (b"{}", ("", "", "", "")),
        (b"7", ("", "", "", "")),
    ],
)
def test_object_head(data, head):
    """Whatever else is wrong with an object, its names are read where they can be."""
    assert object_head(data) == ObjectHead(*head)


def test_title():
    """Namespace and name, as far as they are known."""
    assert ObjectHead("n", "a").title == "n/a"
    assert ObjectHead("", "a", "g-").title == "a"
    assert ObjectHead("n", "", "g-").title == "n/g-"
    assert ObjectHead().title == ""
