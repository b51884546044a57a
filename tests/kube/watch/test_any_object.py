"""Whatever one object holds, following goes on, and all other objects are what they are."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from extender.kube.decode import DecodeError, Interner
from extender.kube.decode.resources import BY_KIND
from extender.kube.watch.reflector import Reflector
from extender.model import Claim
from tests.kube.watch.reflecting import Sink
from tests.paths import ROOT

if TYPE_CHECKING:
    from extender.kube.api.connection import Connection

BAD = {
    "deep": b"[" * 3000 + b"]" * 3000,
    "deep objects": b'{"a":' * 3000 + b"{}" + b"}" * 3000,
    "number out of range": b"1e999",
    "number of 5,000 digits": b"9" * 5000,
    "number beyond 64 bits": b"99999999999999999999999999",
    "no number": b"NaN",
    "invalid UTF-8": b'"\xff\xfe"',
    "lone surrogate": b'"\\ud800"',
    "unknown escape": b'"\\q"',
    "control character": b'"\x01"',
    "key twice": b'{"a":1,"a":[2],"a":"3"}',
}
KEPT = 5
"""Objects of a kind: enough to have some before and after the bad one."""

PLACE = "the place of what is bad"


def _recorded():
    """Some objects of each kind, from the embedded recording."""
    found: dict[str, list[dict]] = {
        kind: [] for kind in ("Node", "DeviceClass", "ResourceSlice", "ResourceClaim", "Pod")
    }
    with gzip.open(ROOT / "extender/data/fleet-1.36.2.jsonl.gz") as lines:
        for line in lines:
            document = json.loads(line)
            for each in document["cluster"]["items"] if "cluster" in document else ():
                found[each["kind"]].append(each)
            found["ResourceClaim"] += document.get("claims", [])
            found["Pod"] += [
                each["body"]["Pod"] for each in document.get("requests", []) if "Pod" in each["body"]
            ]
    for each in (each for documents in found.values() for each in documents):
        each["metadata"]["resourceVersion"] = "101"
    distinct = {
        kind: list({each["metadata"]["name"]: each for each in documents}.values())[:KEPT]
        for kind, documents in found.items()
    }
    assert all(len(documents) == KEPT for documents in distinct.values())
    return distinct


RECORDED = _recorded()


class Server:
    """A connection to a server that lists ``items``; its first watch sends ``lines``, all others nothing."""

    host = "https://server"

    def __init__(self, items, lines=()):
        self.items, self.lines = list(items), list(lines)
        self.idle = asyncio.Event()

    async def get(self, _path, _parameters, _rule):
        return b'{"metadata":{"resourceVersion":"100"},"items":[' + b",".join(self.items) + b"]}"

    @asynccontextmanager
    async def watch(self, _path, _parameters, _rule, *, seconds):
        assert seconds > 0
        yield self._chunks()

    async def _chunks(self):
        while self.lines:
            yield self.lines.pop(0) + b"\n"
        self.idle.set()
        await asyncio.Event().wait()


async def _followed(kind, items, lines=(), now=None):
    """
    What a reflector knows when all is said, and how it fares.

    ``now``: what the server lists once it has sent ``lines``, if not ``items``.
    """
    sink, server = Sink(), Server(items, lines)

    async def sleep(_seconds):
        server.items = list(now or items)
        await asyncio.sleep(0)

    connection = cast("Connection", server)
    reflector = Reflector(connection, BY_KIND[kind], sink, Interner(), sleep=sleep, keep_json=True)
    task = asyncio.create_task(reflector.run())
    try:
        idle = asyncio.create_task(server.idle.wait())
        await asyncio.wait([task, idle], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert idle.done()
        assert not task.done(), task
        return sink.objects, reflector.state
    finally:
        task.cancel()
        await asyncio.wait([task])


def _event(document):
    return b'{"type":"MODIFIED","object":' + document + b"}"


def _check(kind, index, bad, *, watched):
    """Follow the recorded objects of a kind, that at ``index`` replaced by ``bad``."""
    good = [json.dumps(each).encode() for each in RECORDED[kind]]
    replaced = [*good[:index], bad, *good[index + 1 :]]
    expected = dict(BY_KIND[kind].read(each, Interner()) for each in good)
    own = list(expected)[index]
    del expected[own]
    remains: object | None = None
    try:
        key, value = BY_KIND[kind].read(bad, Interner())
        unreadable = False
    except DecodeError as error:
        unreadable, remains = True, error.remains
    else:
        expected[key] = value
    if isinstance(remains, Claim):
        assert remains.allocation is not None
        expected[remains.key] = remains
    if watched:
        lines = [_event(bad), _event(good[(index + 1) % KEPT])]
        objects, state = asyncio.run(_followed(kind, good, lines, replaced))
    else:
        objects, state = asyncio.run(_followed(kind, replaced))
    if watched and not unreadable and own not in expected:
        # Readable under another name: the object of the old name is not gone.
        objects = {known: each for known, each in objects.items() if known != own}
    assert objects == expected
    assert state.synced
    assert (state.decode_errors > 0, len(state.unreadable)) == (unreadable, int(unreadable))
    return state


def places(value, path=()):
    """Every path into ``value``, the root included."""
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield from places(inner, (*path, key))


def with_bad(document, path, bad):
    """The JSON of ``document`` with the JSON text ``bad`` at ``path``."""
    if not path:
        return bad
    changed = json.loads(json.dumps(document))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = PLACE
    return json.dumps(changed).encode().replace(json.dumps(PLACE).encode(), bad)


JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
).map(lambda value: json.dumps(value).encode()) | st.sampled_from(sorted(BAD.values()))


@given(st.data(), st.sampled_from(sorted(RECORDED)), st.integers(0, KEPT - 1), st.booleans())
@settings(max_examples=200)
def test_any_json(data, kind, index, watched):
    """Any JSON in any place of any object, or instead of it, in a list or in a watch."""
    document = RECORDED[kind][index]
    path = data.draw(st.sampled_from(list(places(document))))
    _check(kind, index, with_bad(document, path, data.draw(JSON_TEXTS)), watched=watched)


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("bad", BAD)
def test_each_fault(bad, watched):
    """Each fault where no prediction looks, before and after what names the object."""
    document = RECORDED["ResourceClaim"][2]
    first = {"unread": PLACE, **document}
    last = {**document, "unread": PLACE}
    for each in (first, last):
        _check("ResourceClaim", 2, with_bad(each, ("unread",), BAD[bad]), watched=watched)


@pytest.mark.parametrize("watched", [False, True])
def test_claim_with_deep_parameters(watched):
    """Valid for Kubernetes: opaque parameters may have 10 KiB. It is left out, counted, and named once."""
    claim = json.loads(json.dumps(RECORDED["ResourceClaim"][1]))
    claim["metadata"] |= {"name": "deep", "namespace": "team"}
    claim["spec"]["devices"]["config"] = [{"opaque": {"driver": "d.example.com", "parameters": {"a": PLACE}}}]
    path = ("spec", "devices", "config", 0, "opaque", "parameters", "a")
    good = [json.dumps(each).encode() for each in RECORDED["ResourceClaim"]]
    for depth in (900, 1000, 5000):
        deep = with_bad(claim, path, b"[" * depth + b"]" * depth)
        with capture_logs() as logs:
            if watched:
                run = _followed("ResourceClaim", good, [_event(deep), _event(deep), _event(good[0])])
            else:
                run = _followed("ResourceClaim", [deep, *good])
            objects, state = asyncio.run(run)
        assert len([key for key in objects if key != ("team", "deep")]) == KEPT
        assert (state.failures, state.problem) == (0, "")
        said = [each["name"] for each in logs if each["event"].startswith("object ignored")]
        if depth >= 1000:
            assert said == ["team/deep"]
            assert state.unreadable == {("team", "deep"): 'ResourceClaim "team/deep": nested too deeply'}
            assert state.decode_errors == 1 + watched
