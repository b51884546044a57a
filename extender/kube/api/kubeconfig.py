"""
The client's configuration from a kubeconfig or a pod's service account, and the files that it is read from.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import yaml

from .errors import no_configuration
from .exec_plugin import PluginError, run_plugin

if TYPE_CHECKING:
    from types import ModuleType

CLUSTER_FILES = ("certificate-authority",)
USER_FILES = ("client-certificate", "client-key", "tokenFile")

MOST_FILE_BYTES = 16 << 20
"""Of each file that is read to see whether it changed."""


class Configuration(Protocol):
    """The client's ``Configuration``; ``api_key`` holds the token of each request to come."""

    host: str
    api_key: dict[str, str]
    ssl_ca_cert: str | None
    cert_file: str | None
    key_file: str | None
    verify_ssl: bool
    tls_server_name: str | None
    proxy: str | None
    client_session_kwargs: dict[str, object] | None


class _Node(Protocol):
    """The client's ``ConfigNode``: a part of a kubeconfig, with the path of the file that it is from."""

    value: object
    path: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """
    A configuration, and the ``files`` whose content it rests on.

    ``expires_in``: the seconds until the credential of a plugin expires. ``runs``: a plugin or a provider
    gives the credentials, so that they may be others although no file changed.
    """

    configuration: Configuration
    files: tuple[str, ...]
    expires_in: float | None = None
    runs: bool = False


class KubeconfigSource:
    """
    Where the configuration is read from: the named kubeconfig and context, else the pod's own service
    account, else ``$KUBECONFIG`` or ``~/.kube/config``.
    """

    def __init__(self, context: str | None, kubeconfig: str | None) -> None:
        self._context = context
        self._in_cluster = "KUBERNETES_SERVICE_HOST" in os.environ and not (context or kubeconfig)
        named = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
        self._files = [str(Path(name).expanduser()) for name in named.split(os.pathsep) if name]

    async def load(self) -> Loaded:
        """Read all of it again. Raises ``LiveError``."""
        exceptions = import_module("kubernetes.aio.config")
        try:
            return self._load_service_account() if self._in_cluster else await self._load_kubeconfig()
        except (
            exceptions.ConfigException,
            PluginError,
            yaml.YAMLError,
            OSError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,  # of files that hold something else
        ) as error:
            raise no_configuration(error) from error

    def _load_service_account(self) -> Loaded:
        configuration = _configuration()
        account = import_module("kubernetes.aio.config.incluster_config")
        # Not refreshed by the client, which does so by wall clock.
        account.load_incluster_config(client_configuration=configuration, try_refresh_token=False)
        return Loaded(configuration, (account.SERVICE_TOKEN_FILENAME, account.SERVICE_CERT_FILENAME))

    async def _load_kubeconfig(self) -> Loaded:
        module = import_module("kubernetes.aio.config.kube_config")
        merger = module.KubeConfigMerger(os.pathsep.join(self._files))
        if merger.config is None:
            raise ValueError(f"there is no file {' or '.join(self._files)}")
        clusters, users = _entries(merger.config, "clusters"), _entries(merger.config, "users")
        files = (
            *self._files,
            *_named_files(clusters, "cluster", CLUSTER_FILES),
            *_named_files(users, "user", USER_FILES),
        )
        expires_in, runs = await _run_exec(module, merger.config, self._context, users)
        loader = module.KubeConfigLoader(
            config_dict=merger.config, active_context=self._context, config_base_path=None
        )
        configuration = _configuration()
        await loader.load_and_set(configuration)
        return Loaded(configuration, files, expires_in, runs or bool(loader.provider))


def _configuration() -> Configuration:
    return cast("Configuration", import_module("kubernetes.aio.client").Configuration())


def _entries(config: _Node, section: str) -> list[tuple[dict[str, object], str]]:
    """The entries of ``clusters`` or ``users``, each with the folder of its file."""
    if not isinstance(config.value, dict):
        raise TypeError(f"{config.path}: no kubeconfig")
    nodes: list[_Node] = config.value[section]
    return [
        (node.value, str(Path(node.path or "").parent.absolute()))
        for node in nodes
        if isinstance(node.value, dict)
    ]


def _named_files(
    entries: Iterable[tuple[Mapping[str, object], str]], part: str, keys: Iterable[str]
) -> Iterable[str]:
    for entry, folder in entries:
        body = entry.get(part)
        if isinstance(body, dict):
            yield from (str(Path(folder, body[key])) for key in keys if isinstance(body.get(key), str))


async def _run_exec(
    module: ModuleType, config: _Node, context: str | None, users: list[tuple[dict[str, object], str]]
) -> tuple[float | None, bool]:
    """
    Put what the plugin of the context's user hands out into ``config``, in place of the plugin.

    The client would run it without a bound on its time and output. Returns when the credential
    expires, and whether there is a plugin. Raises ``PluginError``.
    """
    loader = module.KubeConfigLoader(config_dict=config, active_context=context, config_base_path=None)
    chosen = loader.current_context.get("context") or {}
    for entry, folder in users:
        user = entry.get("user")
        if entry.get("name") != chosen.get("user") or not isinstance(user, dict):
            continue
        plugin = user.get("exec")
        if plugin is None or "auth-provider" in user:
            continue
        credential = await run_plugin(plugin, folder)
        del user["exec"]
        if credential.token:
            user.pop("tokenFile", None)
            user["token"] = credential.token
        if credential.certificate:
            user["client-certificate-data"] = _base64(credential.certificate)
            user["client-key-data"] = _base64(credential.key)
        return credential.expires_in, True
    return None, False


def _base64(text: str) -> str:
    return base64.standard_b64encode(text.encode()).decode()


def content_of(paths: Iterable[str | None]) -> bytes:
    """
    Return a digest of what the files hold; one that cannot be read counts as empty.

    By content and not by time: a mounted Secret changes by a link to other files, which may be of the
    same second.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with Path(path or os.devnull).open("rb") as file:
                held = file.read(MOST_FILE_BYTES)
        except OSError:
            held = b""
        digest.update(hashlib.sha256(held).digest())
    return digest.digest()
