"""
What happens in the cluster, on its way to those who need it.

Everything that changes the store goes this way, in this order: what an attempt under way cannot know is
held back, the store takes the rest, and what is news in it is passed on. Nobody below calls back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from extender.core.prediction.evaluate import Turn, TurnOver
from extender.model.kinds import POD

from ..judging import TURN_UNITS
from .store import NO_EVENTS, Events
from .unconfirmed_pods import PodState, pod_state

if TYPE_CHECKING:
    from typing import Protocol

    from extender.core.cluster.changes import Changes
    from extender.model import Pod

    from .awaited import AwaitedObjects
    from .delayed_releases import DelayedReleases
    from .prediction_check import PredictionCheck
    from .store import LiveStore
    from .unconfirmed_pods import UnconfirmedPods

    class ChangeListener(Protocol):
        """Records what happens, or acts on it."""

        def on_changes(self, changes: Changes) -> None:
            """Take changes that the store has taken."""
            ...


log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.serve")


class EventHandler:
    """
    The ``Sink`` of the reflectors of a live cluster.

    ``recorder`` gets the changes with their JSON. ``failed`` is called for errors of ours, which are logged:
    what follows the cluster goes on without the one object. ``unconfirmed``: the pods of requests that the
    API does not show yet. ``awaited`` is told of objects that others wait for, once the store has them, and
    ``nominator`` of all changes.
    """

    def __init__(
        self,
        store: LiveStore,
        delayed: DelayedReleases,
        checks: PredictionCheck,
        recorder: ChangeListener | None = None,
        failed: Callable[[], None] = lambda: None,
        *,
        unconfirmed: UnconfirmedPods,
        awaited: Sequence[AwaitedObjects] = (),
        nominator: ChangeListener | None = None,
    ) -> None:
        self._awaited, self._nominator = awaited, nominator
        self._unconfirmed = unconfirmed
        self._store, self._delayed, self._checks = store, delayed, checks
        self._recorder, self._failed = recorder, failed

    def apply(self, changes: Changes) -> None:
        """Take a complete list of a kind, or changes since."""
        self._pass_on(self._delayed.apply(changes))

    async def begin(self) -> None:
        """Build the first snapshot once every kind is listed."""
        self._report(await self._store.begin())

    def on_request(self, pod: Pod) -> None:
        """
        Show the cluster as the scheduler saw it when the attempt began that it asks about.

        What was assumed of the pod is taken back: it is tried again, so that did not come about. A
        stranger changes nothing.
        """
        self._drop_unconfirmed()
        state = self._shown_state(pod)
        if state is PodState.UNCONFIRMED and not self._unconfirmed.add(pod):
            return
        if state is PodState.STRANGER:
            return
        self._pass_on(self._delayed.on_request(pod))
        if state is PodState.CONFIRMED:
            self._store.end_simulation(pod)
        self._store.forget(pod.uid)

    def state_of(self, pod: Pod) -> PodState:
        """What the API says of a pod that ``on_request`` has seen."""
        state = self._shown_state(pod)
        followed = state is not PodState.UNCONFIRMED or pod.uid in self._unconfirmed
        return state if followed else PodState.STRANGER

    def _shown_state(self, pod: Pod) -> PodState:
        """What the API says of a pod; one that has the UID of another pod is a stranger."""
        known = self._checks.pod_of(pod.uid)
        if known is not None and POD.key(known) != POD.key(pod):
            return PodState.STRANGER
        return pod_state(pod, self._store.current.pods.get(POD.key(pod)))

    def on_answer(self) -> None:
        """A request is answered: the next attempt may begin."""
        self._delayed.on_answer()

    def expire(self) -> None:
        """
        Pass on what need not be held back any longer; drop what the API did not show in time.
        """
        self._drop_unconfirmed()
        for awaited in self._awaited:
            awaited.expire()
        self._pass_on(self._delayed.expire())

    def _drop_unconfirmed(self) -> None:
        for uid in self._unconfirmed.drop_expired():
            self._store.forget(uid)
            self._checks.forget(uid)

    def _confirm(self, changes: Changes) -> None:
        """Count pods like any other that the API shows from now on."""
        if self._unconfirmed:
            for pod in changes.upserts(POD):
                if self._unconfirmed.confirmed_by(pod):
                    self._store.confirm(pod)

    def _pass_on(self, changes: Changes) -> None:
        if not changes:
            return
        self._confirm(changes)
        events = self._store.apply(changes)
        if events is not NO_EVENTS:
            self._report(events)
        if self._recorder is not None:
            self._recorder.on_changes(changes)
        for awaited in self._awaited:
            with self._caught(telling="those who wait"):
                awaited.on_changes(changes)
        if self._nominator is not None:
            with self._caught(telling="who nominates"):
                self._nominator.on_changes(changes)

    def _report(self, events: Events) -> None:
        """
        Compare claims with what was predicted; assume what was predicted where a pod landed; let what was
        said of a pod go with it.

        Predictions are remembered, as a rule; those that would have to be made anew, and take longer than
        a turn together, are left out.
        """
        turn = Turn(TURN_UNITS)
        for claim in events.allocated:
            with self._caught(comparing=f"{claim.namespace}/{claim.name}"):
                self._checks.on_allocated(claim, self._store.current, turn)
        for pod, node in events.landed:
            with self._caught(landing=f"{pod.namespace}/{pod.name}"):
                evaluation = self._checks.evaluation_of(pod.uid, node)
                if evaluation is not None:
                    with suppress(TurnOver):
                        budget = evaluation.budget(turn)
                        self._store.assume(pod.uid, evaluation.allocated_on(node, budget))
        self._checks.on_gone(events.gone)

    @contextmanager
    def _caught(self, **doing: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._failed()
            log.exception("internal error", exc_info=error, **doing)
