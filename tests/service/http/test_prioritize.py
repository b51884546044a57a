"""Prioritize: one integer score for every name, whatever happens."""

from __future__ import annotations

import orjson
import pytest


async def test_answers_a_bare_array_of_host_and_integer_score(client, args, facade, make_verdict):
    """The answer is what Go's HostPriorityList decodes: integers, capitalised keys, no wrapper."""
    facade.table = {"node-a": make_verdict("numa", score=60), "node-b": make_verdict("pcie-root", score=100)}
    response = await client.post("/prioritize", data=args("node-b", "node-a"))
    assert response.status == 200
    assert await response.read() == b'[{"Host":"node-b","Score":100},{"Host":"node-a","Score":60}]'


async def test_an_unknown_node_gets_an_entry(client, args, facade):
    """The scheduler prefers hosts with an entry among equals, so no name goes without."""
    response = await client.post("/prioritize", data=args("node-z"))
    assert await response.json() == [{"Host": "node-z", "Score": 50}]


async def test_answers_a_name_sent_twice_once(client, args, facade, make_verdict):
    """The scheduler adds up the entries of one host, so there is one."""
    facade.table = {"node-a": make_verdict("numa", score=60)}
    response = await client.post("/prioritize", data=args("node-a", "node-a"))
    assert await response.json() == [{"Host": "node-a", "Score": 60}]


async def test_policy_ignore_makes_all_nodes_equal(client, args, facade, make_verdict):
    """Equal scores leave the choice to the scheduler, and need no prediction."""
    facade.table = {"node-a": make_verdict("numa", score=60)}
    response = await client.post("/prioritize", data=args("node-a", "node-b", alignment="ignore"))
    assert await response.json() == [{"Host": "node-a", "Score": 50}, {"Host": "node-b", "Score": 50}]
    assert facade.calls == 0


@pytest.mark.parametrize("names", [(), ("node-a",), ("node-b", "n.example", "0")])
async def test_an_internal_error_scores_every_node_half(client, args, facade, metric, logged, names):
    """An error of ours costs the opinion, never the answer."""
    facade.failure = RuntimeError("broken prediction")
    response = await client.post("/prioritize", data=args(*names))
    assert response.status == 200
    assert orjson.loads(await response.read()) == [{"Host": name, "Score": 50} for name in names]
    assert metric("internal_errors_total", verb="prioritize") == 1
    assert metric("neutral_answers_total", verb="prioritize", reason="internal-error") == 1
    assert [str(line["exc_info"]) for line in logged] == ["broken prediction"]


async def test_scores_half_before_the_cluster_is_listed(client, args, facade, store, metric):
    """Without a complete snapshot there is no opinion."""
    store.ready = False
    response = await client.post("/prioritize", data=args("node-a"))
    assert await response.json() == [{"Host": "node-a", "Score": 50}]
    assert facade.calls == 0
    assert metric("neutral_answers_total", verb="prioritize", reason="not-ready") == 1


async def test_node_objects_are_scored_by_name(client, pod, facade, make_verdict):
    """A request with whole Nodes gets the same entries."""
    facade.table = {"node-a": make_verdict("numa", score=60)}
    body = orjson.dumps({"Pod": pod(), "Nodes": {"items": [{"metadata": {"name": "node-a"}}]}})
    response = await client.post("/prioritize", data=body)
    assert await response.json() == [{"Host": "node-a", "Score": 60}]


async def test_counts_predictions_and_memo(client, args, facade, make_verdict, metric):
    """What was searched and what was remembered can be read off."""
    facade.table = {"node-a": make_verdict("numa")}
    await client.post("/prioritize", data=args("node-a", "node-b", "node-c"))
    assert metric("predictions_total", outcome="allocated", certainty="exact") == 1
    assert metric("memo_lookups_total", result="miss") == 1
    assert metric("memo_lookups_total", result="hit") == 2
    assert metric("request_nodes_sum", verb="prioritize") == 3
    assert metric("request_duration_seconds_count", verb="prioritize", result="ok") == 1


async def test_an_answer_looks_at_no_node_again(client, args, facade, make_verdict, monkeypatch):
    """The entries are the whole answer: no verdict is made for a metric."""
    facade.table = {"node-a": make_verdict("numa", score=60)}
    entries = facade.entries(["node-a"])
    monkeypatch.setattr(facade, "entries", lambda _names, _turn: entries)
    monkeypatch.setattr(
        facade, "verdicts", lambda _names, _budget=None: pytest.fail("a verdict was asked for")
    )
    response = await client.post("/prioritize", data=args("node-a"))
    assert await response.json() == [{"Host": "node-a", "Score": 60}]
