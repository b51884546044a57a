"""
Where one pod may go, beside its devices, and what is not known of that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from extender.model.scheduling import SchedulingPod

from ..messages import Message, rendered
from .reasons import FilterReason, NotModelled, render_not_modelled
from .remembered_answers import RememberedAnswer


class NotToldCode(StrEnum):
    """What the input leaves out; the template of a code names its parameters."""

    POD = "pod-not-told"
    AMOUNTS = "amounts-not-told"


NOT_TOLD_TEMPLATES: dict[NotToldCode, str] = {
    NotToldCode.POD: "the input does not say what the pod asks of a node beside devices",
    NotToldCode.AMOUNTS: "the input does not say how much CPU and memory {nodes} have",
}


@dataclass(frozen=True, slots=True)
class NotTold(Message[NotToldCode]):
    """What the input leaves out."""


Unchecked = NotModelled | NotTold
"""Why nodes were not asked whether they accept a pod, or not asked about all of it."""


def render_unchecked(value: Unchecked) -> str:
    """The reason as one sentence for people."""
    if isinstance(value, NotModelled):
        return render_not_modelled(value)
    return rendered(value, NOT_TOLD_TEMPLATES, frozenset({"nodes"}))


@dataclass(slots=True)
class Answer(RememberedAnswer):
    """``pod``: one of those that ask alike, without a node."""

    pod: SchedulingPod
    refusals: dict[str, FilterReason] = field(default_factory=dict)
    unchecked: tuple[Unchecked, ...] = ()


class Refusals(Mapping[str, FilterReason]):
    """Those of an ``answer``. ``refresh``: judge nodes of it again; they are when somebody asks for them."""

    __slots__ = ("_answer", "_refresh")

    def __init__(self, answer: Answer, refresh: Callable[[Answer, Iterable[str]], None]) -> None:
        self._answer, self._refresh = answer, refresh

    def __getitem__(self, name: str) -> FilterReason:
        if name in self._answer.stale:
            self._refresh(self._answer, (name,))
        return self._answer.refusals[name]

    def __iter__(self) -> Iterator[str]:
        if self._answer.stale:
            self._refresh(self._answer, tuple(self._answer.stale))
        return iter(self._answer.refusals)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Accepted:
    """
    Where one pod may go. ``refusals``: why a node refuses the pod; all others accept it. They follow the
    pods that are moved, until another pod is asked about.

    ``unchecked``: what is not known; a node may refuse the pod nevertheless. ``own``: the pod's own node,
    and what tells why it refuses it with the pod taken from it. ``question``: equal for pods that the same
    nodes accept, their own aside.
    """

    refusals: Mapping[str, FilterReason]
    unchecked: tuple[Unchecked, ...] = ()
    own: tuple[str, Callable[[], FilterReason | None]] = ("", lambda: None)
    question: Hashable = None

    def refusal(self, name: str) -> FilterReason | None:
        """Why a node refuses the pod, ``None`` where it accepts it."""
        own, asked = self.own
        return asked() if name == own else self.refusals.get(name)
