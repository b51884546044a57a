"""Requests with whole Nodes, as a scheduler sends them without nodeCacheCapable."""

from __future__ import annotations

import orjson
import pytest

ITEMS = {
    "node-b": b'{"metadata": {"name":"node-b","labels":{"zone":"b"}},"spec":{"x":1.50}}',
    "node-a": b'{"spec":{},"status":{"capacity":{"cpu":"8"}},"metadata":{"name":"node-a"}}',
    "node-z": '{"metadata":{"name":"node-z","annotations":{"ö":"\\u00e4 \\"]}"}}}'.encode(),
}


@pytest.fixture
def body(pod):
    """Builds a body with Nodes; ``items`` are their texts."""

    def build(*items, names=b"null", alignment=None, listed=b'{"metadata":{},"items":[%s]}'):
        return b'{"Pod":%s,"Nodes":%s,"NodeNames":%s}' % (
            orjson.dumps(pod(alignment)),
            listed % b",".join(items),
            names,
        )

    return build


async def filtered(client, body):
    response = await client.post("/filter", data=body)
    assert response.status == 200
    text = await response.read()
    return text, orjson.loads(text)


async def test_nodes_are_answered_as_nodes(client, body):
    """The scheduler uses the Nodes of the answer, in its order, so each comes back byte for byte."""
    text, answer = await filtered(client, body(*ITEMS.values()))
    assert b",".join(ITEMS.values()) in text
    assert list(answer) == ["Nodes", "NodeNames", "FailedNodes", "FailedAndUnresolvableNodes", "Error"]
    assert [item["metadata"]["name"] for item in answer["Nodes"]["items"]] == list(ITEMS)
    assert answer["NodeNames"] is None
    assert (answer["FailedNodes"], answer["FailedAndUnresolvableNodes"], answer["Error"]) == ({}, {}, "")


async def test_rejected_nodes_are_left_out(client, body, facade, make_verdict):
    """Policy required holds here too; the others come back byte for byte."""
    facade.table = {"node-a": make_verdict("remote"), "node-b": make_verdict("numa")}
    text, answer = await filtered(client, body(*ITEMS.values(), alignment="required"))
    assert list(answer["FailedAndUnresolvableNodes"]) == ["node-a"]
    assert b'"items":[%s,%s]' % (ITEMS["node-b"], ITEMS["node-z"]) in text


async def test_all_rejected_is_an_empty_list(client, body, facade, make_verdict):
    """Never null: that would mean something else to Go."""
    facade.table = {"node-a": make_verdict("remote")}
    _, answer = await filtered(client, body(ITEMS["node-a"], alignment="required"))
    assert answer["Nodes"]["items"] == []


async def test_a_node_sent_twice_is_answered_once(client, body):
    """The scheduler does not remove duplicates, and the first is the one it sent first."""
    other = b'{"metadata":{"name":"node-a"},"spec":{"other":true}}'
    text, answer = await filtered(client, body(ITEMS["node-a"], ITEMS["node-b"], other))
    assert b'"items":[%s,%s]' % (ITEMS["node-a"], ITEMS["node-b"]) in text
    assert len(answer["Nodes"]["items"]) == 2
    scores = await (await client.post("/prioritize", data=body(ITEMS["node-a"], other))).json()
    assert scores == [{"Host": "node-a", "Score": 50}]


@pytest.mark.parametrize("listed", [b'{"items":[%s]}', b'{"kind":"NodeList","items":[%s],"metadata":null}'])
async def test_the_list_may_have_other_keys(client, body, listed):
    """Only the items matter."""
    _, answer = await filtered(client, body(ITEMS["node-a"], listed=listed))
    assert [item["metadata"]["name"] for item in answer["Nodes"]["items"]] == ["node-a"]


@pytest.mark.parametrize("listed", [b'{"items":[]}%s', b'{"items":null}%s', b"{}%s"])
async def test_no_nodes_are_answered_as_no_nodes(client, body, listed):
    """A list without items is a request like any other."""
    response = await client.post("/filter", data=body(listed=listed))
    answer = await response.json()
    assert response.status == 200
    assert answer["Nodes"] is not None
    assert not answer["Nodes"].get("items")
    assert await (await client.post("/prioritize", data=body(listed=listed))).json() == []


async def test_names_win_where_both_are_sent(client, body):
    """Names are what is judged; a scheduler that is nodeCacheCapable reads names only."""
    _, answer = await filtered(client, body(ITEMS["node-a"], names=b'["node-a"]'))
    assert answer["NodeNames"] == ["node-a"]


@pytest.mark.parametrize("verb", ["filter", "prioritize", "explain"])
async def test_warned_once_and_counted_each_time(client, body, logged, metric, verb):
    """One line in the log names the setting; how often it happens is a metric."""
    for _ in range(3):
        assert (await client.post(f"/{verb}", data=body(*ITEMS.values()))).status == 200
    warnings = [line for line in logged if line["log_level"] == "warning"]
    assert len(warnings) == 1
    assert "nodeCacheCapable: true" in warnings[0]["event"]
    assert metric("node_object_requests_total", verb=verb) == 3


async def test_warned_once_for_all_verbs(client, body, logged):
    """The setting is one, whichever verb noticed."""
    for verb in ("prioritize", "filter", "explain"):
        await client.post(f"/{verb}", data=body(*ITEMS.values()))
    assert sum(line["log_level"] == "warning" for line in logged) == 1


async def test_names_are_not_warned_of(client, args, logged, metric):
    """The supported mode is silent."""
    await client.post("/filter", data=args("node-a"))
    assert [line for line in logged if line["log_level"] == "warning"] == []
    assert metric("node_object_requests_total", verb="filter") == 0


async def test_both_forms_are_judged_alike(frozen, world, args, pod):
    """The same nodes get the same rejections and scores, whichever way they are sent."""
    client = await frozen(world)
    items = [{"metadata": {"name": name}} for name in ("far", "near", "node-z")]
    nodes = {"Pod": pod("required"), "Nodes": {"items": items}}
    names = args("far", "near", "node-z", alignment="required")
    by_object = await (await client.post("/filter", json=nodes)).json()
    by_name = await (await client.post("/filter", data=names)).json()
    assert by_object["FailedAndUnresolvableNodes"] == by_name["FailedAndUnresolvableNodes"] != {}
    assert [item["metadata"]["name"] for item in by_object["Nodes"]["items"]] == by_name["NodeNames"]
    for verb in ("prioritize", "explain"):
        answers = [
            await (await client.post(f"/{verb}", json=nodes)).json(),
            await (await client.post(f"/{verb}", data=names)).json(),
        ]
        assert answers[0] == answers[1]


async def test_an_internal_error_passes_every_node(client, body, facade, logged):
    """The nodes come back even when judging them failed."""
    facade.failure = RuntimeError("broken prediction")
    text, _ = await filtered(client, body(*ITEMS.values(), alignment="required"))
    assert b",".join(ITEMS.values()) in text
