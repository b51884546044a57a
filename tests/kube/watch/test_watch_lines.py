"""The bytes of a watch as events."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.kube.watch import watch_lines
from extender.kube.watch.watch_lines import LineSplitter, WatchLineError, watch_event

LINES = [b'{"a":"\xc3\xbc"}', b"{}", b'{"type":"ADDED"}', b"x" * 50]


@given(st.lists(st.integers(0, 100)))
def test_cuts_do_not_matter(cuts):
    """Wherever the stream is cut, the lines are the same, each as soon as it is complete."""
    stream = b"\n".join(LINES) + b"\n"
    edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    splitter = LineSplitter()
    seen, fed = [], b""
    for start, end in pairwise(edges):
        fed += stream[start:end]
        seen += splitter.feed(stream[start:end])
        assert len(seen) == fed.count(b"\n")
    assert seen == LINES


def test_the_last_line_waits():
    """A line without an end is never returned; empty ones are skipped."""
    splitter = LineSplitter()
    assert splitter.feed(b"\n\r\n{}\n{") == [b"{}"]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"}\n") == [b"{}"]


def test_event():
    """The object stays as it is; its names and version are read."""
    found = watch_event(
        b'{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"spec":[]}}'
    )
    assert (found.type, found.namespace, found.name, found.version) == ("ADDED", "n", "a", "7")
    assert json.loads(bytes(found.object))["spec"] == []


def test_bookmark_and_error():
    """A bookmark needs no name, an error no version."""
    found = watch_event(b'{"object":{"metadata":{"resourceVersion":"9"}},"type":"BOOKMARK"}')
    assert (found.type, found.version) == ("BOOKMARK", "9")
    found = watch_event(b'{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}')
    assert (found.type, found.code, found.message) == ("ERROR", 410, "too old")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"type":"ADDED"}',
        b'{"type":"ADDED","object":{}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}',
        b'{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":1,"resourceVersion":"1"}}}',
        b'{"type":"BOOKMARK","object":{"metadata":{}}}',
        b'{"type":"ADDED","object":' + b"[" * 100_000,
    ],
)
def test_no_event(line):
    """What names no object and version is refused."""
    with pytest.raises(WatchLineError):
        watch_event(line)


@pytest.mark.parametrize(
    "bad", [b"[" * 5000 + b"]" * 5000, b'"\\ud800"', b'"\xff"', b"1e999", b"NaN", b'"\x01"']
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_event_of_an_object_that_nobody_reads(bad, order):
    """It is known which object it is, wherever the bad part stands; the object stays as it came."""
    metadata = b'"metadata":{"name":"a","namespace":"n","resourceVersion":"7"}'
    first, second = (b'"x":' + bad, metadata) if order == "before" else (metadata, b'"x":' + bad)
    document = b"{" + first + b"," + second + b"}"
    found = watch_event(b'{"type":"ADDED","object":' + document + b"}")
    assert (found.type, found.namespace, found.name, found.version) == ("ADDED", "n", "a", "7")
    assert bytes(found.object) == document


def test_line_without_an_end(monkeypatch):
    """A line that grows and grows is given up; many lines are none."""
    monkeypatch.setattr(watch_lines, "MOST_LINE_BYTES", 1000)
    splitter = LineSplitter()
    for _ in range(100):
        assert splitter.feed(b"x" * 600) == []
        assert splitter.feed(b"x" * 300 + b"\n" + b"y" * 90) == [b"x" * 900]
        assert splitter.feed(b"\n") == [b"y" * 90]
    assert splitter.feed(b"x" * 600) == []
    with pytest.raises(WatchLineError, match="an event of more than 0 MiB"):
        splitter.feed(b"x" * 600)
