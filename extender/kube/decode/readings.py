"""
Second readings of objects that are followed anyway: other values, made from the same JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from extender.model.kinds import NODE, POD, Key, Kind
from extender.model.open_nodes import OPEN_NODE
from extender.model.pending_pods import PENDING_POD

from .interner import Interner
from .open_nodes import open_node
from .pending_pods import pending_pod
from .resources import Data


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


NOMINATION_READINGS = (
    Reading(POD, PENDING_POD, pending_pod),
    Reading(NODE, OPEN_NODE, open_node),
)
"""What is needed to nominate pods."""
