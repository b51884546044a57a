"""What request handlers need, in one frozen value."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from extender.core.prediction.evaluate import Memo, Settings, Snapshot, evaluate
from extender.kube.decode import Interner

from ..policy import Policy
from ..softening import Softener
from ..verb import NeutralReason
from ..wire import ArgsDecoder, BindingArgs, host_priority

if TYPE_CHECKING:
    from extender.kube.api.event_recorder import EventRecorder

    from ..live.live import Evaluate, Live
    from ..metrics.metrics import Metrics
    from ..recording.recorder import Recorder


class Store(Protocol):
    """Holds the cluster. ``ready``: every kind was listed once, so that ``current`` is complete."""

    @property
    def current(self) -> Snapshot: ...

    @property
    def ready(self) -> bool: ...


class Binder(Protocol):
    """Writes bindings to the API server."""

    async def bind(self, args: BindingArgs) -> str:
        """Bind the pod; answer the empty string, or what went wrong and what to do."""
        ...


@dataclass(slots=True)
class Lifecycle:
    """
    What changes while the service runs.

    ``draining``: a signal to stop has come. ``warned_of_node_objects``: the
    warning about requests with whole Nodes is in the log already.
    """

    draining: bool = False
    warned_of_node_objects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    The dependencies of every handler.

    ``binder``, ``live`` and ``events`` are ``None`` where the cluster is a dump, ``recorder`` where nothing
    is recorded.
    """

    store: Store
    settings: Settings
    metrics: Metrics
    evaluate: Evaluate = evaluate
    memo: Memo[bytes] = field(default_factory=lambda: Memo(host_priority))
    binder: Binder | None = None
    live: Live | None = None
    recorder: Recorder | None = None
    default_policy: Policy = Policy.PREFERRED
    args: ArgsDecoder = field(default_factory=ArgsDecoder)
    interner: Interner = field(default_factory=Interner)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    softener: Softener = field(default_factory=lambda: Softener(time.monotonic))
    events: EventRecorder | None = None

    @property
    def ready(self) -> bool:
        """Whether new requests should come here."""
        return self.store.ready and not self.lifecycle.draining

    @property
    def no_opinion(self) -> NeutralReason | None:
        """Why no request can be answered with an opinion now, if so."""
        if not self.store.ready:
            return NeutralReason.NOT_READY
        if self.live is not None and self.live.stale:
            return NeutralReason.STALE
        return None


def snapshot_objects(snapshot: Snapshot) -> dict[str, int]:
    """Count the objects of ``snapshot`` by resource, in a fixed order."""
    return {
        "nodes": len(snapshot.nodes),
        "resourceslices": sum(map(len, snapshot.slices.by_pool.values())),
        "deviceclasses": len(snapshot.classes),
        "resourceclaims": len(snapshot.claims),
        "pods": len(snapshot.pods),
    }
