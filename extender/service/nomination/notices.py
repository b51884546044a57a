"""
Events about pods where something is off with their nomination: few, and none twice for a pod.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from extender.core.nomination.refusals import NotNominated, Refusal, code_of, render_not_nominated
from extender.kube.api.event_recorder import ObjectReference

if TYPE_CHECKING:
    from extender.model.pending_pods import PendingPod

    from ..namespace_limit import NamespaceLimit
    from .outstanding import Nomination

OFTEN = 3
"""How often a pod is passed by before that is told: a node may lose its devices to another pod once."""

TOLD = frozenset(
    {
        Refusal.INVALID_SELECTOR,
        Refusal.AMOUNT_TOO_LARGE,
        Refusal.TOO_MUCH_WORK,
        Refusal.TOO_COSTLY,
        Refusal.MISALIGNED,
    }
)
"""Why a pod is not nominated, where whoever wrote it can do something about it."""


class Notice(StrEnum):
    """
    The reason of an Event.

    ``NotNominated``: for one of the reasons in ``TOLD``. ``NominationPassedBy``: the pod was passed by
    ``OFTEN``. ``NominationNotFollowed``: nobody has tried the pod in time.
    """

    NOT_NOMINATED = "NotNominated"
    PASSED_BY = "NominationPassedBy"
    NOT_FOLLOWED = "NominationNotFollowed"


class Record(Protocol):
    """Queues an Event; never waits and never raises."""

    def __call__(
        self, about: ObjectReference, *, reason: str, note: str, action: str, warning: bool
    ) -> None: ...


class Notices:
    """
    Tells each notice once for each pod, and no more for one namespace than ``limit`` says.

    ``limited`` is called for each that is left out for that.
    """

    def __init__(self, record: Record, limit: NamespaceLimit, limited: Callable[[], None]) -> None:
        self._record, self._limit, self._limited = record, limit, limited
        self._told: dict[str, set[Notice]] = {}
        self._passed_by: Counter[str] = Counter()

    def refused(self, pod: PendingPod, why: NotNominated) -> None:
        """The pod is not nominated."""
        if code_of(why) in TOLD:
            text = f"not nominated: {render_not_nominated(why)}; the scheduler places the pod as usual"
            self._tell(pod, Notice.NOT_NOMINATED, text)

    def passed_by(self, nomination: Nomination) -> None:
        """The scheduler did not take the node that we named, and it was not too late for it."""
        pod = nomination.pod
        self._passed_by[pod.uid] += 1
        if self._passed_by[pod.uid] >= OFTEN:
            text = (
                f"nominated {OFTEN} times and passed by each time, last on node {nomination.node}: look "
                f"whether a plugin or another extender of profile {pod.scheduler} refuses these nodes"
            )
            self._tell(pod, Notice.PASSED_BY, text)

    def not_followed(self, nomination: Nomination, seconds: float) -> None:
        """The scheduler has not tried the pod for so many seconds."""
        pod = nomination.pod
        text = (
            f"nominated for node {nomination.node} {seconds:.0f} s ago, and nobody has tried to place the "
            f"pod: look whether {pod.scheduler} runs"
        )
        self._tell(pod, Notice.NOT_FOLLOWED, text)

    def left(self, pod_uid: str) -> None:
        """The pod is bound or gone: nothing of it is remembered."""
        self._told.pop(pod_uid, None)
        self._passed_by.pop(pod_uid, None)

    def _tell(self, pod: PendingPod, notice: Notice, text: str) -> None:
        told = self._told.setdefault(pod.uid, set())
        if notice in told:
            return
        told.add(notice)
        if not self._limit.take(pod.namespace):
            self._limited()
            return
        about = ObjectReference(pod.namespace, pod.name, pod.uid)
        self._record(about, reason=notice, note=text, action="Nominating", warning=True)
