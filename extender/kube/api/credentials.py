"""Where the API server is and who we are, kept valid for as long as a connection lasts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Protocol

import structlog
import yaml

from .errors import LiveError, no_configuration

REFRESH_SECONDS = 30.0
"""How often a token of a plugin is looked at, and the least time between two readings of the kubeconfig."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.credentials")


class Configuration(Protocol):
    """The client's ``Configuration``; ``api_key`` holds the token of each request to come."""

    host: str
    api_key: dict[str, str]


class Credentials:
    """
    The client's configuration.

    In a pod the client itself reads the service account's token again each
    minute. Of a kubeconfig it reads everything once; here the tokens of exec and
    gcp plugins are refreshed before they expire, and :meth:`renew` reads all
    again: token files, OIDC tokens and plugins that give no expiry.
    """

    def __init__(
        self,
        configuration: Configuration,
        context: str | None,
        kubeconfig: str | None,
        clock: Callable[[], float],
    ) -> None:
        self.configuration = configuration
        self._context, self._kubeconfig, self._clock = context, kubeconfig, clock
        self._in_cluster = "KUBERNETES_SERVICE_HOST" in os.environ and not (context or kubeconfig)
        self._loaded = 0.0
        self._refreshing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read the configuration. Raises ``LiveError``."""
        config = import_module("kubernetes.aio.config")
        self._loaded = self._clock()
        try:
            if self._in_cluster:
                config.load_incluster_config(client_configuration=self.configuration)
                return
            loader = await config.load_kube_config(
                config_file=self._kubeconfig or os.environ.get("KUBECONFIG") or None,
                context=self._context,
                client_configuration=self.configuration,
                persist_config=False,
            )
        except (
            config.ConfigException,
            yaml.YAMLError,
            OSError,
            ValueError,
            TypeError,
            AttributeError,  # of files that hold something else
        ) as error:
            raise no_configuration(error) from error
        self.close()
        if self.configuration.api_key:
            self._refreshing = asyncio.create_task(self._refresh(loader), name="refresh token")

    async def renew(self) -> None:
        """
        Read the kubeconfig again, after the server refused these credentials.

        At most every ``REFRESH_SECONDS``, else nothing happens. Where the kubeconfig
        is not usable now, what was read before stays in use.
        """
        if self._in_cluster or self._clock() - self._loaded < REFRESH_SECONDS:
            return
        try:
            await self.load()
        except LiveError as error:
            log.warning("cannot reload the credentials", error=str(error))

    def close(self) -> None:
        """Stop refreshing."""
        if self._refreshing is not None:
            self._refreshing.cancel()

    async def _refresh(self, loader: object) -> None:
        """Refresh the token for ever, or return at once where it is of no plugin."""
        refresh_token = import_module("kubernetes.aio.config").refresh_token
        while True:
            try:
                await refresh_token(loader, self.configuration, interval=REFRESH_SECONDS)
                return
            except Exception as error:  # noqa: BLE001 - plugins fail in any way; the token at hand may still do
                log.warning("cannot refresh the token", error=str(error))
            await asyncio.sleep(REFRESH_SECONDS)


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
    client = await asyncio.to_thread(import_module, "kubernetes.aio.client")
    held = Credentials(client.Configuration(), context, kubeconfig, clock)
    try:
        await held.load()
        yield held
    finally:
        held.close()
