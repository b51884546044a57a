"""What is wrong with an object, and where: msgspec's errors in Kubernetes' words."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

from .object_head import object_head

_STEP = re.compile(r"\.(?P<field>[^.\[\]]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_AT = re.compile(r"^(?P<problem>.*) - at `(?P<path>.*)`$", re.DOTALL)


class DecodeError(ValueError):
    """
    An object that is not what its kind demands.

    ``kind`` and ``name`` (``namespace/name`` or ``name``; empty if unreadable)
    say which one, ``field`` where (``spec.devices[3].name``; empty: the whole
    object) and ``problem`` what is wrong and wanted. ``remains``: what of it counts all the same, a
    value of its kind; ``None``: nothing.
    """

    def __init__(self, kind: str, name: str, field: str, problem: str, remains: object | None = None) -> None:
        self.kind, self.name, self.field, self.problem = kind, name, field, problem
        self.remains = remains
        where = f"{field}: " if field else ""
        super().__init__(f"{kind} {quoted(name)}: {where}{problem}")


class FieldError(Exception):
    """A problem at a path relative to the value being converted."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem

    def under(self, parent: str) -> FieldError:
        """Return the same problem seen from ``parent``'s container."""
        if not self.field:
            return FieldError(parent, self.problem)
        joint = "" if self.field.startswith("[") else "."
        return FieldError(f"{parent}{joint}{self.field}", self.problem)


UNREADABLE = (FieldError, msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
"""Every way in which decoding and converting one object can fail; text that is not UTF-8 is a ValueError."""


class Decoder(Protocol):
    """A typed ``msgspec.json.Decoder``, whatever its type."""

    def decode(self, buf: bytes | msgspec.Raw, /) -> object: ...


def refuse(
    kind: str,
    data: bytes | msgspec.Raw,
    error: Exception,
    decoder: Decoder,
    remains: object | None = None,
) -> DecodeError:
    """Return the error that tells what is wrong with the object ``data`` of ``kind``, and what remains."""
    field_error = located(data, error, decoder)
    problem = field_error.problem
    if field_error.field:
        # kubectl explain knows fields, not indexes or keys.
        fields = re.sub(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]|\[\.\.\.\]', "", field_error.field)
        problem += f"; kubectl explain {kind.lower()}.{fields} tells what belongs there"
    return DecodeError(kind, object_head(data).title, field_error.field, problem, remains)


def located(data: bytes | msgspec.Raw, error: Exception, decoder: Decoder) -> FieldError:
    """Return ``error``, raised while ``decoder`` read ``data``, with path and plain words."""
    match = _AT.match(str(error)) if isinstance(error, msgspec.ValidationError) else None
    if match is None:
        return _as_told(error)
    try:
        document = msgspec.json.decode(data)
    except UNREADABLE as broken:
        # Text that is no JSON is the worse fault; of a number that is out of range both errors tell, and
        # only that of ``decoder`` names the fields.
        return _as_told(error if isinstance(broken, msgspec.ValidationError) else broken)
    return FieldError(_keyed_path(document, match["path"], str(error), decoder), _plain(match["problem"]))


def _as_told(error: Exception) -> FieldError:
    """Return ``error`` in plain words, with the path that it tells itself."""
    if isinstance(error, FieldError):
        return error
    if isinstance(error, RecursionError):
        return FieldError("", "nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return FieldError("", "not UTF-8 text")
    match = _AT.match(str(error))
    if match is None:
        return FieldError("", _plain(str(error)))
    return FieldError(match["path"].removeprefix("$").removeprefix("."), _plain(match["problem"]))


def quoted_key(key: str) -> str:
    """Return ``key`` as the subscript of a field path: ``["a/b"]``."""
    return f"[{quoted(key)}]"


def _plain(problem: str) -> str:
    """``Expected `int | null`, got `str``` -> ``expected int, got str``."""
    words = problem.replace(" | null`", "`").replace("`", "")
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def _keyed_path(document: object, path: str, complaint: str, decoder: Decoder) -> str:
    """
    Return msgspec's ``path`` without its ``$`` and with the keys that it hides.

    msgspec writes ``[...]`` for any key of a map. The culprit is found by
    decoding again with ever fewer of the map's entries; ``document`` is spoilt.
    """
    field = ""
    place = document
    for step in _STEP.finditer(path):
        if isinstance(place, list) and step["index"]:
            field += step[0]
            place = place[int(step["index"])]
        elif isinstance(place, dict):
            key = step["field"] or _culprit(place, document, complaint, decoder)
            field += step[0] if step["field"] else quoted_key(key)
            place = place.get(key)
    return field.removeprefix(".")


def _culprit(entries: dict[str, object], document: object, complaint: str, decoder: Decoder) -> str:
    """Halve ``entries``, a part of ``document``, down to the first that causes ``complaint``."""
    suspects = list(entries.items())
    while len(suspects) > 1:
        half = suspects[: len(suspects) // 2]
        _replace(entries, half)
        suspects = half if _complaint(document, decoder) == complaint else suspects[len(half) :]
    _replace(entries, suspects)
    return suspects[0][0]


def _replace(entries: dict[str, object], kept: list[tuple[str, object]]) -> None:
    entries.clear()
    entries.update(kept)


def _complaint(document: object, decoder: Decoder) -> str:
    try:
        decoder.decode(msgspec.json.encode(document))
    except UNREADABLE as error:
        return str(error)
    return ""


def quoted(text: str) -> str:
    """Return ``text`` as a JSON string."""
    return msgspec.json.encode(text).decode()
