"""
What happens in the cluster, on its way to those who need it.

Everything that changes the store goes this way, in this order: what an attempt under way cannot know is
held back, the store takes the rest, and what is news in it is passed on. Nobody below calls back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from .store import NO_EVENTS, Events

if TYPE_CHECKING:
    from typing import Protocol

    from extender.core.cluster.changes import Changes
    from extender.model import Pod

    from .delayed_releases import DelayedReleases
    from .prediction_check import PredictionCheck
    from .store import LiveStore

    class ChangeRecorder(Protocol):
        """Records what happens."""

        def on_changes(self, changes: Changes) -> None:
            """Take changes that the store has taken."""
            ...


log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.serve")


class EventHandler:
    """
    The ``Sink`` of the reflectors of a live cluster.

    ``recorder`` gets the changes with their JSON. ``failed`` is called for errors of ours, which are logged:
    what follows the cluster goes on without the one object.
    """

    def __init__(
        self,
        store: LiveStore,
        delayed: DelayedReleases,
        checks: PredictionCheck,
        recorder: ChangeRecorder | None = None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
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

        What was assumed of the pod is taken back: it is tried again, so that did not come about.
        """
        self._pass_on(self._delayed.on_request(pod))
        self._store.forget(pod.uid)

    def on_answer(self) -> None:
        """A request is answered: the next attempt may begin."""
        self._delayed.on_answer()

    def expire(self) -> None:
        """Pass on what need not be held back any longer."""
        self._pass_on(self._delayed.expire())

    def _pass_on(self, changes: Changes) -> None:
        if not changes:
            return
        events = self._store.apply(changes)
        if events is not NO_EVENTS:
            self._report(events)
        if self._recorder is not None:
            self._recorder.on_changes(changes)

    def _report(self, events: Events) -> None:
        """Compare claims with what was predicted; assume what was predicted where a pod landed."""
        for claim in events.allocated:
            with self._caught(comparing=f"{claim.namespace}/{claim.name}"):
                self._checks.on_allocated(claim, self._store.current)
        for pod, node in events.landed:
            with self._caught(landing=f"{pod.namespace}/{pod.name}"):
                evaluation = self._checks.evaluation_of(pod.uid)
                if evaluation is not None:
                    self._store.assume(pod.uid, evaluation.allocated_on(node))

    @contextmanager
    def _caught(self, **doing: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._failed()
            log.exception("internal error", exc_info=error, **doing)
