"""A server on this machine that lists, watches and binds as kube-apiserver does, and fails as told."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any

import yaml
from aiohttp import web

NODES = "/api/v1/nodes"
PODS = "/api/v1/pods"
SLICES = "/apis/resource.k8s.io/v1/resourceslices"
CLASSES = "/apis/resource.k8s.io/v1/deviceclasses"
JSON = dict[str, Any]
TAINT_RULES = {
    version: f"/apis/resource.k8s.io/{version}/devicetaintrules" for version in ("v1", "v1beta2", "v1alpha3")
}

CUT = object()
"""A step of a watch: the connection breaks."""
HOLD = object()
"""A step of a watch: nothing more comes, until the server stops."""


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: JSON | None
    token: str
    content_type: str = ""


@dataclass
class ApiServer:
    """
    ``objects`` by path are what lists answer, at ``version``; paths that are not there are not served.

    ``failures`` by (verb, path) are answered first, as (status, body) or (status,
    body, headers); ``None`` lets one request pass. ``watches`` by path are scripts,
    one for each watch: bytes, seconds to wait, and then the end, ``CUT`` or ``HOLD``. A
    watch without a script holds.
    """

    objects: dict[str, list[JSON]] = field(default_factory=dict)
    version: str = "100"
    page_size: int = 500
    failures: dict[tuple[str, str], list[Any]] = field(default_factory=lambda: defaultdict(list))
    watches: dict[str, list[Iterable[object]]] = field(default_factory=lambda: defaultdict(list))
    asked: list[Asked] = field(default_factory=list)
    bodies: dict[tuple[str, str], bytes] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def of(self, verb: str, path: str) -> list[Asked]:
        """The requests for ``verb`` on ``path`` so far."""
        return [each for each in self.asked if (_verb(each.method, each.query), each.path) == (verb, path)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query, data = dict(request.query), await request.read()
        token = request.headers.get("Authorization", "")
        self.asked.append(
            Asked(
                request.method,
                request.path,
                query,
                json.loads(data) if data else None,
                token,
                request.content_type,
            )
        )
        asked = (_verb(request.method, query), request.path)
        if self.failures[asked]:
            failure = self.failures[asked].pop(0)
            if failure is CUT:
                _break(request)
                return web.Response()
            if failure is HOLD:
                await self.stopping.wait()
                return web.Response()
            if failure is not None:
                status, body, *headers = failure
                return web.Response(status=status, body=body, headers=headers[0] if headers else None)
        if asked in self.bodies:
            return web.Response(body=self.bodies[asked], content_type="application/json")
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.36.2"})
        if request.method in _WRITES:
            code = 201 if request.method == "POST" else 200
            return web.json_response({"kind": "Status", "status": "Success"}, status=code)
        if request.path not in self.objects:
            return web.Response(status=404, text="404 page not found")
        if "watch" in query:
            return await self._watch(request)
        return web.json_response(self._page(request.path, query))

    def _page(self, path: str, query: dict[str, str]) -> JSON:
        start = int(query.get("continue", "0"))
        size = min(int(query["limit"]), self.page_size)
        items = self.objects[path]
        metadata = {"resourceVersion": self.version}
        if start + size < len(items):
            metadata["continue"] = str(start + size)
        return {"metadata": metadata, "items": items[start : start + size]}

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        scripts = self.watches[request.path]
        for step in scripts.pop(0) if scripts else [HOLD]:
            if step is CUT:
                _break(request)
            elif step is HOLD:
                await self.stopping.wait()
            elif isinstance(step, float):
                await asyncio.sleep(step)
            else:
                assert isinstance(step, bytes)
                await response.write(step)
                await asyncio.sleep(0.002)  # so that the next bytes are a chunk of their own
        return response


@asynccontextmanager
async def serving(tls: SSLContext | None = None) -> AsyncIterator[ApiServer]:
    """An :class:`ApiServer` that listens, with the given ``ssl.SSLContext`` or in the clear."""
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        server.url = f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        server.stopping.set()
        await runner.cleanup()


def write_kubeconfig(path: Path, url: str, user: JSON | None = None, name: str = "only") -> str:
    path.write_text(
        yaml.safe_dump(
            {
                "kind": "Config",
                "apiVersion": "v1",
                "current-context": name,
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": user or {"token": "secret"}}],
                "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return str(path)


def status(
    code: int, message: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str] | None]:
    """A refusal for ``failures``."""
    return code, json.dumps({"kind": "Status", "message": message, "code": code}).encode(), headers


def named(name: str, version: str = "1", namespace: str | None = None, **fields: Any) -> JSON:
    metadata = {"name": name, "resourceVersion": version}
    if namespace:
        metadata["namespace"] = namespace
    return {"metadata": metadata, **fields}


def line(kind: str, document: JSON) -> bytes:
    """One event of a watch."""
    return json.dumps({"type": kind, "object": document}).encode() + b"\n"


def bookmark(version: str) -> bytes:
    return line("BOOKMARK", {"metadata": {"resourceVersion": version}})


def gone(code: int = 410) -> bytes:
    return line("ERROR", {"kind": "Status", "code": code, "message": "too old resource version"})


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until ``condition()`` is true, which it soon is."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nothing tells when it becomes true
            await asyncio.sleep(0.002)


def _break(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


_WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch"}


def _verb(method: str, query: dict[str, str]) -> str:
    if method in _WRITES:
        return _WRITES[method]
    return "watch" if "watch" in query else "list"
