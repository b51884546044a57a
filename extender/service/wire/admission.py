"""
Decode an AdmissionReview, and answer it.

Every review is allowed. Source: k8s.io/api admission/v1 types.go, v0.36.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

import msgspec
import orjson

from .bad_request import BadRequest, decode

API_VERSION = "admission.k8s.io/v1"


class KindJSON(msgspec.Struct, frozen=True, gc=False):
    group: str = ""
    kind: str = ""


class OwnerJSON(msgspec.Struct, frozen=True, gc=False):
    """An entry of ``metadata.ownerReferences``."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class MetadataJSON(msgspec.Struct, frozen=True, gc=False):
    """Of the object that is created: ``name`` may be empty where one is to be generated."""

    name: str = ""
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    owners: list[OwnerJSON] | None = msgspec.field(default=None, name="ownerReferences")

    @property
    def pod(self) -> OwnerJSON | None:
        """The pod that the object is made for, ``None`` where there is none."""
        return next((owner for owner in self.owners or () if owner.controller and owner.kind == "Pod"), None)


class _ObjectJSON(msgspec.Struct, frozen=True, gc=False):
    metadata: MetadataJSON = MetadataJSON()


class AdmissionRequest(msgspec.Struct, frozen=True, gc=False):
    """What the API server asks about one object; ``object`` is its JSON."""

    uid: str = ""
    kind: KindJSON = KindJSON()
    namespace: str = ""
    operation: str = ""
    object: msgspec.Raw = msgspec.Raw(b"null")
    dry_run: bool | None = msgspec.field(default=None, name="dryRun")

    def metadata(self) -> MetadataJSON:
        """The object's metadata; empty where it cannot be read."""
        try:
            return msgspec.json.decode(self.object, type=_ObjectJSON).metadata
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return MetadataJSON()


class _ReviewJSON(msgspec.Struct, frozen=True, gc=False):
    request: AdmissionRequest | None = None


_decode_review = msgspec.json.Decoder(_ReviewJSON).decode


def decode_review(body: bytes) -> AdmissionRequest:
    """Decode the body of a webhook. Raises ``BadRequest`` where it cannot be answered: without a UID."""
    request = decode(_decode_review, body).request
    if request is None or not request.uid:
        raise BadRequest(
            "request.uid", "is missing or empty", "send an AdmissionReview of admission.k8s.io/v1"
        )
    return request


def allowed(uid: str, patch: Sequence[Mapping[str, object]] = ()) -> bytes:
    """Encode the answer that lets the object in, changed by the operations of ``patch``."""
    response: dict[str, object] = {"uid": uid, "allowed": True}
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = b64encode(orjson.dumps(patch)).decode()
    return orjson.dumps({"apiVersion": API_VERSION, "kind": "AdmissionReview", "response": response})
