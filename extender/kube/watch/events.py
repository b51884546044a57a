"""What a reflector reports: what happens to the objects of a kind, and how the reflector fares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from extender.core.cluster.changes import Changes
from extender.model.kinds import Key


class Sink(Protocol):
    """
    Receives what happens to the objects of all kinds.

    Called on the event loop, and meant to return at once. An object may come again unchanged, and one
    may go that never came.
    """

    def apply(self, changes: Changes) -> None:
        """Take a complete list of a kind, or changes since."""
        ...


@dataclass(slots=True)
class ReflectorState:
    """
    How one reflector fares; changes while it runs.

    ``kind`` is the kind's name. ``synced``: the sink has a complete list and the server lets us follow its
    changes. It stays true while a lost connection is sought again, so look at
    ``last_contact`` too: when the server last sent anything of the kind, in
    seconds of the reflector's clock (0: never). ``served``: the server knows the
    kind. ``relists`` counts complete lists after the first, ``failures`` the
    lists and watches that failed, ``decode_errors`` the objects that could not be read.
    ``unreadable`` are the objects that are left out now, each with what is wrong with it.
    ``problem`` says what is wrong now, and what to do; empty: nothing.
    """

    kind: str
    synced: bool = False
    served: bool = True
    last_contact: float = 0.0
    relists: int = 0
    failures: int = 0
    decode_errors: int = 0
    unreadable: dict[Key, str] = field(default_factory=dict)
    problem: str = ""
