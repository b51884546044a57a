"""A reflector against a server that fails in every way a real one does."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from extender.kube.api import connection as connection_module
from extender.kube.api import list_pages
from extender.kube.decode import Interner
from extender.kube.watch import watch_lines
from extender.kube.watch.reflector import Reflector
from tests.kube.api_server import (
    CUT,
    HOLD,
    NODES,
    SLICES,
    bookmark,
    eventually,
    gone,
    line,
    named,
    status,
)
from tests.kube.watch.reflecting import BROKEN, KINDS, Sink, following


@pytest.mark.parametrize("over_http", [False, True])
async def test_expired_version_lists_again(server, connection, over_http):
    """410, as an event or as the answer: a new list replaces all, after what came before it was told."""
    server.objects[NODES] = [named("a"), named("b")]
    server.watches[NODES] = [[line("ADDED", named("c", "101")) + (b"" if over_http else gone())]]
    if over_http:
        server.failures["watch", NODES] = [None, status(410, "too old")]
    async with following(connection) as (reflector, sink, _):
        await eventually(lambda: "c" in sink.objects)
        server.objects[NODES], server.version = [named("b"), named("d")], "500"
        await eventually(lambda: reflector.state.relists == 1 and len(server.of("watch", NODES)) > 1)
        assert sink.calls == [
            ("replace", "Node", ["a", "b"]),
            ("apply", "Node", ["c"], []),
            ("replace", "Node", ["b", "d"]),
        ]
        await eventually(lambda: server.of("watch", NODES)[-1].query["resourceVersion"] == "500")
        assert (reflector.state.problem, reflector.state.failures) == ("", 0)


async def test_list_that_expires_between_pages(server, connection):
    """410 on continue: the list starts again and holds nothing of the first try."""
    server.objects[NODES], server.page_size = [named("a"), named("b"), named("c")], 1
    server.failures["list", NODES] = [None, None, status(410, "The provided continue parameter is too old")]
    async with following(connection) as (reflector, sink, _):
        await eventually(lambda: sink.calls)
        assert sink.calls == [("replace", "Node", ["a", "b", "c"])]
        assert len(server.of("list", NODES)) == 6
        assert reflector.state.relists == 0


async def test_list_that_always_expires(server, connection):
    """Is a problem that is said, and still tried."""
    server.objects[NODES], server.page_size = [named("a"), named("b")], 1
    server.failures["list", NODES] = [None, status(410, "too old")] * 5
    async with following(connection) as (reflector, sink, waits):
        await eventually(lambda: reflector.state.problem)
        assert "cannot list nodes: too old (410); try again" in reflector.state.problem
        await eventually(lambda: sink.calls)
        assert (sink.calls, len(waits)) == ([("replace", "Node", ["a", "b"])], 1)


async def test_server_errors_back_off(server, connection):
    """A burst of 500 is waited out with growing waits; one line says so, one that it is over."""
    server.objects[NODES] = [named("a")]
    server.failures["list", NODES] = [status(500, "etcd is away")] * 9
    with capture_logs() as logs:
        async with following(connection) as (reflector, sink, waits):
            await eventually(lambda: reflector.state.synced and not reflector.state.problem)
            assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
            assert sink.calls == [("replace", "Node", ["a"])]
            assert reflector.state.failures == 9
    assert [each["event"] for each in logs] == ["cannot list or watch", "listing and watching work again"]
    assert "cannot list nodes: etcd is away (500)" in logs[0]["problem"]


async def test_server_says_when_to_come_back(server, connection):
    """Retry-After is heeded, within reason."""
    server.objects[NODES] = []
    server.failures["list", NODES] = [
        status(429, "busy", {"Retry-After": "3"}),
        status(429, "busy", {"Retry-After": "3600"}),
    ]
    async with following(connection) as (_, sink, waits):
        await eventually(lambda: sink.calls)
        assert waits == [3.0, 10.0]


async def test_connection_that_breaks(server, connection):
    """Broken connections, before and within a watch: resumed at the last version, the list still served."""
    server.objects[NODES] = [named("a")]
    server.watches[NODES] = [[line("ADDED", named("b", "101")), b'{"type":"ADD', CUT], [HOLD]]
    # aiohttp itself repeats a GET whose kept-alive connection breaks, once.
    server.failures["watch", NODES] = [None, CUT, CUT]
    async with following(connection) as (reflector, sink, waits):
        await eventually(lambda: len(waits) == 2 and not reflector.state.problem)
        assert [each.query["resourceVersion"] for each in server.of("watch", NODES)] == ["100", *["101"] * 3]
        assert len(server.of("list", NODES)) == 1
        assert (list(sink.objects), reflector.state.synced, len(waits)) == (["a", "b"], True, 2)


async def test_watches_that_end_at_once(server, connection):
    """A server that ends each watch without a word is not asked in a tight loop."""
    server.objects[NODES] = []
    server.watches[NODES] = [[], [], [], [HOLD]]
    async with following(connection) as (reflector, _, waits):
        await eventually(lambda: len(server.of("watch", NODES)) == 4)
        assert waits == [0.05, 0.1, 0.2]
        assert reflector.state.failures == 3


async def test_expiry_again_and_again_backs_off(server, connection):
    """Lists are not repeated in a tight loop either."""
    server.objects[NODES] = []
    server.watches[NODES] = [[gone()]] * 4
    async with following(connection) as (_, _, waits):
        await eventually(lambda: len(server.of("watch", NODES)) == 5)
        assert waits == [0.05, 0.1, 0.2, 0.4]


@pytest.mark.parametrize("watch", [[line("ADDED", named("a", "101"))], [bookmark("101")]])
async def test_waits_begin_small_after_a_success(server, connection, watch):
    """A watch that worked ends a row of failures."""
    server.objects[NODES] = []
    server.failures["watch", NODES] = [status(500, "x")] * 3 + [None] + [status(500, "x")] * 2
    server.watches[NODES] = [watch]
    async with following(connection) as (_, _, waits):
        await eventually(lambda: len(server.of("watch", NODES)) == 7)
        assert waits == [0.05, 0.1, 0.2, 0.05, 0.1]


async def test_error_event_resumes(server, connection):
    """An ERROR that is no expiry: again from where we were."""
    server.objects[NODES] = []
    server.watches[NODES] = [[bookmark("120") + gone(500)]]
    async with following(connection) as (reflector, _, waits):
        await eventually(lambda: len(server.of("watch", NODES)) == 2)
        assert server.of("watch", NODES)[1].query["resourceVersion"] == "120"
        assert (len(server.of("list", NODES)), len(waits), reflector.state.failures) == (1, 1, 1)


async def test_undecodable_object_of_a_list(server, connection):
    """The rest is listed; the bad one is counted and said once, also when it is listed again."""
    server.objects[SLICES] = [named("a"), named("b", **BROKEN), named("c")]
    server.watches[SLICES] = [[gone()], [gone()]]
    with capture_logs() as logs:
        async with following(connection, "ResourceSlice") as (reflector, sink, _):
            await eventually(lambda: reflector.state.relists == 2)
            assert sink.calls == [("replace", "ResourceSlice", ["a", "c"])] * 3
            assert (reflector.state.synced, reflector.state.decode_errors) == (True, 3)
    said = [each for each in logs if each["event"] == "object ignored"]
    assert [(each["kind"], each["name"]) for each in said] == [("ResourceSlice", "b")]
    assert "spec.devices: expected array, got int" in said[0]["problem"]


async def test_undecodable_change_drops_the_old_value(server, connection):
    """Nothing is predicted from what the object was before; readable again, it is back."""
    server.objects[SLICES] = [named("a"), named("b")]
    server.watches[SLICES] = [
        [
            line("MODIFIED", named("a", "101", **BROKEN)) + line("MODIFIED", named("b", "102")),
            line("MODIFIED", named("a", "103", **BROKEN)),
            line("MODIFIED", named("a", "104")),
            line("MODIFIED", named("a", "105", **BROKEN)),
            HOLD,
        ]
    ]
    with capture_logs() as logs:
        async with following(connection, "ResourceSlice") as (reflector, sink, _):
            await eventually(lambda: reflector.state.decode_errors == 3)
            assert sink.calls[1:] == [
                ("apply", "ResourceSlice", ["b"], ["a"]),
                ("apply", "ResourceSlice", [], ["a"]),
                ("apply", "ResourceSlice", ["a"], []),
                ("apply", "ResourceSlice", [], ["a"]),
            ]
    # Once while it stays unreadable, and once more after it was readable.
    assert [each["name"] for each in logs if each["event"] == "object ignored"] == ["a", "a"]


async def test_many_undecodable_objects(server, connection):
    """Thousands of objects with one fault do not flood the log."""
    server.objects[SLICES] = [named(f"s{index}", **BROKEN) for index in range(100)]
    with capture_logs() as logs:
        async with following(connection, "ResourceSlice") as (reflector, sink, _):
            await eventually(lambda: sink.calls)
            assert reflector.state.decode_errors == 100
    assert [each["event"] for each in logs] == ["object ignored"] * 20 + [
        "more objects ignored, see dra_extender_decode_errors_total"
    ]


@pytest.mark.parametrize("garbage", [b"<html>\n", b'{"type":"ADDED","object":{"metadata":{}}}\n'])
async def test_unreadable_line_lists_again(server, connection, garbage):
    """Where it is not known what changed, only a list helps."""
    server.objects[NODES] = [named("a")]
    server.watches[NODES] = [[line("ADDED", named("b", "101")) + garbage]]
    async with following(connection) as (reflector, sink, waits):
        await eventually(lambda: reflector.state.relists == 1)
        assert sink.calls[1:] == [("apply", "Node", ["b"], []), ("replace", "Node", ["a"])]
        assert len(waits) == 1


async def test_forbidden_list(server, connection):
    """Said once, with the rule that is missing; not synced until it is granted."""
    server.objects[SLICES] = [named("a")]
    server.failures["list", SLICES] = [status(403, 'User "u" cannot list')] * 4
    with capture_logs() as logs:
        async with following(connection, "ResourceSlice") as (reflector, _, waits):
            await eventually(lambda: len(waits) == 3)
            assert not reflector.state.synced
            missing = "grant this user the verb list on resourceslices.resource.k8s.io in a ClusterRole"
            assert missing in reflector.state.problem
            await eventually(lambda: reflector.state.synced and not reflector.state.problem)
    assert [each["event"] for each in logs] == ["cannot list or watch", "listing and watching work again"]


async def test_forbidden_watch(server, connection):
    """A list that cannot be kept up to date is not synced."""
    server.objects[NODES] = [named("a")]
    server.failures["watch", NODES] = [status(403, "no")] * 3
    with capture_logs() as logs:
        async with following(connection) as (reflector, _, waits):
            await eventually(lambda: len(waits) == 2)
            assert not reflector.state.synced
            assert "grant this user the verb watch on nodes in a ClusterRole" in reflector.state.problem
            await eventually(lambda: reflector.state.synced)
            assert len(server.of("list", NODES)) == 1
    assert [each["event"] for each in logs] == ["cannot list or watch", "listing and watching work again"]


async def test_required_kind_not_served(server, connection):
    """Slices that are not served are a problem, with the release that has them."""
    async with following(connection, "ResourceSlice") as (reflector, sink, _):
        await eventually(lambda: reflector.state.problem)
        assert "does not serve resource.k8s.io/v1; Kubernetes 1.34 and later do" in reflector.state.problem
        assert (reflector.state.synced, sink.calls) == (False, [])


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b'{"metadata":{"resourceVersion":""},"items":[]}', b"\xff"]
)
async def test_answer_that_is_no_list(server, connection, body):
    """Is said, and tried again."""
    server.objects[NODES] = [named("a")]
    server.failures["list", NODES] = [(200, body)]
    async with following(connection) as (_, sink, waits):
        await eventually(lambda: sink.calls)
        assert (sink.calls, len(waits)) == ([("replace", "Node", ["a"])], 1)


async def test_what_the_sink_raises_ends_the_reflector(server, connection):
    """A fault of ours is not hidden behind retries."""

    class Faulty(Sink):
        def apply(self, changes):
            raise ZeroDivisionError

    server.objects[NODES] = []
    reflector = Reflector(connection, KINDS["Node"], Faulty(), Interner())
    with pytest.raises(ZeroDivisionError):
        await reflector.run()


async def test_event_that_has_no_end(server, connection, monkeypatch):
    """It is not kept: listed again, after a wait, and the reason is said and counted."""
    monkeypatch.setattr(watch_lines, "MOST_LINE_BYTES", 10_000)
    server.objects[NODES] = [named("a")]
    server.watches[NODES] = [[b"x" * 6000, b"x" * 6000, HOLD], [HOLD]]
    with capture_logs() as logs:
        async with following(connection) as (reflector, sink, waits):
            await eventually(lambda: len(sink.calls) == 2 and not reflector.state.problem)
            assert (reflector.state.failures, len(waits)) == (1, 1)
    assert "cannot watch nodes: the server sent an event of more than" in logs[0]["problem"]


async def test_pages_that_are_too_large(server, connection, monkeypatch):
    """Fewer objects are asked for at a time; a tenant's many large objects do not end the list."""
    monkeypatch.setattr(connection_module, "MOST_ANSWER_BYTES", 20_000)
    server.objects[NODES] = [named(f"n{index}", note="x" * 1000) for index in range(60)]
    async with following(connection) as (reflector, sink, waits):
        await eventually(lambda: sink.calls)
        assert (len(sink.objects), waits, reflector.state.failures) == (60, [], 0)
        sizes = [each.query["limit"] for each in server.of("list", NODES)]
        assert sizes == ["500", "50"] + ["5"] * 12


async def test_answer_that_is_always_too_large(server, connection, monkeypatch):
    """Is a problem that is said, and tried again."""
    monkeypatch.setattr(connection_module, "MOST_ANSWER_BYTES", 20_000)
    server.objects[NODES] = [named("a", note="x" * 30_000)]
    async with following(connection) as (reflector, sink, _):
        await eventually(lambda: reflector.state.failures == 2)
        assert "cannot list nodes: the answer has more than 0 MiB; check" in reflector.state.problem
        server.objects[NODES] = [named("a")]
        await eventually(lambda: sink.calls)


async def test_pages_without_an_end(server, connection, monkeypatch):
    """A list that goes on and on is given up."""
    monkeypatch.setattr(list_pages, "MOST_PAGES", 10)
    server.bodies["list", NODES] = b'{"metadata":{"resourceVersion":"1","continue":"again"},"items":[]}'
    async with following(connection) as (reflector, _, __):
        await eventually(lambda: reflector.state.problem)
        assert "cannot list nodes: the list has more than 10 pages" in reflector.state.problem
        assert len(server.of("list", NODES)) == 10


async def test_refusal_that_has_no_end(server, connection, monkeypatch):
    """Of what the server says only the beginning counts."""
    monkeypatch.setattr(connection_module, "MOST_REFUSAL_BYTES", 1000)
    server.objects[NODES] = []
    server.failures["list", NODES] = [status(500, "x" * 100_000)]
    async with following(connection) as (reflector, sink, _):
        await eventually(lambda: sink.calls or reflector.state.failures)
        assert len(reflector.state.problem) < 500
        await eventually(lambda: sink.calls)
