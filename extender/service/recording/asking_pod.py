"""
Whose request it is, and the pod's condition: what tells to which attempt a request or an event belongs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec


class PodScheduled(msgspec.Struct, gc=False):
    """A condition of a pod without its times; equal ones bring no news."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class AskingPod:
    """``uid`` is empty where the request names none, ``condition`` is its PodScheduled one."""

    uid: str
    condition: PodScheduled | None


class _Metadata(msgspec.Struct, gc=False):
    uid: str | None = None


class _Status(msgspec.Struct, gc=False):
    conditions: list[msgspec.Raw] | None = None


class _Pod(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    status: _Status | None = None


class _Args(msgspec.Struct, gc=False):
    """A binding names the pod by its UID."""

    pod: _Pod | None = msgspec.field(name="Pod", default=None)
    pod_uid: str | None = msgspec.field(name="PodUID", default=None)


_ARGS = msgspec.json.Decoder(_Args)
_POD = msgspec.json.Decoder(_Pod)
_CONDITION = msgspec.json.Decoder(PodScheduled)


def asking_pod(body: bytes) -> AskingPod:
    """Read the body of a request. Raises ``msgspec.MsgspecError``."""
    args = _ARGS.decode(body)
    pod = args.pod or _Pod()
    uid = args.pod_uid or (pod.metadata and pod.metadata.uid) or ""
    return AskingPod(uid, _scheduled(pod)[0])


def pod_scheduled(data: bytes | msgspec.Raw) -> tuple[PodScheduled | None, bytes | None]:
    """Return the PodScheduled condition of a pod, also as JSON. Raises ``msgspec.MsgspecError``."""
    return _scheduled(_POD.decode(data))


def _scheduled(pod: _Pod) -> tuple[PodScheduled | None, bytes | None]:
    conditions: Sequence[msgspec.Raw] = (pod.status and pod.status.conditions) or ()
    for raw in conditions:
        condition = _CONDITION.decode(raw)
        if condition.type == "PodScheduled":
            return condition, bytes(raw)
    return None, None
