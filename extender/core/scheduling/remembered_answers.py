"""
Where pods of one kind pass, remembered from pod to pod: only nodes that changed since are judged again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Generic, TypeVar

from extender.model.scheduling import SchedulingPod

MOST_QUESTIONS = 64
"""Kinds of pods whose answer is remembered; the one that was asked for longest ago is forgotten first."""


@dataclass(slots=True, kw_only=True)
class RememberedAnswer:
    """``stale``: names of the nodes that are to be judged again."""

    stale: set[str] = field(default_factory=set)


A = TypeVar("A", bound=RememberedAnswer)


_NO_MATTER = frozenset({"name", "uid", "node_name", "nominated_node_name", "owner", "labels"})
_what_counts = attrgetter(*(each.name for each in fields(SchedulingPod) if each.name not in _NO_MATTER))


def without_name(pod: SchedulingPod, labels: Mapping[str, str] | None = None) -> Hashable:
    """
    Equal for pods that pass on the same nodes, their own node aside, and that these rate alike.

    ``labels``: those of the pod that count, all where that is ``None``.
    """
    labels = pod.labels if labels is None else labels
    return _what_counts(pod), frozenset(labels.items())


class RememberedAnswers(Generic[A]):
    """The answers by question."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, A] = OrderedDict()

    def __iter__(self) -> Iterator[A]:
        return iter(self._answers.values())

    def get(self, question: Hashable) -> A | None:
        """The answer that is remembered, ``None`` without one."""
        answer = self._answers.get(question)
        if answer is not None:
            self._answers.move_to_end(question)
        return answer

    def put(self, question: Hashable, answer: A) -> None:
        """Remember the answer."""
        self._answers[question] = answer
        if len(self._answers) > MOST_QUESTIONS:
            self._answers.popitem(last=False)

    def change(self, names: Iterable[str]) -> None:
        """Nodes have changed, or the pods on them."""
        for answer in self._answers.values():
            answer.stale.update(names)

    def clear(self) -> None:
        """Forget all."""
        self._answers.clear()
