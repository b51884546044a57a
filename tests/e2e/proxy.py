"""Stands between a client and the API server, and passes on less than it should when told to."""

from __future__ import annotations

import asyncio
import contextlib
from enum import Enum

import aiohttp
from aiohttp import web

from tests.e2e.control_plane import ControlPlane
from tests.e2e.threaded import listening

PASSED = ("Content-Type", "Retry-After")
"""Headers of an answer that clients act on."""


class Fault(Enum):
    """What the proxy does instead of passing on."""

    NONE = "none"
    CUT_WATCHES = "each watch breaks in the middle of its next line, and so does each one that follows"
    STALL_WATCHES = "watches stay open and say nothing; what they would have said comes afterwards"
    REFUSE = "every connection breaks"
    LOSE_BINDINGS = "bindings are made, but the answers do not come back"


class Proxy:
    """
    The API server at ``url``, in the clear, while ``fault`` is ``NONE``.

    ``cut`` counts the watches that broke in the middle of a line, ``lost`` the answers to bindings.
    """

    def __init__(self, session: aiohttp.ClientSession, target: str) -> None:
        self.url = ""
        self.fault = Fault.NONE
        self.cut = self.lost = 0
        self._session, self._target = session, target
        self._watches: list[web.Request] = []
        self._loop = asyncio.get_running_loop()

    def refuse(self) -> None:
        """From here on every connection breaks, those of open watches included."""
        self.fault = Fault.REFUSE
        self._loop.call_soon_threadsafe(self._break_watches)

    def _break_watches(self) -> None:
        for request in self._watches:
            _break(request)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Ask the API server what we are asked, and pass its answer on as ``fault`` says."""
        if self.fault is Fault.REFUSE:
            return _break(request)
        headers = {
            name: request.headers[name]
            for name in ("Accept", "Authorization", "Content-Type")
            if name in request.headers
        }
        url, body = f"{self._target}{request.path_qs}", await request.read()
        try:
            async with self._session.request(request.method, url, headers=headers, data=body) as upstream:
                if request.query.get("watch") in ("true", "True", "1") and upstream.status == 200:
                    return await self._watch(request, upstream)
                answered = await upstream.read()
        except (aiohttp.ClientError, OSError):
            return _break(request)
        if self.fault is Fault.LOSE_BINDINGS and request.path.endswith("/binding"):
            self.lost += 1
            return _break(request)
        return web.Response(status=upstream.status, body=answered, headers=_passed(upstream))

    async def _watch(self, request: web.Request, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(headers=_passed(upstream))
        await response.prepare(request)
        self._watches.append(request)
        try:
            async for chunk in upstream.content.iter_any():
                while self.fault is Fault.STALL_WATCHES:  # noqa: ASYNC110 - the test changes it
                    await asyncio.sleep(0.02)
                if self.fault is Fault.CUT_WATCHES:
                    await response.write(chunk[: len(chunk) // 2].rstrip(b"\n"))
                    self.cut += 1
                    return _break(request)
                await response.write(chunk)
        finally:
            self._watches = [each for each in self._watches if each is not request]
        return response


def between(plane: ControlPlane) -> contextlib.AbstractContextManager[Proxy]:
    """A proxy before the API server of ``plane``."""
    return listening(
        lambda session: Proxy(session, plane.url), lambda: aiohttp.TCPConnector(limit=0, ssl=plane.tls())
    )


def _passed(upstream: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: upstream.headers[name] for name in PASSED if name in upstream.headers}


def _break(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
