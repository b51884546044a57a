"""
Raw requests to a live API server, through the official client's configuration and transport.

Bodies are bytes: the client's models cost over twenty times as much as typed
decoding. Nothing is retried here, since whoever asks knows what a failure means; but a request that the
server refused before it looked at it is sent once more where there are new credentials.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from .credentials import Credentials, credentials
from .errors import (
    AnswerTooLarge,
    ApiRefusal,
    LiveError,
    NotTrusted,
    Rule,
    no_answer,
    not_trusted,
    reason,
)

if TYPE_CHECKING:
    from .credentials import ApiClient

TIMEOUT_SECONDS = 60.0
"""For a request from connecting to its last byte, where the caller names no other."""

CONNECT_SECONDS = 10.0

SILENCE_SECONDS = 90.0
"""
A watch that says nothing for so long is opened again, lest the connection is dead. Bookmarks come
about every minute, but for kinds of which kube-apiserver has seen no change since its start.
"""

WATCH_GRACE_SECONDS = 15.0
"""How much longer than agreed the server may keep a watch open."""

CHUNK_BYTES = 1 << 18
"""The most of a watch that is handed on at once: some fifty events on slices."""

MOST_ANSWER_BYTES = 256 << 20
"""The longest answer that is read: a page of 500 large slices has some 30 MB."""

MOST_REFUSAL_BYTES = 1 << 20
"""Of an answer that is no success, what is read: more than any Status of Kubernetes."""

_UNAUTHORIZED = 401

Parameters = Mapping[str, str | int | bool]

_HEADERS = {"Accept": "application/json"}
_MERGE_HEADERS = {**_HEADERS, "Content-Type": "application/merge-patch+json"}


class _Version(msgspec.Struct, gc=False):
    git_version: str = msgspec.field(name="gitVersion")


_VERSION = msgspec.json.Decoder(_Version)


class Connection:
    """
    One API server.

    ``kubernetes`` is its version when we connected (``1.36.2``). Every method
    raises ``LiveError``: ``Refusal`` where the server said no, ``Unreachable``
    where no answer came.
    """

    def __init__(self, held: Credentials) -> None:
        self._credentials = held
        self.kubernetes = ""

    @property
    def host(self) -> str:
        """The server's address, as the configuration has it."""
        return self._credentials.host

    async def version(self) -> str:
        """Return the server's version without its ``v``."""
        body = await self.get("/version", {}, Rule("get", "/version"))
        try:
            return _VERSION.decode(body).git_version.removeprefix("v")
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise LiveError(
                f"{self.host} sent an answer that no API server should send for /version: {error}"
            ) from error

    async def get(
        self, path: str, parameters: Parameters, rule: Rule, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> bytes:
        """Return the body at ``path``. ``rule`` is what RBAC must allow for it."""
        return await self._exchange("GET", path, parameters, None, rule, timeout_seconds)

    async def post(
        self, path: str, body: Mapping[str, object], rule: Rule, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> bytes:
        """Send ``body`` as JSON and return the body of the answer."""
        return await self._exchange("POST", path, {}, body, rule, timeout_seconds)

    async def put(
        self, path: str, body: Mapping[str, object], rule: Rule, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> bytes:
        """Replace the object at ``path`` and return it as it is then."""
        return await self._exchange("PUT", path, {}, body, rule, timeout_seconds)

    async def merge(
        self,
        path: str,
        parameters: Parameters,
        body: Mapping[str, object],
        rule: Rule,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> bytes:
        """Merge ``body`` (RFC 7396) into the object at ``path`` and return it as it is then."""
        return await self._exchange("PATCH", path, parameters, body, rule, timeout_seconds)

    @asynccontextmanager
    async def watch(
        self, path: str, parameters: Parameters, rule: Rule, *, seconds: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """
        Open a watch of ``seconds``; yields its bytes as they come, cut anywhere.

        The chunks end where the server ends the watch, where its time is over, or
        after ``SILENCE_SECONDS`` without any. A connection that breaks is ``Unreachable``.
        """
        limits = aiohttp.ClientTimeout(
            total=seconds + WATCH_GRACE_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS
        )
        query = {**parameters, "watch": True, "timeoutSeconds": int(seconds)}
        async with self._answered("GET", path, query, None, rule, limits) as response:
            chunks = self._chunks(response)
            try:
                yield chunks
            finally:
                await chunks.aclose()

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        with self._reached():
            try:
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    yield chunk
            except TimeoutError:
                return

    async def _exchange(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        body: Mapping[str, object] | None,
        rule: Rule,
        timeout_seconds: float,
    ) -> bytes:
        limits = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=CONNECT_SECONDS)
        async with self._answered(method, path, parameters, body, rule, limits) as response:
            with self._reached():
                return await self._body(response, rule)

    async def _body(self, response: aiohttp.ClientResponse, rule: Rule) -> bytes:
        """Raises ``AnswerTooLarge`` as soon as that is known."""
        chunks: list[bytes] = []
        left = MOST_ANSWER_BYTES - (response.content_length or 0)
        if left >= 0:
            left = MOST_ANSWER_BYTES
            async for chunk in response.content.iter_any():
                chunks.append(chunk)
                left -= len(chunk)
                if left < 0:
                    break
        if left < 0:
            response.close()
            raise AnswerTooLarge(
                f"{self.host}: cannot {rule}: the answer has more than {MOST_ANSWER_BYTES >> 20} MiB;"
                " check that this address is that of an API server"
            )
        return b"".join(chunks)

    @asynccontextmanager
    async def _answered(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        body: Mapping[str, object] | None,
        rule: Rule,
        limits: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the response, its body still to be read, if it is a success."""
        with ExitStack() as stack:
            lease = stack.enter_context(self._credentials.lease())
            try:
                response = await self._send(lease.api, method, path, parameters, body, rule, limits)
            except (ApiRefusal, NotTrusted) as refusal:
                unknown = isinstance(refusal, NotTrusted) or refusal.status == _UNAUTHORIZED
                if not unknown or not await self._credentials.renew(lease.generation):
                    raise
                lease = stack.enter_context(self._credentials.lease())
                response = await self._send(lease.api, method, path, parameters, body, rule, limits)
            stack.callback(response.close)
            yield response

    async def _send(
        self,
        api: ApiClient,
        method: str,
        path: str,
        parameters: Parameters,
        body: Mapping[str, object] | None,
        rule: Rule,
        limits: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        request = await api.param_serialize(
            method,
            path,
            query_params=list(parameters.items()),
            header_params=dict(_MERGE_HEADERS if method == "PATCH" else _HEADERS),
            body=body,
            auth_settings=["BearerToken"],
        )
        with self._reached():
            response = (await api.call_api(*request, _request_timeout=limits)).response
            if response.ok:
                return response
            async with response:
                body_of_refusal = await _beginning(response)
        why = reason(response.status, response.reason or "", body_of_refusal, rule)
        raise ApiRefusal(f"{self.host}: cannot {rule}: {why}", response.status, _retry_after(response))

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except aiohttp.ClientSSLError as error:
            raise not_trusted(self.host, error) from error
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise no_answer(self.host, error) from error


@asynccontextmanager
async def connect(
    context: str | None = None, kubeconfig: str | None = None, *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Connection]:
    """
    Connect to a cluster for as long as the context lasts.

    The configuration is the named kubeconfig and context, else the pod's own
    service account, else ``$KUBECONFIG`` or ``~/.kube/config``. The server is
    asked for its version, which warms the client up. ``clock`` is in seconds.
    Raises ``LiveError``.
    """
    async with credentials(context, kubeconfig, clock) as held:
        connection = Connection(held)
        connection.kubernetes = await connection.version()
        yield connection


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    said = bytearray()
    async for chunk in response.content.iter_any():
        said += chunk
        if len(said) > MOST_REFUSAL_BYTES:
            response.close()
            break
    return bytes(said[:MOST_REFUSAL_BYTES])


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """The seconds of Retry-After; 0 for none, or a date, which kube-apiserver does not send."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
