"""
Decode an AdmissionReview, and answer it.

Every review is allowed. Source: k8s.io/api admission/v1 types.go, v0.36.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

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


class _ResourcesJSON(msgspec.Struct, frozen=True, gc=False):
    requests: dict[str, msgspec.Raw] | None = None


class _ContainerJSON(msgspec.Struct, frozen=True, gc=False):
    resources: _ResourcesJSON | None = None


class PodReview(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The spec of a Pod that is created, as far as it says who schedules it and whether it claims devices."""

    scheduler_name: str | None = None
    resource_claims: list[msgspec.Raw] | None = None
    init_containers: list[_ContainerJSON] | None = None
    containers: list[_ContainerJSON] | None = None

    @property
    def scheduler(self) -> str:
        """The scheduler that the pod names, empty for none."""
        return self.scheduler_name or ""

    @property
    def has_claims(self) -> bool:
        """Whether the pod refers to any ResourceClaim or template."""
        return bool(self.resource_claims)

    def resources(self) -> Iterator[str]:
        """The names of all resources that its containers request."""
        for container in (*(self.init_containers or ()), *(self.containers or ())):
            if container.resources is not None:
                yield from container.resources.requests or ()


class _PodJSON(msgspec.Struct, frozen=True, gc=False):
    spec: PodReview | None = None


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

    def pod(self) -> PodReview | None:
        """The object as a Pod; ``None`` where it cannot be read."""
        try:
            return msgspec.json.decode(self.object, type=_PodJSON).spec
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


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
