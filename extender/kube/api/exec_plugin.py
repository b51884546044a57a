"""
Runs a credential plugin of a kubeconfig, for a bounded time and with a bounded output.

Source: k8s.io/client-go plugin/pkg/client/auth/exec exec.go and pkg/apis/clientauthentication, v0.36.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

PLUGIN_SECONDS = 20.0
INTERACTIVE_SECONDS = 180.0
"""How long a plugin may take, and where there is a terminal: some ask a person to sign in."""

MOST_OUTPUT_BYTES = 1 << 20
"""The longest answer of a plugin that is read."""

MOST_ERROR_BYTES = 1000
"""Of what a plugin writes to standard error, what is kept to be told."""

_STDOUT = 1


class PluginError(Exception):
    """No credential from a plugin; says which plugin, and why. Repeats nothing of its standard output."""


@dataclass(frozen=True, slots=True)
class ExecCredential:
    """
    What a plugin hands out; ``certificate`` and ``key`` are PEM texts.

    ``expires_in``: the seconds until it expires, ``None`` where the plugin does not say.
    """

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires_in: float | None = None


class _Variable(msgspec.Struct, gc=False):
    name: str
    value: str


class _Exec(msgspec.Struct, gc=False, rename="camel"):
    command: str
    api_version: str
    args: list[str] | None = None
    env: list[_Variable] | None = None


class _Status(msgspec.Struct, gc=False, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: datetime | None = None


class _Answer(msgspec.Struct, gc=False, rename="camel"):
    kind: str
    api_version: str
    status: _Status


_ANSWER = msgspec.json.Decoder(_Answer)


class _Output(asyncio.SubprocessProtocol):
    """
    Collects what a plugin writes.

    ``exited`` is done when the plugin has exited, ``ended`` when its outputs are closed, too.
    """

    def __init__(self) -> None:
        self.out, self.err = bytearray(), bytearray()
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != _STDOUT:
            self.err += data[: MOST_ERROR_BYTES - len(self.err)]
        elif len(self.out) + len(data) <= MOST_OUTPUT_BYTES:
            self.out += data
        elif not self.ended.done():
            self.ended.set_exception(PluginError(f"it wrote more than {MOST_OUTPUT_BYTES >> 20} MiB"))

    def process_exited(self) -> None:
        self.exited.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def run_plugin(entry: Mapping[str, object], folder: str, now: datetime | None = None) -> ExecCredential:
    """
    Run the plugin that a user's ``exec`` names; ``folder`` is that of the kubeconfig.

    It is ended after its time, or as soon as it wrote more than ``MOST_OUTPUT_BYTES``.
    Raises ``PluginError``.
    """
    try:
        plugin = msgspec.convert(entry, _Exec)
    except msgspec.ValidationError as error:
        raise PluginError(f"exec: {error}") from error
    try:
        answer = _ANSWER.decode(await _output(plugin, folder))
        if (answer.kind, answer.api_version) != ("ExecCredential", plugin.api_version):
            raise PluginError(f"its answer is no ExecCredential of {plugin.api_version}")
        return _credential(answer.status, now or datetime.now(UTC))
    except TimeoutError as error:
        raise PluginError(f"exec: {plugin.command}: no answer in time") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # What msgspec says may repeat a part of the answer, which holds a token.
        raise PluginError(f"exec: {plugin.command}: its answer is no ExecCredential") from error
    except (PluginError, OSError) as error:
        raise PluginError(f"exec: {plugin.command}: {error}") from error


async def _output(plugin: _Exec, folder: str) -> bytes:
    """Return what the plugin writes. Raises ``PluginError``, ``OSError`` or ``TimeoutError``."""
    command = plugin.command
    if os.sep in command:  # else it is sought in PATH
        command = str(Path(folder, command))
    interactive = sys.stdin is not None and sys.stdin.isatty()
    about = {
        "apiVersion": plugin.api_version,
        "kind": "ExecCredential",
        "spec": {"interactive": interactive},
    }
    environment = {
        **os.environ,
        **{variable.name: variable.value for variable in plugin.env or ()},
        "KUBERNETES_EXEC_INFO": msgspec.json.encode(about).decode(),
    }
    loop = asyncio.get_running_loop()
    transport, output = await loop.subprocess_exec(
        _Output,
        command,
        *(plugin.args or ()),
        stdin=None,
        env=environment,
        # A group of its own can be ended with all whom the plugin started, but must not use a terminal.
        process_group=None if interactive else 0,
    )
    try:
        async with asyncio.timeout(INTERACTIVE_SECONDS if interactive else PLUGIN_SECONDS):
            await output.ended
        status = transport.get_returncode()
    except BaseException:
        if not interactive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(transport.get_pid(), signal.SIGKILL)
        raise
    finally:
        # Ends the plugin where it still runs; asyncio collects it only while the loop runs.
        transport.close()
        await output.exited
    if status != 0:
        said = output.err.decode("utf-8", "replace").strip()
        raise PluginError(f"it ended with status {status}{f': {said}' if said else ''}")
    return bytes(output.out)


def _credential(status: _Status, now: datetime) -> ExecCredential:
    certificate, key = status.client_certificate_data or "", status.client_key_data or ""
    if bool(certificate) != bool(key):
        raise PluginError("it gives only one of clientCertificateData and clientKeyData")
    if not status.token and not certificate:
        raise PluginError("it gives neither token nor clientCertificateData")
    expires = status.expiration_timestamp
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    return ExecCredential(
        token=status.token or "",
        certificate=certificate,
        key=key,
        expires_in=None if expires is None else (expires - now).total_seconds(),
    )
