"""
Where the API server is and who we are, kept valid for as long as a connection lasts.

A renewed certificate authority, client certificate or token is noticed by the content of the files, and
by what the API server refuses. Times are monotonic.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import structlog

import extender

from .errors import no_configuration
from .kubeconfig import KubeconfigSource, content_of

if TYPE_CHECKING:
    import aiohttp

    from .kubeconfig import Configuration, Loaded

LOOK_SECONDS = 10.0
"""How often the files are looked at."""

REFRESH_SECONDS = 30.0
"""The least time between two runs of a plugin; how long before it expires a credential is replaced."""

LOAD_SECONDS = 200.0
"""How long reading the configuration may take, plugins included."""

MAX_HEADERS = 64
MAX_HEADER_BYTES = 8190
"""Headers of an answer of the API server, and the bytes of each; more is no answer."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.credentials")


class Answer(Protocol):
    """The client's ``RESTResponse``."""

    @property
    def response(self) -> aiohttp.ClientResponse: ...


class ApiClient(Protocol):
    """The client's ``ApiClient``, as far as it is used."""

    user_agent: str

    async def param_serialize(
        self,
        method: str,
        resource_path: str,
        *,
        query_params: list[tuple[str, object]],
        header_params: dict[str, str],
        body: object,
        auth_settings: list[str],
    ) -> tuple[object, ...]: ...

    async def call_api(self, *request: object, _request_timeout: aiohttp.ClientTimeout) -> Answer: ...

    async def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class Client:
    """
    An API client and its configuration. ``users``: requests and watches under way.

    ``trust`` is a digest of all that its connections rest on, the token apart.
    """

    api: ApiClient
    configuration: Configuration
    trust: bytes
    users: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """A client for one request; ``generation`` tells the credentials at its beginning from later ones."""

    api: ApiClient
    generation: int


class Credentials:
    """
    The client that requests go through, replaced when what it rests on changes.

    A client that is replaced is closed when its last watch has ended, so that none breaks. ``clock``
    is in seconds.
    """

    def __init__(self, source: KubeconfigSource, clock: Callable[[], float]) -> None:
        self._source, self._clock = source, clock
        self._client: Client | None = None
        self._replaced: set[Client] = set()
        self._loaded: Loaded | None = None
        self._content = b""
        self._refused = b""
        self._time = 0.0
        self._generation = 0
        self._renewing = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def host(self) -> str:
        """The server's address, as the configuration has it."""
        assert self._client is not None
        return self._client.configuration.host

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """Use the client of the moment for a request, to the end of its answer."""
        client = self._client
        assert client is not None
        client.users += 1
        try:
            yield Lease(client.api, self._generation)
        finally:
            client.users -= 1
            self._close_if_done(client)

    async def load(self) -> None:
        """Read the configuration. Raises ``LiveError``."""
        self._time = self._clock()
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                loaded = await self._source.load()
        except TimeoutError as error:
            raise no_configuration(error) from error
        # Before the certificates are loaded: where they change meanwhile the next look finds that.
        content = content_of(loaded.files)
        self._take(loaded)
        changed = content != self._content or loaded.runs
        self._loaded, self._content = loaded, content
        self._generation += changed

    async def renew(self, refused: int) -> bool:
        """
        Look for other credentials, after the server or TLS refused those of the generation ``refused``.

        Whether there are others now. What gives its credentials by a program is asked at most every
        ``REFRESH_SECONDS``. Where nothing usable is found, what was read before stays in use.
        """
        async with self._renewing:
            if self._generation == refused and self._may_load():
                loaded = self._loaded
                assert loaded is not None
                if loaded.runs or await self._changed():
                    await self._load_again()
            return self._generation != refused

    async def keep(self) -> None:
        """Look at the files, and at when a plugin's credential expires, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            async with self._renewing:
                if self._may_load() and (self._expires() or await self._changed()):
                    await self._load_again()

    async def close(self) -> None:
        """Close all clients."""
        for client in (*self._replaced, *([self._client] if self._client is not None else ())):
            await client.api.close()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _expires(self) -> bool:
        """Whether the credential of a plugin is soon to expire."""
        loaded = self._loaded
        assert loaded is not None
        age = self._clock() - self._time
        return loaded.expires_in is not None and age >= loaded.expires_in - REFRESH_SECONDS

    def _may_load(self) -> bool:
        """Whether a plugin, if there is one, may run again."""
        loaded = self._loaded
        assert loaded is not None
        return not loaded.runs or self._clock() - self._time >= REFRESH_SECONDS

    async def _changed(self) -> bool:
        loaded = self._loaded
        assert loaded is not None
        return await asyncio.to_thread(content_of, loaded.files) != self._content

    async def _load_again(self) -> None:
        try:
            await self.load()
        except Exception as error:  # noqa: BLE001 - providers fail in any way; what is at hand may still do
            loaded = self._loaded
            assert loaded is not None
            content = content_of(loaded.files)
            if content != self._refused:
                log.warning("cannot reload the credentials", error=str(error))
            self._refused = content
        else:
            self._refused = b""
            log.info("credentials reloaded", server=self.host)

    def _take(self, loaded: Loaded) -> None:
        """Take a token into the client, or make another client where more changed. Raises ``LiveError``."""
        configuration, before = loaded.configuration, self._client
        trust = _trust(configuration)
        if before is not None and before.trust == trust:
            before.configuration.api_key = configuration.api_key
            return
        self._client = Client(_api_client(configuration), configuration, trust)
        if before is not None:
            self._replaced.add(before)
            self._close_if_done(before)

    def _close_if_done(self, client: Client) -> None:
        if client in self._replaced and not client.users:
            self._replaced.remove(client)
            task = asyncio.get_running_loop().create_task(client.api.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _trust(configuration: Configuration) -> bytes:
    files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
    others = (
        configuration.host,
        configuration.verify_ssl,
        configuration.tls_server_name,
        configuration.proxy,
    )
    return content_of(files) + repr(others).encode()


def _api_client(configuration: Configuration) -> ApiClient:
    """
    Raises ``LiveError`` where certificates or keys cannot be read.

    aiohttp would look for proxies and for a netrc file in two threads before each request, and refuse to
    send a token to a host that the netrc file names.
    """
    configuration.proxy = configuration.proxy or _proxy_of(configuration.host)
    configuration.client_session_kwargs = {
        "trust_env": False,
        "max_headers": MAX_HEADERS,
        "max_field_size": MAX_HEADER_BYTES,
        "max_line_size": MAX_HEADER_BYTES,
    }
    try:
        api = import_module("kubernetes.aio.client").ApiClient(configuration)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise no_configuration(error) from error
    api.user_agent = f"dra-extender/{extender.__version__}"
    return cast("ApiClient", api)


def _proxy_of(host: str) -> str | None:
    """The proxy that the environment names for the server, if any."""
    server = urlsplit(host)
    return None if proxy_bypass(server.hostname or "") else getproxies().get(server.scheme)


@asynccontextmanager
async def credentials(
    context: str | None, kubeconfig: str | None, clock: Callable[[], float]
) -> AsyncIterator[Credentials]:
    """
    Read the configuration and keep it valid while the context lasts.

    It is that of the named kubeconfig and context, else the pod's own service
    account, else ``$KUBECONFIG`` or ``~/.kube/config``. Raises ``LiveError``.
    """
    # The import takes a third of a second, too long for an event loop that serves.
    await asyncio.to_thread(import_module, "kubernetes.aio.client")
    held = Credentials(KubeconfigSource(context, kubeconfig), clock)
    await held.load()
    keeping = asyncio.create_task(held.keep(), name="keep credentials")
    try:
        yield held
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await held.close()
