"""
Second readings of objects that are followed anyway: other values, made from the same JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from extender.model.kinds import NODE, POD, Key, Kind, TypedKind
from extender.model.pending_pods import PENDING_POD
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD

from .interner import Interner
from .pending_pods import pending_pod
from .resources import Data
from .scheduling_nodes import scheduling_node
from .scheduling_pods import scheduling_pod

K = TypeVar("K", bound=Key)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Reading:
    """
    How objects of the kind ``of`` are read once more, as values of ``kind``.

    ``read`` returns the key and the value, ``None`` for an object that does not matter to this reading; it
    raises ``DecodeError``.
    """

    of: Kind
    kind: Kind
    read: Callable[[Data, Interner], tuple[Key, object | None]]


def _reading(of: Kind, kind: TypedKind[K, V], decode: Callable[[Data, Interner], V]) -> Reading:
    """A reading of every object."""

    def read(data: Data, interner: Interner) -> tuple[Key, object | None]:
        value = decode(data, interner)
        return kind.key(value), value

    return Reading(of, kind, read)


SCHEDULING_READINGS = (
    _reading(POD, SCHEDULING_POD, scheduling_pod),
    _reading(NODE, SCHEDULING_NODE, scheduling_node),
)
"""What is needed to tell which nodes the default scheduler accepts for a pod."""

PENDING_READINGS = (Reading(POD, PENDING_POD, pending_pod),)
"""What is needed to tell which pending pods are nominated, and by whom."""

NOMINATION_READINGS = (*SCHEDULING_READINGS, *PENDING_READINGS)
"""What is needed to nominate pods."""
