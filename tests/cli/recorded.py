"""Lines of a recording."""

from __future__ import annotations

from collections.abc import Sequence

from tests.api_objects import JSON


def attempt(
    pod_object: JSON | str,
    claims: list[JSON],
    *,
    node: str | None = "near",
    allocations: JSON | None = None,
    condition: JSON | None = None,
    offered: Sequence[str] = ("far", "near"),
) -> JSON:
    """One line of a recording; no requests where ``pod_object`` is a name only."""
    requests: list[JSON] = []
    if isinstance(pod_object, str):
        name = pod_object
    else:
        name = pod_object["metadata"]["name"]
        body = {"Pod": pod_object, "Nodes": None, "NodeNames": list(offered)}
        requests.append({"verb": "filter", "body": body, "answer": {}})
        if len(offered) > 1:
            requests.append({"verb": "prioritize", "body": body, "answer": []})
        requests.append(
            {
                "verb": "bind",
                "body": {"PodName": name, "PodNamespace": "default", "PodUID": "1", "Node": node or "near"},
                "answer": {"Error": ""},
            }
        )
    return {
        "pod": name,
        "claims": claims,
        "requests": requests,
        "outcome": {"node": node, "condition": condition, "allocations": allocations or {}},
    }
