"""Clusters to schedule on: nodes, their devices and the classes, put into an API server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from extender.cli.bench.fleet import fleet
from tests.e2e.api import Api, InvalidClaims, Object, each

KINDS = ("DeviceClass", "Node", "ResourceSlice")
"""What a fleet consists of, in the order in which it is put in."""
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "KubeletReady",
    "lastHeartbeatTime": "2026-01-01T00:00:00Z",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def recorded() -> list[Object]:
    """The 24 nodes of 20 real machine shapes of the embedded recording."""
    path = resources.files("extender").joinpath("data/fleet-1.36.2.jsonl.gz")
    with path.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8") as lines:
        return items_of(json.loads(lines.readline())["cluster"])


def generated(nodes: int) -> list[Object]:
    """``nodes`` nodes of the machines of ``extender/data/topologies.json``, in turn."""
    return items_of(fleet(nodes))


def items_of(cluster: Mapping[str, Any]) -> list[Object]:
    """The objects of a List that a fleet consists of, as they were before a server stored them."""
    return [_unstored(item) for item in cluster["items"] if item["kind"] in KINDS]


async def load(api: Api, documents: Sequence[Object]) -> None:
    """Create the objects, those that are there already excepted, and make the nodes schedulable."""

    async def create(document: Object) -> None:
        try:
            created = await api.create(document)
        except InvalidClaims as refused:
            if refused.status != 409:
                raise
            return
        if document["kind"] == "Node":
            await api.replace_status({**created, "status": {**document["status"], "conditions": [READY]}})

    for kind in KINDS:
        await each(create, [document for document in documents if document["kind"] == kind])


async def unload(api: Api) -> None:
    """Remove every object of a fleet."""
    for kind in reversed(KINDS):
        await api.delete_all(kind)


def _unstored(item: Mapping[str, Any]) -> Object:
    metadata = {key: item["metadata"][key] for key in ("name", "labels") if key in item["metadata"]}
    return {**item, "metadata": metadata}
