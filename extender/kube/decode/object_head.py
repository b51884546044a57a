"""What names an object and its state, read whatever else is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from .json_parts import JSONParts, JSONPartsError


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """Fields of an object's metadata, each empty where it is absent or no text."""

    namespace: str = ""
    name: str = ""
    generate_name: str = ""
    version: str = ""

    @property
    def title(self) -> str:
        """``namespace/name`` as far as the object tells; ``generateName`` stands in for the name."""
        return "/".join(filter(None, (self.namespace, self.name or self.generate_name)))


class _Metadata(msgspec.Struct, gc=False):
    name: str | None = None
    generate_name: str | None = msgspec.field(name="generateName", default=None)
    namespace: str | None = None
    resource_version: str | None = msgspec.field(name="resourceVersion", default=None)


class _Object(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None


_OBJECT = msgspec.json.Decoder(_Object)
_TEXT = msgspec.json.Decoder(str)


def object_head(data: bytes | msgspec.Raw) -> ObjectHead:
    """
    Return the head of the object ``data``. Raises nothing: of what is no object all is empty.

    Of a key that comes twice in an object that cannot be decoded, the first counts; API servers write none
    twice.
    """
    try:
        metadata = _OBJECT.decode(data).metadata or _Metadata()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        texts = _texts(bytes(data))
        return ObjectHead(
            texts.get("namespace", ""),
            texts.get("name", ""),
            texts.get("generateName", ""),
            texts.get("resourceVersion", ""),
        )
    return ObjectHead(
        metadata.namespace or "",
        metadata.name or "",
        metadata.generate_name or "",
        metadata.resource_version or "",
    )


def _texts(data: bytes) -> dict[str, str]:
    """Return the texts in ``metadata``, as far as its brackets and quotes can be followed."""
    texts: dict[str, str] = {}
    try:
        parts = JSONParts(data)
        for key in parts.members():
            if key != "metadata":
                parts.value()
                continue
            for field in parts.members():
                text = _text(parts.value())
                if text is not None:
                    texts.setdefault(field, text)
            break
    except JSONPartsError:
        pass
    return texts


def _text(value: bytes) -> str | None:
    try:
        return _TEXT.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
