"""Lines of a recording."""

from __future__ import annotations


def attempt(pod_object, claims, *, node="near", allocations=None, condition=None, offered=("far", "near")):
    """One line of a recording; no requests where ``pod_object`` is a name only."""
    requests = []
    name = pod_object
    if not isinstance(pod_object, str):
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
