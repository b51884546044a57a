"""
Objects and requests as a recording holds them: without what no prediction reads and nobody should see.

Of pods, nodes and requests only an allow-list is kept. Of other objects managed fields and last-applied
configurations are left out, and all else keeps its spelling. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from extender.model import Claim

from ..decode.resources import BY_KIND
from ..encode import allocation_json
from .allow_list import NODE, REQUEST, kept

JSON = dict[str, msgspec.Raw]
"""One level of an object; what is below is kept as it came."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_OBJECT = msgspec.json.Decoder(JSON)
_ABSENT = (b"", b"null")


def recorded_object(kind: str, data: bytes | msgspec.Raw) -> bytes:
    """
    Return an object of the API server as a recording holds it.

    A ResourceClaim has neither ``kind`` nor ``apiVersion``, all others have both. Raises
    ``msgspec.MsgspecError`` for what is no object.
    """
    level = _OBJECT.decode(kept(data, NODE) if kind == "Node" else data)
    _change(level, "metadata", _metadata)
    if kind == "ResourceClaim":
        level.pop("kind", None)
        level.pop("apiVersion", None)
        return msgspec.json.encode(level)
    version = f"{BY_KIND[kind].kind.group}/v1".removeprefix("/")
    named = {"apiVersion": level.pop("apiVersion", _text(version)), "kind": _text(kind)}
    level.pop("kind", None)
    return msgspec.json.encode(named | level)


def recorded_request(body: bytes) -> bytes | None:
    """Return the body of an extender request; ``None`` where the allow-list cannot be applied to it."""
    try:
        return bytes(kept(msgspec.json.encode(_OBJECT.decode(body)), REQUEST))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def recorded_answer(answer: bytes) -> bytes:
    """Return an answer; one of filter repeats whole Nodes where the request has them."""
    try:
        level = _OBJECT.decode(answer)
        if bytes(level.get("Nodes", msgspec.Raw())) in _ABSENT:
            return answer
        level["Nodes"] = kept(level["Nodes"], REQUEST["Nodes"])
    except msgspec.MsgspecError:
        return answer
    return msgspec.json.encode(level)


def assumed_claim(claim: Claim, data: bytes | None) -> bytes:
    """
    Return a claim with the allocation that is assumed of it.

    ``data``: the claim as the API server has it, as :func:`recorded_object` returns it; ``None`` for
    one that the scheduler has yet to write.
    """
    metadata = {"name": claim.name, "namespace": claim.namespace, "uid": claim.uid}
    level = _OBJECT.decode(data or msgspec.json.encode({"metadata": metadata, "spec": {}}))
    status = _level(level.get("status"))
    if claim.allocation is not None:
        status["allocation"] = msgspec.Raw(msgspec.json.encode(allocation_json(claim.allocation)))
    return msgspec.json.encode({**level, "status": status})


def claim_allocation(data: bytes) -> bytes | None:
    """Return ``status.allocation`` of a claim, ``None`` where it has none."""
    given = _level(_OBJECT.decode(data).get("status")).get("allocation", msgspec.Raw())
    return None if bytes(given) in _ABSENT else bytes(given)


def _metadata(metadata: JSON) -> None:
    metadata.pop("managedFields", None)
    _change(metadata, "annotations", lambda annotations: annotations.pop(_LAST_APPLIED, None))


def _change(parent: JSON, name: str, change: Callable[[JSON], object]) -> None:
    """Change the object at ``name``, if there is one."""
    data = parent.get(name)
    if data is not None and bytes(data) not in _ABSENT:
        level = _OBJECT.decode(data)
        change(level)
        parent[name] = msgspec.Raw(msgspec.json.encode(level))


def _level(data: msgspec.Raw | None) -> JSON:
    return {} if data is None or bytes(data) in _ABSENT else _OBJECT.decode(data)


def _text(value: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
