"""Writing the lines of a recording; the format is told in ``extender.kube.recording.reader``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from .reader import RecordedRequest

PIECE_BYTES = 1 << 18

_LIST = b'{"apiVersion":"v1","kind":"List","items":['


@dataclass(frozen=True, slots=True)
class ClaimChanges:
    """
    How claims differ from those of the line before.

    ``changed`` are ResourceClaims as JSON, ``gone`` namespaces and names.
    """

    changed: Sequence[bytes]
    gone: Sequence[tuple[str, str]]


def header_pieces(
    kubernetes: str, items: Iterable[bytes], gates: Mapping[str, bool] | None = None
) -> Iterator[bytes]:
    """
    Yield the first line in pieces of some hundred kB.

    A large cluster takes tens of megabytes, and whoever joins them keeps all threads waiting.

    ``items`` are Nodes, DeviceClasses, ResourceSlices and DeviceTaintRules as JSON, each
    with ``kind`` and ``apiVersion``. ``gates``: feature gates that differ from the
    release's defaults.
    """
    document: dict[str, object] = {"kubernetes": kubernetes}
    if gates:
        document["featureGates"] = dict(gates)
    yield msgspec.json.encode(document).removesuffix(b"}") + b',"cluster":' + _LIST
    parts: list[bytes] = []
    size, joint = 0, b""
    for item in items:
        parts += (joint, _flat(item))
        size, joint = size + len(item), b","
        if size > PIECE_BYTES:
            yield b"".join(parts)
            parts.clear()
            size = 0
    yield b"".join((*parts, b"]}}\n"))


def header_line(kubernetes: str, items: Iterable[bytes], gates: Mapping[str, bool] | None = None) -> bytes:
    """Return the first line in one piece."""
    return b"".join(header_pieces(kubernetes, items, gates))


def cluster_line(items: Sequence[bytes], gone: Sequence[tuple[str, str]]) -> bytes:
    """
    Return a line that changes the cluster of the lines after it.

    ``items`` are objects that are new or changed, ``gone`` kinds and names.
    """
    names = [{"kind": kind, "name": name} for kind, name in gone]
    return _line({"cluster": _list(items), "clusterGone": names})


def attempt_line(
    pod: str,
    claims: Sequence[bytes] | ClaimChanges,
    requests: Sequence[RecordedRequest],
    node: str,
    condition: bytes | None,
    allocations: Mapping[str, bytes | None],
    number: int | None = None,
) -> bytes:
    """
    Return the line of one attempt.

    ``claims`` are all ResourceClaims as they stood, or how they differ from those of the
    attempt before, ``condition`` the pod's PodScheduled condition, ``allocations`` the
    AllocationResults by claim name, all as JSON. ``node`` is empty where no node was
    bound. ``number`` counts the attempts of the process that records.
    """
    document: dict[str, object] = {"pod": pod}
    if number is not None:
        document["attempt"] = number
    if isinstance(claims, ClaimChanges):
        document["claimsChanged"] = list(map(msgspec.Raw, claims.changed))
        document["claimsGone"] = ["/".join(key) for key in claims.gone]
    else:
        document["claims"] = list(map(msgspec.Raw, claims))
    document["requests"] = [
        {"verb": request.verb, "body": msgspec.Raw(request.body), "answer": msgspec.Raw(request.answer)}
        for request in requests
    ]
    document["outcome"] = {
        "node": node or None,
        "condition": _raw(condition),
        "allocations": {name: _raw(given) for name, given in allocations.items()},
    }
    return _line(document)


def _list(items: Sequence[bytes]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "List", "items": list(map(msgspec.Raw, items))}


def _raw(data: bytes | None) -> msgspec.Raw | None:
    return None if data is None else msgspec.Raw(data)


def _line(document: object) -> bytes:
    return _flat(msgspec.json.encode(document)) + b"\n"


def _flat(data: bytes) -> bytes:
    """Return JSON on one line, whatever line breaks it came with."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data
