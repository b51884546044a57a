"""
Namespaces.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

import msgspec

from extender.model import Namespace

from .errors import UNREADABLE, refuse
from .fields import Metadata, Wire, object_name
from .interner import Interner


class NamespaceJSON(Wire):
    metadata: Metadata | None = None


_NAMESPACE = msgspec.json.Decoder(NamespaceJSON)


def namespace(data: bytes | msgspec.Raw, interner: Interner) -> Namespace:
    """Decode a Namespace. Raises ``DecodeError``."""
    try:
        metadata = _NAMESPACE.decode(data).metadata
        return Namespace(interner.texts[object_name(metadata)], (metadata and metadata.annotations) or {})
    except UNREADABLE as error:
        raise refuse("Namespace", data, error, _NAMESPACE) from None
