"""
One list, read in pages whose items stay JSON.

Source: k8s.io/client-go tools/pager pager.go, v0.36.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import msgspec

from ..api.connection import Parameters
from ..api.errors import ApiRefusal, LiveError

PAGE_SIZE = 500

EXPIRED_LISTS = 3
"""How often a list may expire between two of its pages before we give up."""

_GONE = 410


@dataclass(frozen=True, slots=True)
class Page:
    """
    ``version`` is the resourceVersion at which the whole list stood. ``first``:
    whatever was read of the list before is void.
    """

    items: list[msgspec.Raw]
    version: str
    first: bool
    last: bool


class _Metadata(msgspec.Struct, gc=False):
    resource_version: str = msgspec.field(name="resourceVersion")
    continue_: str | None = msgspec.field(name="continue", default=None)


class _List(msgspec.Struct, gc=False):
    metadata: _Metadata
    items: list[msgspec.Raw] | None = None


_LIST = msgspec.json.Decoder(_List)


async def list_pages(get: Callable[[Parameters], Awaitable[bytes]], attempt: str) -> AsyncIterator[Page]:
    """
    Yield the pages that ``get`` returns for limit and continue, in order.

    A list that expires between two pages (410) starts again, with a page whose
    ``first`` is true. Raises ``LiveError``; ``attempt`` is what its text begins
    with where the answer is no list.
    """
    token, version, expired = "", "", 0
    while True:
        asked: Parameters = {"limit": PAGE_SIZE, "continue": token} if token else {"limit": PAGE_SIZE}
        try:
            body = await get(asked)
        except ApiRefusal as refusal:
            expired += 1
            if refusal.status != _GONE or not token or expired > EXPIRED_LISTS:
                raise
            token, version = "", ""
            continue
        try:
            found = _LIST.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise LiveError(f"{attempt}: the answer is no list: {error}") from error
        if not found.metadata.resource_version:
            raise LiveError(f"{attempt}: the answer is no list: metadata.resourceVersion is empty")
        first, token = not token, found.metadata.continue_ or ""
        version = version or found.metadata.resource_version
        yield Page(found.items or [], version, first, last=not token)
        if not token:
            return
