"""
What ``/route`` answers: pods that claim devices and name no scheduler get the one of ``--route-to``.

For clusters without MutatingAdmissionPolicies. Every pod is let in, and on any doubt it stays as its author
wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extender.core.claims.extended_resources import IMPLICIT_PREFIX
from extender.model.pending_pods import DEFAULT_SCHEDULER

from .. import wire
from ..routing import RouteResult
from ..verb import Result, Verb
from .observation import observe_error
from .verbs import Answer

if TYPE_CHECKING:
    from ..wire import AdmissionRequest, PodReview
    from .dependencies import Service


async def route(service: Service, body: bytes) -> Answer:
    """Set ``spec.schedulerName`` of a Pod that is being created. Raises ``BadRequest``."""
    request = wire.decode_review(body)
    try:
        result = _result(service, request)
    except Exception as error:  # noqa: BLE001  a webhook without an opinion must not keep a pod from running
        observe_error(service.metrics, Verb.ROUTE, error)
        service.metrics.routed(RouteResult.INTERNAL_ERROR)
        return Answer(wire.allowed(request.uid), Result.NEUTRAL)
    service.metrics.routed(result)
    if result is not RouteResult.ROUTED:
        return Answer(wire.allowed(request.uid))
    # "add" replaces what is there, and the API server has put the default there already.
    patch = {"op": "add", "path": "/spec/schedulerName", "value": service.route_to}
    return Answer(wire.allowed(request.uid, (patch,)))


def _result(service: Service, request: AdmissionRequest) -> RouteResult:
    kind = request.kind
    if not service.route_to or request.operation != "CREATE" or (kind.group, kind.kind) != ("", "Pod"):
        return RouteResult.NOT_ASKED
    pod = request.pod()
    if pod is None:
        return RouteResult.UNREADABLE
    if pod.scheduler not in {"", DEFAULT_SCHEDULER}:
        return RouteResult.OTHER_SCHEDULER
    return RouteResult.ROUTED if _claims_devices(service, pod) else RouteResult.NO_DEVICES


def _claims_devices(service: Service, pod: PodReview) -> bool:
    if pod.has_claims:
        return True
    # Only names with a domain can be of a device class, and most pods ask for none.
    extended = {name for name in pod.resources() if "/" in name}
    if not extended:
        return False
    classes = service.store.current.classes.values()
    backed = not extended.isdisjoint(each.extended_resource_name for each in classes)
    return backed or any(name.startswith(IMPLICIT_PREFIX) for name in extended)
