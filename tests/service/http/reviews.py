"""Questions of the API server to the webhook, and what its answers make of an object."""

from __future__ import annotations

import base64
from typing import Any

import orjson

Object = dict[str, Any]


def review(document: Object, namespace: str = "team", **fields: Any) -> Object:
    """What the API server sends when ``document`` is created; ``fields`` add to the request."""
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "r-1",
            "kind": {"group": "resource.k8s.io", "version": "v1", "kind": document["kind"]},
            "namespace": namespace,
            "operation": "CREATE",
            "object": document,
            **fields,
        },
    }


def patched(document: Object, answer: Object) -> Object:
    """Apply the answer's patch, which only adds."""
    made: Object = orjson.loads(orjson.dumps(document))
    if "patch" not in answer:
        return made
    assert answer["patchType"] == "JSONPatch"
    for operation in orjson.loads(base64.b64decode(answer["patch"])):
        assert operation["op"] == "add"
        *way, last = operation["path"].split("/")[1:]
        place: Any = made
        for step in way:
            place = place[step]
        place[last.replace("~1", "/")] = operation["value"]
    return made
