"""
Objects and requests as a recording holds them: without what no prediction reads and nobody should see.

Left out are managed fields, last-applied configurations, the images of nodes, and of pods all
annotations but ours, the values of environment variables, commands, arguments, probes and hooks. All
else keeps its spelling. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from extender.model import Claim

from ..decode.resources import BY_KIND
from ..encode import allocation_json

JSON = dict[str, msgspec.Raw]
"""One level of an object; what is below is kept as it came."""

OUR_ANNOTATIONS = "dra-extender.io/"

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_PRIVATE = ("command", "args", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe")

_OBJECT = msgspec.json.Decoder(JSON)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ABSENT = (b"", b"null")


def recorded_object(kind: str, data: bytes | msgspec.Raw) -> bytes:
    """
    Return an object of the API server as a recording holds it.

    A ResourceClaim has neither ``kind`` nor ``apiVersion``, all others have both. Raises
    ``msgspec.MsgspecError`` for what is no object.
    """
    level = _OBJECT.decode(data)
    _change(level, "metadata", _metadata)
    if kind == "Node":
        _change(level, "status", lambda status: status.pop("images", None))
    if kind == "ResourceClaim":
        level.pop("kind", None)
        level.pop("apiVersion", None)
        return msgspec.json.encode(level)
    version = f"{BY_KIND[kind].kind.group}/v1".removeprefix("/")
    named = {"apiVersion": level.pop("apiVersion", _text(version)), "kind": _text(kind)}
    level.pop("kind", None)
    return msgspec.json.encode(named | level)


def recorded_request(body: bytes) -> bytes:
    """Return the body of an extender request; what is no object comes back as it is."""
    try:
        level = _OBJECT.decode(body)
        _change(level, "Pod", _pod)
        _change(level, "NodeNameToVictims", lambda nodes: _change_each(nodes, _victims))
    except msgspec.MsgspecError:
        return body
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


def _pod(pod: JSON) -> None:
    _change(pod, "metadata", _pod_metadata)
    _change(pod, "spec", _pod_spec)


def _pod_metadata(metadata: JSON) -> None:
    metadata.pop("managedFields", None)
    annotations = _level(metadata.pop("annotations", None))
    ours = {name: value for name, value in annotations.items() if name.startswith(OUR_ANNOTATIONS)}
    if ours:
        metadata["annotations"] = msgspec.Raw(msgspec.json.encode(ours))


def _pod_spec(spec: JSON) -> None:
    for containers in _CONTAINERS:
        _change_items(spec, containers, _container)


def _container(container: JSON) -> None:
    for name in _PRIVATE:
        container.pop(name, None)
    _change_items(container, "env", lambda variable: variable.pop("value", None))


def _victims(victims: JSON) -> None:
    _change_items(victims, "Pods", _pod)


def _change_each(level: JSON, change: Callable[[JSON], object]) -> None:
    for name in level:
        _change(level, name, change)


def _change(parent: JSON, name: str, change: Callable[[JSON], object]) -> None:
    """Change the object at ``name``, if there is one."""
    data = parent.get(name)
    if data is not None and bytes(data) not in _ABSENT:
        level = _OBJECT.decode(data)
        change(level)
        parent[name] = msgspec.Raw(msgspec.json.encode(level))


def _change_items(parent: JSON, name: str, change: Callable[[JSON], object]) -> None:
    """Change each object of the array at ``name``, if there is one."""
    data = parent.get(name)
    if data is None or bytes(data) in _ABSENT:
        return
    items = [_OBJECT.decode(item) for item in _ARRAY.decode(data)]
    for item in items:
        change(item)
    parent[name] = msgspec.Raw(msgspec.json.encode(items))


def _level(data: msgspec.Raw | None) -> JSON:
    return {} if data is None or bytes(data) in _ABSENT else _OBJECT.decode(data)


def _text(value: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
