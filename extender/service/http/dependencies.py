"""What request handlers need: interfaces to the cluster, and one frozen value that holds all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from extender.core.prediction.evaluate import Evaluation, Memo, Settings, Snapshot, evaluate

from ..judging import Judging
from ..live.awaited import AwaitedObjects, claims_asked_about, claims_that_wait, events_that_wait
from ..namespace_limit import NamespaceLimit
from ..policy import Policy
from ..softening import Softener
from ..verb import NeutralReason, Verb
from ..wire import ArgsDecoder, BindingArgs, host_priorities
from .frozen import NoBinder, NoEvents, NoFollower, NoRecorder
from .pods import PodDecoder

if TYPE_CHECKING:
    from extender.kube.api.event_recorder import ObjectReference
    from extender.kube.watch.events import ReflectorState
    from extender.model import DeviceID, Pod

    from ..explain import ExplainedNomination
    from ..live.follower import Evaluate
    from ..live.prediction_check import Mismatch
    from ..metrics.metrics import Metrics


class Store(Protocol):
    """Holds the cluster. ``ready``: every kind was listed once, so that ``current`` is complete."""

    @property
    def current(self) -> Snapshot: ...

    @property
    def ready(self) -> bool: ...


class Follower(Protocol):
    """
    Follows scheduling attempts on a live cluster, from a request to the allocation.

    A handler calls ``on_request`` before it judges nodes, since this may change the snapshot, and one of
    the other ``on_`` methods when it has decided.
    """

    @property
    def live(self) -> bool:
        """Whether the cluster changes by itself, so that an absent object may still appear."""
        ...

    @property
    def stale(self) -> bool:
        """Whether the cluster was out of contact for too long to have an opinion."""
        ...

    @property
    def reflectors(self) -> Sequence[ReflectorState]:
        """The state of each watched kind, in times of ``now``."""
        ...

    def now(self) -> float:
        """Seconds of the clock of ``reflectors``."""
        ...

    @property
    def in_flight(self) -> int:
        """How many claims are assumed to be allocated."""
        ...

    @property
    def held_twice(self) -> Sequence[DeviceID]:
        """The devices that several claims hold exclusively."""
        ...

    @property
    def negative_amounts(self) -> Sequence[str]:
        """The claims that hold a negative amount of a capacity, as ``namespace/name``."""
        ...

    @property
    def mismatches(self) -> Sequence[Mismatch]:
        """The newest allocations that differ from their predictions, the newest last."""
        ...

    def evidence(self) -> bytes:
        """Return a recording with the attempts of the newest mismatches, empty without any."""
        ...

    @property
    def confirmed(self) -> Snapshot | None:
        """
        The snapshot without what is assumed that the scheduler need not have assumed.

        ``None``: nothing is assumed.
        """
        ...

    def on_request(self, pod: Pod, names: Sequence[str]) -> None:
        """Take note that filter or prioritize is asked about ``pod``, for the nodes ``names``."""
        ...

    def on_filtered(self, pod: Pod, names: Sequence[str]) -> None:
        """Take note that filter passes the nodes ``names``."""
        ...

    def on_unscored(self, pod: Pod, names: Sequence[str]) -> None:
        """Take note that prioritize scores all ``names`` alike, as the pod's policy wants."""
        ...

    def on_scored(
        self, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str], entries: list[bytes]
    ) -> list[bytes]:
        """Take note of the scores in ``entries``; returns the entries to answer, some of them raised."""
        ...


class Recorder(Protocol):
    """Records scheduling attempts."""

    @property
    def path(self) -> str | None:
        """The file of the recording, ``None`` where nothing is recorded."""
        ...

    def on_request(self, verb: Verb, pod: Pod) -> None:
        """Keep the state that filter or prioritize is about to be answered on."""
        ...

    def on_answer(self, verb: Verb, body: bytes, answer: bytes) -> None:
        """Keep a request and its answer."""
        ...


class Binder(Protocol):
    """Writes bindings to the API server."""

    async def bind(self, args: BindingArgs) -> str:
        """Bind the pod; answer the empty string, or what went wrong and what to do."""
        ...


class Events(Protocol):
    """Writes Kubernetes Events."""

    def record(self, about: ObjectReference, *, reason: str, note: str, action: str = ...) -> None:
        """Queue an Event ``about`` an object; never waits and never raises."""
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
    The dependencies of all handlers.

    ``follower``, ``recorder``, ``binder`` and ``events`` are by default those of a dump: nothing is
    followed, recorded, bound or reported. ``people_memo`` belongs to the thread that answers people.
    ``patient``: nobody else is served, see ``Judging``. ``awaited_pods``: those that claims are made for,
    while ``/mutate`` waits for them; ``awaited_claims``: those of pods that are asked about;
    ``awaited_events``: Events that wait for their object.
    ``route_to``: the scheduler that ``/route`` writes into pods, empty for none.
    """

    store: Store
    settings: Settings
    metrics: Metrics
    evaluate: Evaluate = evaluate
    memo: Memo[bytes] = field(default_factory=lambda: Memo(host_priorities))
    follower: Follower = field(default_factory=NoFollower)
    recorder: Recorder = field(default_factory=NoRecorder)
    binder: Binder = field(default_factory=NoBinder)
    events: Events = field(default_factory=NoEvents)
    default_policy: Policy = Policy.PREFERRED
    route_to: str = ""
    args: ArgsDecoder = field(default_factory=ArgsDecoder)
    pods: PodDecoder = field(default_factory=PodDecoder)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    patient: bool = False
    judging: Judging = field(init=False)
    people_memo: Memo[bytes] = field(default_factory=lambda: Memo(host_priorities, capacity=16))
    nomination: Callable[[Pod], ExplainedNomination | None] = lambda _: None
    softener: Softener = field(default_factory=lambda: Softener(time.monotonic))
    awaited_pods: AwaitedObjects = field(default_factory=claims_that_wait)
    awaited_claims: AwaitedObjects = field(default_factory=claims_asked_about)
    awaited_events: AwaitedObjects = field(default_factory=events_that_wait)
    event_limit: NamespaceLimit = field(default_factory=NamespaceLimit)

    def __post_init__(self) -> None:
        """Judge on the snapshots of the store."""
        object.__setattr__(self, "judging", Judging(lambda: self.store.current, patient=self.patient))

    @property
    def ready(self) -> bool:
        """Whether new requests should come here."""
        return self.store.ready and not self.lifecycle.draining

    @property
    def no_opinion(self) -> NeutralReason | None:
        """Why no request can be answered with an opinion now, ``None`` where it can."""
        if not self.store.ready:
            return NeutralReason.NOT_READY
        return NeutralReason.STALE if self.follower.stale else None

    def evaluation(self, pod: Pod) -> Evaluation[bytes]:
        """Resolve ``pod`` against the current snapshot."""
        return self.evaluate(self.store.current, pod, self.memo, self.settings)

    def confirmed_evaluation(self, pod: Pod) -> Evaluation[bytes] | None:
        """Resolve ``pod`` on what is ``confirmed``; ``None`` where that is all."""
        snapshot = self.follower.confirmed
        if snapshot is None or snapshot is self.store.current:
            return None
        return self.evaluate(snapshot, pod, Memo(host_priorities), self.settings)


def snapshot_objects(snapshot: Snapshot) -> dict[str, int]:
    """Count the objects of ``snapshot`` by resource, in a fixed order."""
    return {
        "nodes": len(snapshot.nodes),
        "resourceslices": sum(map(len, snapshot.slices.by_pool.values())),
        "deviceclasses": len(snapshot.classes),
        "resourceclaims": len(snapshot.claims),
        "pods": len(snapshot.pods),
    }
