"""
DeviceClasses.

Source: k8s.io/api resource/v1 types.go, v0.36.
"""

from __future__ import annotations

import msgspec

from extender.model import DeviceClass

from .errors import UNREADABLE, refuse
from .fields import ABSENT, Metadata, SelectorJSON, Wire, object_name, opaque_config, selectors
from .interner import Interner


class ConfigJSON(Wire):
    opaque: msgspec.Raw = ABSENT


class ClassSpec(Wire):
    selectors: list[SelectorJSON] | None = None
    config: list[ConfigJSON] | None = None
    extended_resource_name: str | None = None


class ClassJSON(Wire):
    metadata: Metadata | None = None
    spec: ClassSpec | None = None


_CLASS = msgspec.json.Decoder(ClassJSON)


def device_class(data: bytes | msgspec.Raw, interner: Interner) -> DeviceClass:
    """Decode a DeviceClass. Raises ``DecodeError``."""
    try:
        return _class(_CLASS.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("DeviceClass", data, error, _CLASS) from None


def _class(wire: ClassJSON, interner: Interner) -> DeviceClass:
    spec = wire.spec or ClassSpec()
    return DeviceClass(
        name=interner.texts[object_name(wire.metadata)],
        selectors=selectors(spec.selectors),
        config=tuple(opaque_config(entry.opaque) for entry in spec.config or ()),
        extended_resource_name=spec.extended_resource_name or "",
        created=(wire.metadata and wire.metadata.creation_timestamp) or "",
    )
