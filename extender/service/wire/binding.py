"""Decode ``ExtenderBindingArgs``."""

from __future__ import annotations

import msgspec

from .bad_request import BadRequest, decode, spelled_otherwise
from .names import check_namespace, check_subdomain, check_uid


class BindingArgs(msgspec.Struct, frozen=True):
    """The pod to bind and its node; no field is empty."""

    pod_name: str = msgspec.field(default="", name="PodName")
    pod_namespace: str = msgspec.field(default="", name="PodNamespace")
    pod_uid: str = msgspec.field(default="", name="PodUID")
    node: str = msgspec.field(default="", name="Node")


_decode_binding = msgspec.json.Decoder(BindingArgs).decode


def decode_binding(body: bytes) -> BindingArgs:
    """Decode a body of bind. Raises ``BadRequest`` when a field is missing, empty, or no name or UID."""
    args = decode(_decode_binding, body)
    for field in msgspec.structs.fields(args):
        if not getattr(args, field.name):
            name = field.encode_name
            raise BadRequest(
                name,
                f"is missing or empty{spelled_otherwise(body, name)}",
                f"send {name} as kube-scheduler does",
            )
    check_subdomain("PodName", args.pod_name)
    check_namespace("PodNamespace", args.pod_namespace)
    check_uid("PodUID", args.pod_uid)
    check_subdomain("Node", args.node)
    return args
