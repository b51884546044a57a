"""
What ``/mutate`` answers: claims that ask for it are rewritten for soft alignment.

An admission webhook must not hurt: every object is let in, and on any doubt it stays as its author
wrote it, with the reason in an annotation, an Event and a counter.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from extender.core.soft_alignment.refusals import RefusalCode, render_refusal
from extender.core.soft_alignment.soften import Rewrite
from extender.kube import decode
from extender.kube.rewriting.rewrite_claim import CLAIM, JSON, TEMPLATE, annotation_patch, rewrite_patch
from extender.model import Pod
from extender.model.kinds import POD

from .. import wire
from ..softening import RESULT_ANNOTATION, SoftResult, asks
from ..verb import Result, Verb
from .admission_events import record_not_rewritten
from .observation import observe_error
from .verbs import Answer

if TYPE_CHECKING:
    from extender.model import Claim, ClaimSpec

    from ..wire import AdmissionRequest, MetadataJSON
    from .dependencies import Service

OWNER_SECONDS = 1.0
"""
How long to wait for the pod that a claim is made for: the controller that makes the claim and we
learn of the pod at the same time.
"""

MAX_REQUESTS = 32
"""
The most requests of a claim. Admission comes before the API server's own check.

Source: ``DeviceRequestsMaxSize``, k8s.io/api resource/v1 types.go, v0.36.
"""

MOST_REMEMBERED_BYTES = 64 * 1024
"""The most bytes of an object whose decision is remembered; 256 decisions are."""

_GROUP = "resource.k8s.io"
_EXTENDED_RESOURCE_CLAIM = "resource.kubernetes.io/extended-resource-claim"

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.admission")


class Decision(NamedTuple):
    """
    ``result`` is one of ``softening.RESULTS``; ``text`` says why nothing is rewritten, if so.

    ``spec`` is what was decided about, ``None`` where it was not read.
    """

    result: str
    text: str = ""
    rewrite: Rewrite | None = None
    spec: ClaimSpec | None = None


async def mutate(service: Service, body: bytes) -> Answer:
    """Rewrite a ResourceClaim or ResourceClaimTemplate that is being created. Raises ``BadRequest``."""
    request = wire.decode_review(body)
    try:
        return await _mutate(service, request)
    except Exception as error:  # noqa: BLE001  a webhook without an opinion must not keep a pod from running
        observe_error(service.metrics, Verb.MUTATE, error)
        service.metrics.softened(SoftResult.INTERNAL_ERROR)
        return Answer(wire.allowed(request.uid), Result.NEUTRAL)


async def _mutate(service: Service, request: AdmissionRequest) -> Answer:
    metadata = request.metadata()
    pass_reason = await _reason_to_pass(service, request, metadata)
    if pass_reason is not None:
        service.metrics.softened(pass_reason)
        return Answer(wire.allowed(request.uid))
    decision = await _decide(service, request)
    service.metrics.softened(decision.result)
    log.debug("mutate", kind=request.kind.kind, namespace=request.namespace, result=decision.result)
    if decision.result == RefusalCode.ALREADY_REWRITTEN:
        return Answer(wire.allowed(request.uid))
    document = _document(request)
    if document is None:
        # No annotation either: what cannot be read cannot be changed.
        return Answer(wire.allowed(request.uid))
    patch: list[dict[str, object]] = []
    note = f"{decision.result}: {decision.text}"
    if decision.rewrite is not None:
        patch += rewrite_patch({**document, "kind": request.kind.kind}, decision.rewrite)
    elif not request.dry_run:
        record_not_rewritten(service, request, metadata, decision.spec, note)
    patch += annotation_patch(document, RESULT_ANNOTATION, note)
    return Answer(wire.allowed(request.uid, patch))


async def _reason_to_pass(
    service: Service, request: AdmissionRequest, metadata: MetadataJSON
) -> SoftResult | None:
    """Why the object passes without a look at its spec; ``None``: it asks to be rewritten."""
    kinds = (_GROUP, CLAIM), (_GROUP, TEMPLATE)
    if request.operation != "CREATE" or (request.kind.group, request.kind.kind) not in kinds:
        return SoftResult.NOT_ASKED
    annotations = metadata.annotations or {}
    if annotations.get(_EXTENDED_RESOURCE_CLAIM) == "true":
        return SoftResult.NOT_ASKED
    wanted = asks(annotations, metadata.labels)
    if wanted is not None:
        return None if wanted else SoftResult.NOT_ASKED
    owner = metadata.pod
    if owner is None:
        return SoftResult.NOT_ASKED
    pod = await _await_pod(service, request.namespace, owner.name, owner.uid)
    if isinstance(pod, SoftResult):
        return pod
    return None if asks(pod.annotations) else SoftResult.NOT_ASKED


async def _await_pod(service: Service, namespace: str, name: str, uid: str) -> Pod | SoftResult:
    """The pod that a claim is made for, once it is known, or why it is not."""
    pod = service.store.current.pods.get((namespace, name))
    if pod is not None and pod.uid == uid:
        return pod
    if not service.follower.live or service.no_opinion is not None:
        return SoftResult.POD_UNKNOWN
    found: asyncio.Future[Pod] = asyncio.get_running_loop().create_future()

    def told(shown: Pod | Claim) -> bool:
        if shown.uid == uid and isinstance(shown, Pod) and not found.done():
            found.set_result(shown)
        return shown.uid == uid

    waiting = service.awaited_pods.add(POD.name, (namespace, name), OWNER_SECONDS, told)
    if waiting is None:
        return SoftResult.BUSY
    try:
        async with asyncio.timeout(OWNER_SECONDS):
            return await found
    except TimeoutError:
        return SoftResult.POD_UNKNOWN
    finally:
        service.awaited_pods.remove(waiting)


async def _decide(service: Service, request: AdmissionRequest) -> Decision:
    no_opinion = service.no_opinion
    if no_opinion is not None:
        text = "the extender does not know the cluster well enough at the moment"
        return Decision(SoftResult(no_opinion), text)
    try:
        spec = _spec(request)
    except decode.DecodeError as error:
        return Decision(SoftResult.UNREADABLE, str(error))
    if len(spec.requests) > MAX_REQUESTS:
        text = f"the claim has {len(spec.requests)} requests; Kubernetes allows {MAX_REQUESTS}"
        return Decision(SoftResult.UNREADABLE, text, spec=spec)
    remember = len(bytes(request.object)) <= MOST_REMEMBERED_BYTES
    outcome = await service.softener.decide(spec, service.store.current, remember=remember)
    if outcome is None:
        text = "too many claims are being decided; the next one may be rewritten"
        return Decision(SoftResult.BUSY, text, spec=spec)
    if not isinstance(outcome, Rewrite):
        return Decision(outcome.code, render_refusal(outcome), spec=spec)
    attribute = outcome.constraints[0].match_attribute
    return Decision(SoftResult.REWRITTEN, f"devices that share {attribute} are tried first", outcome, spec)


def _spec(request: AdmissionRequest) -> ClaimSpec:
    if request.kind.kind == TEMPLATE:
        return decode.claim_template(request.object, decode.Interner()).spec
    return decode.resource_claim(request.object, decode.Interner()).spec


def _document(request: AdmissionRequest) -> JSON | None:
    """The object as JSON; ``None`` for what the JSON of Kubernetes cannot hold, such as 1e999."""
    try:
        document: JSON = msgspec.json.decode(request.object)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
