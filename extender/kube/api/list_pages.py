"""
All objects of one kind, read in pages whose items stay JSON.

Source: k8s.io/client-go tools/pager pager.go, v0.36.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from ..decode.errors import UNREADABLE
from ..decode.json_parts import JSONParts
from .errors import AnswerTooLarge, ApiRefusal, LiveError, Rule

if TYPE_CHECKING:
    from ..decode.resources import Resource
    from .connection import Connection, Parameters

PAGE_SIZE = 500

MOST_PAGES = 20_000
"""A list of more pages has no end: at 500 objects a page no cluster has a hundredth of it."""

SMALLER = 10
"""How many times fewer objects are asked for when a page is too large."""

EXPIRED_LISTS = 3
"""How often a list may expire between two of its pages before we give up."""

_NOT_FOUND, _GONE = 404, 410


@dataclass(frozen=True, slots=True)
class Page:
    """
    ``path`` is that of the list, ``version`` the resourceVersion at which the whole list stood, ``token``
    what the next page is asked for with, empty after the last. ``first``: whatever was read of the list
    before is void.
    """

    path: str
    items: list[msgspec.Raw]
    version: str
    token: str
    first: bool


class _Metadata(msgspec.Struct, gc=False):
    resource_version: str = msgspec.field(name="resourceVersion")
    continue_: str | None = msgspec.field(name="continue", default=None)


class _List(msgspec.Struct, gc=False):
    metadata: _Metadata
    items: list[msgspec.Raw] | None = None


_LIST = msgspec.json.Decoder(_List)
_METADATA = msgspec.json.Decoder(_Metadata)

_PAUSE_BYTES = 1 << 16
"""How much of a page is taken apart before others may run: at worst some 5 ms."""


@asynccontextmanager
async def list_pages(connection: Connection, resource: Resource) -> AsyncIterator[AsyncIterator[Page]]:
    """
    Yield the pages of all objects of a kind, in the newest version that is served.

    There is at least one page, but for an optional kind that is not served. A list that expires between two
    pages (410) starts again, with a page whose ``first`` is true; one with a page that is too large does so
    with smaller pages. Each page is asked for when the one before has come, so that the server is at work
    while that one is decoded: two pages at most are held as JSON. The pages raise ``LiveError``.
    """
    pages = _pages(connection, resource)
    try:
        yield pages
    finally:
        await pages.aclose()


async def _pages(connection: Connection, resource: Resource) -> AsyncGenerator[Page, None]:
    rule = Rule("list", resource.kind.resource)
    path, *older = resource.paths
    token, version, expired, size, left = "", "", 0, PAGE_SIZE, MOST_PAGES

    def ask() -> asyncio.Task[bytes]:
        parameters: Parameters = {"limit": size, "continue": token} if token else {"limit": size}
        return asyncio.create_task(connection.get(path, parameters, rule))

    asked = ask()
    try:
        while left:
            try:
                body = await asked
            except ApiRefusal as refusal:
                if refusal.status == _NOT_FOUND and older:
                    path, *older = older
                elif refusal.status == _NOT_FOUND and resource.optional:
                    return
                elif refusal.status == _GONE and token and expired < EXPIRED_LISTS:
                    expired += 1
                else:
                    raise
                token, version = "", ""
                asked = ask()
                continue
            except AnswerTooLarge:
                if size < SMALLER:
                    raise
                token, version, size = "", "", size // SMALLER
                asked = ask()
                continue
            left -= 1
            page = await _page(body, path, first=not token, no_list=f"{connection.host}: cannot {rule}")
            token, version = page.token, version or page.version
            if token and left:
                asked = ask()
            yield replace(page, version=version)
            if not token:
                return
    finally:
        # Where nobody waits for it any more, what became of it does not matter.
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
    raise LiveError(
        f"{connection.host}: cannot {rule}: the list has more than {MOST_PAGES} pages;"
        " check that this address is that of an API server"
    )


async def _page(body: bytes, path: str, *, first: bool, no_list: str) -> Page:
    try:
        answer = _LIST.decode(body)
    except UNREADABLE as error:
        try:
            answer = await _list_with_bad_items(body)
        except UNREADABLE:
            raise LiveError(f"{no_list}: the answer is no list: {error}") from error
    metadata = answer.metadata
    if not metadata.resource_version:
        raise LiveError(f"{no_list}: the answer is no list: metadata.resourceVersion is empty")
    return Page(path, answer.items or [], metadata.resource_version, metadata.continue_ or "", first)


async def _list_with_bad_items(body: bytes) -> _List:
    """Take a list apart whose items are not all JSON that msgspec reads. Raises one of ``UNREADABLE``."""
    parts = JSONParts(body)
    metadata: bytes = b"null"
    items: list[msgspec.Raw] = []
    passed = 0
    for key in parts.members():
        if key != "items":
            value = parts.value()
            metadata = value if key == "metadata" else metadata
            continue
        for item in parts.elements():
            items.append(msgspec.Raw(item))
            passed += len(item)
            if passed >= _PAUSE_BYTES:
                await asyncio.sleep(0)
                passed = 0
    parts.end()
    return _List(_METADATA.decode(metadata), items)
