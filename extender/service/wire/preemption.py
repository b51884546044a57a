"""Decode ``ExtenderPreemptionArgs`` and answer the same victims as meta victims."""

from __future__ import annotations

from typing import Annotated

import msgspec
import orjson

from .bad_request import BadRequest, decode, spelled_otherwise

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""The type that the scheduler has for the number."""


class _Args(msgspec.Struct):
    pod: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="Pod")
    victims: dict[str, msgspec.Raw] | None = msgspec.field(default=None, name="NodeNameToVictims")
    meta_victims: dict[str, msgspec.Raw] | None = msgspec.field(default=None, name="NodeNameToMetaVictims")


class _Metadata(msgspec.Struct):
    uid: str


class _Pod(msgspec.Struct):
    metadata: _Metadata


class _MetaPod(msgspec.Struct):
    uid: str = msgspec.field(name="UID")


class _Victims(msgspec.Struct):
    pods: list[_Pod | None] | None = msgspec.field(default=None, name="Pods")
    violations: _Int64 = msgspec.field(default=0, name="NumPDBViolations")


class _MetaVictims(msgspec.Struct):
    pods: list[_MetaPod | None] | None = msgspec.field(default=None, name="Pods")
    violations: _Int64 = msgspec.field(default=0, name="NumPDBViolations")


_decode_args = msgspec.json.Decoder(_Args).decode
_decode_victims = msgspec.json.Decoder(_Victims | None).decode
_decode_meta_victims = msgspec.json.Decoder(_MetaVictims | None).decode


def meta_victims(body: bytes) -> bytes:
    """
    Encode an ``ExtenderPreemptionResult`` with the victims of ``body`` unchanged.

    Full pods become their UIDs. An entry that is ``null`` is left out: the
    scheduler dereferences every entry of the answer without a check. Raises
    ``BadRequest`` when the body has no Pod, no victims, or a victim without a UID.
    """
    args = decode(_decode_args, body)
    if bytes(args.pod) in {b"", b"null"}:
        raise BadRequest(
            "Pod", f"is missing{spelled_otherwise(body, 'Pod')}", "send the pod that preempts as Pod"
        )
    if args.meta_victims is not None:
        answer = {
            node: _entry([pod.uid for pod in entry.pods or () if pod], entry.violations)
            for node, raw in args.meta_victims.items()
            if (entry := decode(_decode_meta_victims, raw, at=f"NodeNameToMetaVictims[{node}]"))
        }
    elif args.victims is not None:
        answer = {
            node: _entry([pod.metadata.uid for pod in entry.pods or () if pod], entry.violations)
            for node, raw in args.victims.items()
            if (entry := decode(_decode_victims, raw, at=f"NodeNameToVictims[{node}]"))
        }
    else:
        raise BadRequest(
            "NodeNameToMetaVictims",
            "NodeNameToMetaVictims and NodeNameToVictims are both missing"
            + spelled_otherwise(body, "NodeNameToMetaVictims", "NodeNameToVictims"),
            "send the victims per node as NodeNameToMetaVictims (nodeCacheCapable: true)",
        )
    return orjson.dumps({"NodeNameToMetaVictims": answer})


def _entry(uids: list[str], violations: int) -> dict[str, object]:
    return {"Pods": [{"UID": uid} for uid in uids], "NumPDBViolations": violations}
