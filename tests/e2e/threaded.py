"""A web server in a thread of its own, which answers while a test waits for a process to start."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

import aiohttp
from aiohttp import web

TIMEOUT_SECONDS = 20.0
BODY_BYTES = 1 << 26


class Handler(Protocol):
    """Answers every request; ``url`` is told where."""

    url: str

    async def answer(self, request: web.Request) -> web.StreamResponse: ...


H = TypeVar("H", bound=Handler)


@contextlib.contextmanager
def listening(
    make: Callable[[aiohttp.ClientSession], H], connector: Callable[[], aiohttp.TCPConnector]
) -> Iterator[H]:
    """Serve what ``make`` makes on a free port until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = contextlib.AsyncExitStack()

    def run(work: Awaitable[H | None]) -> H | None:
        return asyncio.run_coroutine_threadsafe(_awaited(work), loop).result(TIMEOUT_SECONDS)

    try:
        handler = run(_start(make, connector, stack))
        assert handler is not None
        yield handler
    finally:
        run(_end(stack))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_SECONDS)
        loop.close()


async def _awaited(work: Awaitable[H | None]) -> H | None:
    return await work


async def _end(stack: contextlib.AsyncExitStack) -> None:
    """Close what is open, and end those who still answer: a watch that waits would outlive the loop."""
    await stack.aclose()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=TIMEOUT_SECONDS / 4)


async def _start(
    make: Callable[[aiohttp.ClientSession], H],
    connector: Callable[[], aiohttp.TCPConnector],
    stack: contextlib.AsyncExitStack,
) -> H:
    # Watches last as long as they like.
    session = aiohttp.ClientSession(connector=connector(), timeout=aiohttp.ClientTimeout(total=None))
    handler = make(await stack.enter_async_context(session))
    app = web.Application(client_max_size=BODY_BYTES)
    app.router.add_route("*", "/{path:.*}", handler.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    handler.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return handler
