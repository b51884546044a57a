"""
Events about claims that were not rewritten: only about objects that the API shows, and not too many.

Whoever reaches the webhook may claim to be the API server, and our rights must not write what they
like about whom they like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from extender.kube.api.event_recorder import EventResult, ObjectReference
from extender.kube.rewriting.rewrite_claim import CLAIM
from extender.model import Pod
from extender.model.kinds import POD, RESOURCE_CLAIM

if TYPE_CHECKING:
    from extender.model import Claim, ClaimSpec

    from ..wire import AdmissionRequest, MetadataJSON
    from .dependencies import Service

SHOWN_SECONDS = 10.0
"""How long an Event waits for the watch to show the object that it is about."""

_API_VERSION = "resource.k8s.io/v1"


def record_not_rewritten(
    service: Service, request: AdmissionRequest, metadata: MetadataJSON, spec: ClaimSpec | None, note: str
) -> None:
    """
    Write an Event about the pod that a claim is made for, else about the claim, once the API shows it.

    ``spec`` is the claim's, ``None`` where it cannot be read: then there is no telling which claim it is.
    About a template there is none.
    """
    owner = metadata.pod
    if owner is not None:
        uid = owner.uid
        _record(service, POD.name, (request.namespace, owner.name), note, lambda shown: shown.uid == uid)
    elif request.kind.kind == CLAIM and metadata.name and spec is not None:
        key = request.namespace, metadata.name
        _record(service, RESOURCE_CLAIM.name, key, note, lambda shown: _has_spec(shown, spec))
    else:
        service.metrics.event(EventResult.UNKNOWN_OBJECT)


def _has_spec(shown: Pod | Claim, spec: ClaimSpec) -> bool:
    return not isinstance(shown, Pod) and shown.spec == spec


def _record(
    service: Service, kind: str, key: tuple[str, str], note: str, is_it: Callable[[Pod | Claim], bool]
) -> None:
    def told(shown: Pod | Claim) -> bool:
        if not is_it(shown):
            return False
        if not service.event_limit.take(shown.namespace):
            service.metrics.event(EventResult.LIMITED)
            return True
        about = (
            ObjectReference(shown.namespace, shown.name, shown.uid)
            if isinstance(shown, Pod)
            else ObjectReference(shown.namespace, shown.name, shown.uid, CLAIM, _API_VERSION)
        )
        service.events.record(about, reason="NotSoftlyAligned", note=note, action="Admitting")
        return True

    snapshot = service.store.current
    objects: Mapping[tuple[str, str], Pod | Claim] = snapshot.pods if kind == POD.name else snapshot.claims
    known = objects.get(key)
    if known is not None and told(known):
        return

    def lost() -> None:
        service.metrics.event(EventResult.UNKNOWN_OBJECT)

    if service.awaited_events.add(kind, key, SHOWN_SECONDS, told, lost) is None:
        lost()
