"""
An API server in a thread of its own, whose watches say whatever a test puts into them.

Unlike ``tests.kube.api_server`` it serves another process, and its objects are bytes: any bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from extender.kube.decode.resources import FOLLOWED
from tests.kube.api_server import write_kubeconfig

PATHS = {resource.kind.name: resource.paths[0] for resource in FOLLOWED}
Key = tuple[str, str]


class LiveApi:
    """
    ``objects``: by kind, by namespace and name, what lists answer. ``posted``: what was sent, by path.

    All methods may be called from any thread.
    """

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self.objects: dict[str, dict[Key, bytes]] = {kind: {} for kind in PATHS}
        for each in objects:
            kind = each["kind"]
            self.objects[kind][key_of(each)] = json.dumps(_versioned(each)).encode()
        self.posted: list[tuple[str, Any]] = []
        self.url = ""
        self._watches: dict[str, set[asyncio.Queue[bytes | None]]] = defaultdict(set)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def send(self, kind: str, lines: bytes) -> None:
        """Say ``lines`` on the watches of a kind."""
        self._loop.call_soon_threadsafe(self._put, kind, lines)

    def end_watches(self, kind: str) -> None:
        """End the watches of a kind such that it is listed again."""
        gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
        self.send(kind, b'{"type":"ERROR","object":%s}\n' % json.dumps(gone).encode())
        self._loop.call_soon_threadsafe(self._put, kind, None)

    def is_watched(self, kind: str) -> bool:
        """Whether a watch of a kind is open."""
        return bool(self._watches[kind])

    @contextlib.contextmanager
    def serving(self) -> Iterator[LiveApi]:
        """Listen on the loopback interface until the context ends."""
        self._thread.start()
        self._listening.wait(30)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(30)
            self._loop.close()

    def kubeconfig(self, directory: Path) -> str:
        """Write a kubeconfig for this server and return its path."""
        return write_kubeconfig(directory / "kubeconfig", self.url)

    def _put(self, kind: str, lines: bytes | None) -> None:
        for queue in self._watches[kind]:
            queue.put_nowait(lines)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._listening.set()
        await self._stopping.wait()
        for queue in (queue for queues in self._watches.values() for queue in queues):
            queue.put_nowait(None)
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.36.2"})
        if request.method == "POST":
            self.posted.append((request.path, await request.json()))
            return web.json_response({"kind": "Status", "status": "Success"}, status=201)
        kinds = [kind for kind, path in PATHS.items() if path == request.path]
        if not kinds:
            return web.Response(status=404, text="404 page not found")
        if "watch" in request.query:
            return await self._watch(request, kinds[0])
        items = b",".join(self.objects[kinds[0]].values())
        body = b'{"metadata":{"resourceVersion":"100"},"items":[%s]}' % items
        return web.Response(body=body, content_type="application/json")

    async def _watch(self, request: web.Request, kind: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._watches[kind].add(queue)
        try:
            await response.prepare(request)
            while (lines := await queue.get()) is not None:
                await response.write(lines)
        except ConnectionError:
            pass
        finally:
            self._watches[kind].discard(queue)
        return response


def key_of(document: Mapping[str, Any]) -> Key:
    """Namespace, empty for kinds without, and name."""
    return document["metadata"].get("namespace", ""), document["metadata"]["name"]


def _versioned(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "resourceVersion": "101"}}
