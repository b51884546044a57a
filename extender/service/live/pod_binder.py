"""
Binds pods and tells, in an Event, which devices they got.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extender.kube.api.event_recorder import ObjectReference

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import NodeVerdict
    from extender.kube.api.binder import ApiBinder
    from extender.kube.api.event_recorder import EventRecorder

    from ..wire import BindingArgs
    from .follower import LiveFollower


@dataclass(frozen=True, slots=True)
class PodBinder:
    """The service's ``Binder`` on a live cluster."""

    binder: ApiBinder
    events: EventRecorder
    live: LiveFollower

    async def bind(self, args: BindingArgs) -> str:
        """Bind the pod; answer the empty string, or what went wrong and what to do."""
        error = await self.binder.bind(args)
        if not error:
            verdict = self.live.verdict_of(args.pod_namespace, args.pod_name, args.node)
            if verdict is not None and verdict.devices:
                pod = ObjectReference(args.pod_namespace, args.pod_name, args.pod_uid)
                self.events.record(pod, reason="DevicesAllocated", note=note(args.node, verdict))
        return error


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
