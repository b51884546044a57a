"""
Binds pods that may be bound, and tells in an Event which devices they got.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from extender.kube.api.event_recorder import ObjectReference

from .offered_nodes import OFFER_SECONDS, Offer

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import NodeVerdict
    from extender.kube.api.binder import ApiBinder
    from extender.kube.api.event_recorder import EventRecorder

    from ..wire import BindingArgs
    from .follower import LiveFollower
    from .offered_nodes import OfferedNodes

# None of these tells more than the caller knows: not what UID or node the pod has.
UNKNOWN_POD = "the API shows no unbound pod of this name and UID; try again if it was created just now"
NOT_OFFERED = {
    Offer.NONE: "this extender remembers no filter answer for the pod: "
    "set filterVerb on this extender, and send filter and bind to the same replica",
    Offer.LATE: f"the last filter answer for it is older than {OFFER_SECONDS / 60:.0f} minutes; try again",
    Offer.OTHER: "the last filter answer for it did not name this node; try again",
}

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.bind")


@dataclass(frozen=True, slots=True)
class PodBinder:
    """
    The service's ``Binder`` on a live cluster.

    Bound is only a pod that the API shows unbound with that UID, to a node that our last filter answer
    for it named, at most ``OFFER_SECONDS`` ago. ``offered`` are these answers, of ``live``.
    """

    binder: ApiBinder
    events: EventRecorder
    live: LiveFollower
    offered: OfferedNodes

    async def bind(self, args: BindingArgs) -> str:
        """Bind the pod; answer the empty string, or what went wrong and what to do."""
        error = self._refusal(args)
        if error:
            log.warning(
                "binding refused",
                namespace=args.pod_namespace,
                pod=args.pod_name,
                node=args.node,
                problem=error,
            )
            return error
        error = await self.binder.bind(args)
        if not error:
            self.offered.forget(args.pod_uid)
            verdict = self.live.verdict_of(args.pod_namespace, args.pod_name, args.node)
            if verdict is not None and verdict.devices:
                pod = ObjectReference(args.pod_namespace, args.pod_name, args.pod_uid)
                self.events.record(pod, reason="DevicesAllocated", note=note(args.node, verdict))
        return error

    def _refusal(self, args: BindingArgs) -> str:
        """Why the pod may not be bound to the node, empty where it may."""
        if not self.live.store.shows_unbound(args.pod_namespace, args.pod_name, args.pod_uid):
            return UNKNOWN_POD
        offer = self.offered.offer(args.pod_uid, args.node)
        return NOT_OFFERED.get(offer, "")


def note(node: str, verdict: NodeVerdict) -> str:
    """Say in one line which devices a pod has on its node, and how near they are to each other."""
    devices = ", ".join(f"{device.result.request}: {device.result.id}" for device in verdict.devices)
    pairs = "; ".join(_pairs(verdict))
    return f"{devices} on {node}" + (f"; {pairs}" if pairs else "")


def _pairs(verdict: NodeVerdict) -> Iterator[str]:
    if verdict.alignment is None or verdict.alignment.predicted is None:
        return
    yield f"alignment {verdict.alignment.predicted:.2f}"
    for pair in verdict.alignment.pairs:
        a, b = verdict.devices[pair.a].result.id, verdict.devices[pair.b].result.id
        yield f"{a.device} and {b.device}: {pair.distance}"
