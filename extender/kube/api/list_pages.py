"""
All objects of one kind, read in pages whose items stay JSON.

Source: k8s.io/client-go tools/pager pager.go, v0.36.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from .errors import ApiRefusal, LiveError, Rule

if TYPE_CHECKING:
    from ..decode.resources import Resource
    from .connection import Connection, Parameters

PAGE_SIZE = 500

EXPIRED_LISTS = 3
"""How often a list may expire between two of its pages before we give up."""

_NOT_FOUND, _GONE = 404, 410


@dataclass(frozen=True, slots=True)
class Page:
    """
    ``path`` is that of the list, ``version`` the resourceVersion at which the whole list stood. ``first``:
    whatever was read of the list before is void.
    """

    path: str
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


async def list_pages(connection: Connection, resource: Resource) -> AsyncIterator[Page]:
    """
    Yield the pages of all objects of a kind, in the newest version that is served.

    There is at least one page, but for an optional kind that is not served. Raises ``LiveError``.
    """
    missing: ApiRefusal | None = None
    for path in resource.paths:
        try:
            async for page in _pages(connection, path, Rule("list", resource.kind.resource)):
                yield page
            return
        except ApiRefusal as refusal:
            if refusal.status != _NOT_FOUND:
                raise
            missing = refusal
    if missing is not None and not resource.optional:
        raise missing


async def _pages(connection: Connection, path: str, rule: Rule) -> AsyncIterator[Page]:
    """
    Yield the pages at ``path`` in order.

    A list that expires between two pages (410) starts again, with a page whose ``first`` is true.
    """
    token, version, expired = "", "", 0
    while True:
        parameters: Parameters = {"limit": PAGE_SIZE, "continue": token} if token else {"limit": PAGE_SIZE}
        try:
            body = await connection.get(path, parameters, rule)
        except ApiRefusal as refusal:
            expired += 1
            if refusal.status != _GONE or not token or expired > EXPIRED_LISTS:
                raise
            token, version = "", ""
            continue
        no_list = f"{connection.host}: cannot {rule}: the answer is no list"
        try:
            answer = _LIST.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise LiveError(f"{no_list}: {error}") from error
        if not answer.metadata.resource_version:
            raise LiveError(f"{no_list}: metadata.resourceVersion is empty")
        first, token = not token, answer.metadata.continue_ or ""
        version = version or answer.metadata.resource_version
        yield Page(path, answer.items or [], version, first, last=not token)
        if not token:
            return
