"""Writing the lines of a recording; the format is told in ``extender.kube.recording``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from .recording import RecordedRequest


def header_line(kubernetes: str, items: Sequence[bytes]) -> bytes:
    """
    Return the first line.

    ``items`` are Nodes, DeviceClasses and ResourceSlices as JSON, each with
    ``kind`` and ``apiVersion``.
    """
    cluster = {"apiVersion": "v1", "kind": "List", "items": [msgspec.Raw(item) for item in items]}
    return _line({"kubernetes": kubernetes, "cluster": cluster})


def attempt_line(
    pod: str,
    claims: Sequence[bytes],
    requests: Sequence[RecordedRequest],
    node: str,
    condition: bytes | None,
    allocations: Mapping[str, bytes | None],
) -> bytes:
    """
    Return the line of one attempt.

    ``claims`` are all ResourceClaims as they stood, ``condition`` the pod's
    PodScheduled condition, ``allocations`` the AllocationResults by claim name,
    all as JSON. ``node`` is empty where no node was bound.
    """
    return _line(
        {
            "pod": pod,
            "claims": [msgspec.Raw(claim) for claim in claims],
            "requests": [
                {
                    "verb": request.verb,
                    "body": msgspec.Raw(request.body),
                    "answer": msgspec.Raw(request.answer),
                }
                for request in requests
            ],
            "outcome": {
                "node": node or None,
                "condition": _raw(condition),
                "allocations": {name: _raw(given) for name, given in allocations.items()},
            },
        }
    )


def _raw(data: bytes | None) -> msgspec.Raw | None:
    return None if data is None else msgspec.Raw(data)


def _line(document: object) -> bytes:
    """Return the document on one line, whatever line breaks its parts came with."""
    return msgspec.json.format(msgspec.json.encode(document), indent=-1) + b"\n"
