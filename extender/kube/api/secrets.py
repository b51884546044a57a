"""
Secrets of type kubernetes.io/tls: read one, and replace the files of one.

Source: a patch with another resourceVersion than the stored object's is refused (409): k8s.io/apiserver
pkg/endpoints/handlers patch.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from .connection import Connection
from .errors import LiveError, Rule

CERTIFICATE, KEY = "tls.crt", "tls.key"
"""The names of the files, as Kubernetes has them."""

_RESOURCE = "secrets"


class _Metadata(msgspec.Struct, gc=False, rename="camel"):
    resource_version: str


class _Secret(msgspec.Struct, gc=False):
    metadata: _Metadata
    data: dict[str, bytes] = {}


_SECRET = msgspec.json.Decoder(_Secret)


@dataclass(frozen=True, slots=True)
class Secret:
    """``version`` is its resourceVersion, ``data`` has its files."""

    namespace: str
    name: str
    version: str
    data: Mapping[str, bytes]

    def file(self, name: str) -> bytes:
        """Raises ``LiveError`` where the Secret has no such file."""
        if name not in self.data:
            raise LiveError(f"the Secret {self.namespace}/{self.name} has no {name}")
        return self.data[name]


async def read_secret(connection: Connection, namespace: str, name: str) -> Secret:
    """Raises ``LiveError``."""
    body = await connection.get(_path(namespace, name), {}, Rule("get", _RESOURCE))
    try:
        found = _SECRET.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # The text of the error names a field and no value.
        raise LiveError(f"the Secret {namespace}/{name} cannot be read: {error}") from error
    return Secret(namespace, name, found.metadata.resource_version, found.data)


async def replace_files(
    connection: Connection, secret: Secret, files: Mapping[str, bytes], annotations: Mapping[str, str]
) -> None:
    """
    Replace ``files`` of the Secret at once, and set ``annotations``, if it is still as it was read.

    Raises ``LiveError``; nothing has changed where the API server refuses.
    """
    body = {
        "metadata": {"resourceVersion": secret.version, "annotations": dict(annotations)},
        "data": {name: base64.b64encode(content).decode() for name, content in files.items()},
    }
    await connection.merge(_path(secret.namespace, secret.name), {}, body, Rule("patch", _RESOURCE))


def _path(namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets/{quote(name, safe='')}"
