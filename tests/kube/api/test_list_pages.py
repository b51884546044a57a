"""The pages of a list: each is on its way while the one before is read."""

from __future__ import annotations

import asyncio

import pytest

from extender.kube.api.errors import LiveError
from extender.kube.api.list_pages import list_pages
from extender.kube.decode.resources import BY_KIND
from tests.kube.api_server import HOLD, NODES, eventually, named, status

RESOURCE = BY_KIND["Node"]


async def test_the_next_page_is_asked_for_while_a_page_is_read(server, connection):
    """One page ahead, and no more."""
    server.objects[NODES], server.page_size = [named("a"), named("b"), named("c")], 1
    async with list_pages(connection, RESOURCE) as pages:
        for asked in (2, 3, 3):
            page = await anext(pages)
            await eventually(lambda: len(server.of("list", NODES)) == asked)  # noqa: B023 - called at once
            # Time enough for one that should not come.
            await asyncio.sleep(0.02)
            assert (len(page.items), len(server.of("list", NODES))) == (1, asked)
        assert [page async for page in pages] == []


async def test_a_page_that_failed_is_told_in_its_turn(server, connection):
    """What came before can be read, though the failure is known by then."""
    server.objects[NODES], server.page_size = [named("a"), named("b")], 1
    server.failures["list", NODES] = [None, status(500, "etcd is away")]
    async with list_pages(connection, RESOURCE) as pages:
        assert len((await anext(pages)).items) == 1
        await eventually(lambda: len(server.of("list", NODES)) == 2)
        with pytest.raises(LiveError, match="etcd is away"):
            await anext(pages)


async def test_who_stops_early_leaves_no_request_behind(server, connection):
    """The request for the next page ends, though the server never answers it."""
    server.objects[NODES], server.page_size = [named("a"), named("b")], 1
    server.failures["list", NODES] = [None, HOLD]
    async with list_pages(connection, RESOURCE) as pages:
        await anext(pages)
        await eventually(lambda: len(server.of("list", NODES)) == 2)
        assert _requests() == 1
    assert _requests() == 0


def _requests() -> int:
    return sum("Connection.get" in repr(task) for task in asyncio.all_tasks())
