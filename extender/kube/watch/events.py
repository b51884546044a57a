"""What a reflector tells: objects that are there, objects that are gone, and how it fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Key = str | tuple[str, str]
"""An object's name, or its namespace and name for kinds that have namespaces."""


class Sink(Protocol):
    """
    Receives the objects of all kinds, as values of ``extender.core.model``.

    Called on the event loop, and meant to return at once. An object may come
    again unchanged, and one may go that never came.
    """

    def replace(self, kind: str, objects: Sequence[object]) -> None:
        """``objects`` are all there are of ``kind``, in the server's order."""
        ...

    def apply(self, kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> None:
        """``upserts`` are new or changed, ``gone`` are no more; no key is in both."""
        ...


@dataclass(slots=True)
class ReflectorState:
    """
    How one reflector fares; changes while it runs.

    ``synced``: the sink has a complete list and the server lets us follow its
    changes. It stays true while a lost connection is sought again, so look at
    ``last_contact`` too: when the server last sent anything of the kind, in
    seconds of the reflector's clock (0: never). ``served``: the server knows the
    kind. ``relists`` counts complete lists after the first, ``restarts`` the
    lists and watches that failed, ``decode_errors`` the objects that could not be
    read. ``problem`` says what is wrong now, and what to do; empty: nothing.
    """

    kind: str
    synced: bool = False
    served: bool = True
    last_contact: float = 0.0
    relists: int = 0
    restarts: int = 0
    decode_errors: int = 0
    problem: str = ""
