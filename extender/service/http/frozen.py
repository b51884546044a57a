"""
What stands in for the parts of a live cluster where a dump is served, or where one is off.

Handlers call these like the real ones, so that no handler asks which of the two it serves. The interfaces
are in ``dependencies``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import Evaluation
    from extender.kube.api.event_recorder import ObjectReference
    from extender.kube.watch.events import ReflectorState
    from extender.model import DeviceID, Pod

    from ..live.prediction_check import Mismatch
    from ..verb import Verb
    from ..wire import BindingArgs

CANNOT_BIND = (
    "this extender serves a dump of a cluster and cannot bind pods: remove bindVerb from its entry in "
    "KubeSchedulerConfiguration, or serve the live cluster"
)

BIND_IS_OFF = (
    "this extender binds no pods: start it with --bind, or remove bindVerb from its entry in "
    "KubeSchedulerConfiguration"
)


class NoFollower:
    """Follows nothing: a dump never changes, and no pod of it is ever allocated."""

    live = False
    stale = False
    reflectors: Sequence[ReflectorState] = ()
    in_flight = 0
    held_twice: Sequence[DeviceID] = ()
    negative_amounts: Sequence[str] = ()
    mismatches: Sequence[Mismatch] = ()

    def now(self) -> float:
        return 0.0

    def evidence(self) -> bytes:
        return b""

    @property
    def confirmed(self) -> None:
        return None

    def on_request(self, pod: Pod, names: Sequence[str]) -> None:
        """Do nothing."""

    def on_filtered(self, pod: Pod, names: Sequence[str]) -> None:
        """Do nothing."""

    def on_unscored(self, pod: Pod, names: Sequence[str]) -> None:
        """Do nothing."""

    def on_scored(
        self,
        pod: Pod,  # noqa: ARG002  the interface's
        evaluation: Evaluation[bytes],  # noqa: ARG002
        names: Sequence[str],  # noqa: ARG002
        entries: list[bytes],
    ) -> list[bytes]:
        return entries


class NoRecorder:
    """Records nothing."""

    path = None

    def on_request(self, verb: Verb, pod: Pod) -> None:
        """Do nothing."""

    def on_answer(self, verb: Verb, body: bytes, answer: bytes) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class NoBinder:
    """Refuses every binding with the ``reason``."""

    reason: str = CANNOT_BIND

    async def bind(self, _args: BindingArgs) -> str:
        return self.reason


class NoEvents:
    """Writes no Events."""

    def record(self, about: ObjectReference, *, reason: str, note: str, action: str = "") -> None:
        """Do nothing."""
