"""
Stands between the scheduler and the extender, and notes which pods could have had a shared root.

A pair that shares a root is worth more than any other, so that a node where a GPU and a NIC share one has
the highest score: looking at one node of that score tells of all that were offered.
"""

from __future__ import annotations

import contextlib
import json

import aiohttp
from aiohttp import web

from extender.core.topology.locations import Distance
from tests.e2e.threaded import listening

SHARED = (Distance.DEVICE, Distance.PCIE_ROOT)


class Offers:
    """Passes every request on to ``extender``; ``shared`` are the pods that were offered a shared root."""

    def __init__(self, session: aiohttp.ClientSession, extender: str) -> None:
        self.url = ""
        self.shared: set[str] = set()
        self._session, self._extender = session, extender

    async def answer(self, request: web.Request) -> web.Response:
        """Pass a request on; where it asks for scores, have the best node explained. The last one counts."""
        body = await request.read()
        status, answered = await self._post(request.path, body)
        if request.path == "/prioritize" and status == 200:
            args = json.loads(body)
            name = args["Pod"]["metadata"]["name"]
            best = max(json.loads(answered), key=lambda entry: entry["Score"])["Host"]
            asked = {"Pod": args["Pod"], "Nodes": None, "NodeNames": [best]}
            _, explained = await self._post("/explain", json.dumps(asked).encode())
            pairs = json.loads(explained)["nodes"][best]["alignment"]["pairs"]
            self.shared.discard(name)
            if any(pair["kinds"] == "gpu-nic" and pair["distance"] in SHARED for pair in pairs):
                self.shared.add(name)
        return web.Response(status=status, body=answered, content_type="application/json")

    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"}
        async with self._session.post(self._extender + path, data=body, headers=headers) as response:
            return response.status, await response.read()


def noted(extender: str) -> contextlib.AbstractContextManager[Offers]:
    """Offers between a scheduler and the ``extender`` at that address."""
    return listening(lambda session: Offers(session, extender), aiohttp.TCPConnector)
