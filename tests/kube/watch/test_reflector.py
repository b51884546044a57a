"""Following one kind: lists, watches and what the sink is told."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from tests.kube.api_server import (
    HOLD,
    NODES,
    PODS,
    TAINT_RULES,
    bookmark,
    eventually,
    line,
    named,
    status,
)
from tests.kube.watch.reflecting import following


async def test_list_in_pages_then_watch(server, connection):
    """The pages are one replacement; the watch goes on where the list stood."""
    names = [f"n{index:04}" for index in range(1201)]
    server.objects[NODES] = [named(name) for name in names]
    async with following(connection) as (reflector, sink, _):
        await eventually(lambda: server.of("watch", NODES))
        assert sink.calls == [("replace", "Node", names)]
        assert [each.query for each in server.of("list", NODES)] == [
            {"limit": "500"},
            {"limit": "500", "continue": "500"},
            {"limit": "500", "continue": "1000"},
        ]
        assert server.of("watch", NODES)[0].query == {
            "watch": "true",
            "resourceVersion": "100",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": "270",
        }
        state = reflector.state
        assert (state.synced, state.served, state.last_contact, state.relists) == (True, True, 7.0, 0)


async def test_changes(server, connection):
    """Added, modified and deleted; namespaced kinds are keyed by both names."""
    server.objects[PODS] = [named("a", namespace="x"), named("b", namespace="x")]
    server.watches[PODS] = [
        [
            line("ADDED", named("c", "101", "y")),
            line("MODIFIED", named("a", "102", "x", spec={"nodeName": "n1"})),
            line("DELETED", named("b", "103", "x")),
            HOLD,
        ]
    ]
    async with following(connection, "Pod") as (_, sink, _):
        await eventually(lambda: len(sink.calls) == 4)
        assert sink.calls[1:] == [
            ("apply", "Pod", [("y", "c")], []),
            ("apply", "Pod", [("x", "a")], []),
            ("apply", "Pod", [], [("x", "b")]),
        ]
        assert sink.objects["x", "a"].node_name == "n1"


async def test_one_chunk_is_one_call(server, connection):
    """What comes together is told together, each object as it last was."""
    server.objects[NODES] = [named("a"), named("b")]
    together = (
        line("MODIFIED", named("a", "101"))
        + line("DELETED", named("a", "102"))
        + line("ADDED", named("c", "103"))
        + line("DELETED", named("b", "104"))
        + line("ADDED", named("b", "105"))
    )
    server.watches[NODES] = [[together, HOLD]]
    async with following(connection) as (_, sink, _):
        await eventually(lambda: len(sink.calls) == 2)
        assert sink.calls[1] == ("apply", "Node", ["c", "b"], ["a"])


async def test_lines_cut_anywhere(server, connection):
    """Lines that come in pieces are put together; what a watch leaves unfinished comes again on the next."""
    server.objects[NODES] = []
    first, second = line("ADDED", named("a", "101")), line("ADDED", named("ü", "102"))
    server.watches[NODES] = [
        [first[:10], first[10:40], first[40:] + second[:-9]],
        [second, HOLD],
    ]
    async with following(connection) as (_, sink, waits):
        await eventually(lambda: "ü" in sink.objects)
        assert sink.calls[1:] == [("apply", "Node", ["a"], []), ("apply", "Node", ["ü"], [])]
        assert [each.query["resourceVersion"] for each in server.of("watch", NODES)] == ["100", "101"]
        assert waits == []


async def test_bookmarks_move_the_version(server, connection):
    """After the end of a watch the next begins at the last bookmark, without a list and without a wait."""
    server.objects[NODES] = [named("a")]
    server.watches[NODES] = [[line("MODIFIED", named("a", "150")), bookmark("200")], [bookmark("300")]]
    async with following(connection) as (reflector, sink, waits):
        await eventually(lambda: len(server.of("watch", NODES)) == 3)
        assert [each.query["resourceVersion"] for each in server.of("watch", NODES)] == ["100", "200", "300"]
        assert len(server.of("list", NODES)) == 1
        assert (len(sink.calls), waits, reflector.state.failures) == (2, [], 0)


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1alpha3"])
async def test_taint_rules_of_whatever_version(server, connection, version):
    """The newest version that is served is listed and watched."""
    path = TAINT_RULES[version]
    server.objects[path] = [named("drain")]
    async with following(connection, "DeviceTaintRule") as (reflector, sink, _):
        await eventually(lambda: server.of("watch", path))
        assert sink.calls == [("replace", "DeviceTaintRule", ["drain"])]
        assert reflector.state.served


async def test_taint_rules_not_served(server, connection):
    """None is complete. Logged once, checked again from time to time, and found when they appear."""
    with capture_logs() as logs:
        async with following(connection, "DeviceTaintRule") as (reflector, sink, waits):
            await eventually(lambda: waits)
            state = reflector.state
            assert (state.synced, state.served, state.problem, state.failures) == (True, False, "", 0)
            assert (sink.calls, waits) == ([("replace", "DeviceTaintRule", [])], [225.0])
    assert [(each["event"], each["kind"]) for each in logs] == [
        (
            "the API server does not serve this optional kind; checking again every 150 to 300 s",
            "DeviceTaintRule",
        )
    ]


async def test_taint_rules_that_are_served_later(server, connection):
    """Asking again says nothing new, until they appear."""
    with capture_logs() as logs:
        async with following(connection, "DeviceTaintRule", recheck=0.002) as (reflector, sink, waits):
            await eventually(lambda: len(waits) > 3)
            assert sink.calls == [("replace", "DeviceTaintRule", [])]
            server.objects[TAINT_RULES["v1beta2"]] = [named("drain")]
            await eventually(lambda: reflector.state.served)
            assert sink.calls[1:] == [("replace", "DeviceTaintRule", ["drain"])]
    assert len(logs) == 1


async def test_taint_rules_that_move_to_another_version(server, connection):
    """404 on a watch: looked for in the other versions."""
    old, new = TAINT_RULES["v1alpha3"], TAINT_RULES["v1"]
    server.objects[old] = [named("drain")]
    server.watches[old] = [[bookmark("101")]]
    server.failures["watch", old] = [None, status(404, "not found")]
    async with following(connection, "DeviceTaintRule") as (reflector, sink, _):
        await eventually(lambda: sink.calls)
        server.objects[new] = [named("drain")]
        await eventually(lambda: server.of("watch", new))
        assert reflector.state.synced


@pytest.mark.parametrize("keep_json", [False, True])
async def test_json_only_for_those_who_record(server, connection, keep_json):
    """As the server sent it, with lists and events; of what is gone or cannot be read there is none."""
    server.objects[NODES] = [named("a"), named("b")]
    server.watches[NODES] = [
        [
            line("MODIFIED", named("a", "101"))
            + line("DELETED", named("b", "102"))
            + line("ADDED", named("c", "103"))
        ]
    ]
    async with following(connection, keep_json=keep_json) as (_, sink, _):
        await eventually(lambda: len(sink.changes) > 1)
    names = [
        {key: json.loads(data)["metadata"]["name"] for key, data in changes.json.get("Node", {}).items()}
        for changes in sink.changes[:2]
    ]
    assert names == ([{"a": "a", "b": "b"}, {"a": "a", "c": "c"}] if keep_json else [{}, {}])
