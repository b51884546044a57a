"""
What keeps claims from a node, as data: the codes, and what each request finds on the node.

The codes are a public contract (the explanation's ``fit``) and are documented in
``docs/explain.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CauseCode(StrEnum):
    """
    Every cause there is.

    ``HELD`` to ``CAPACITY_SPENT`` go with claims of others; ``POOL_INCOMPLETE`` to ``TAINTED``
    stay whatever these do. The last ones lie in what is asked for.
    """

    POOL_INCOMPLETE = "pool-incomplete"
    POOL_INVALID = "pool-invalid"
    FEATURE_OFF = "feature-off"
    NODE_OPERATIONS = "node-operations"
    TAINTED = "tainted"
    HELD = "held"
    COUNTERS_SPENT = "counters-spent"
    CAPACITY_SPENT = "capacity-spent"
    CAPACITY_TOO_SMALL = "capacity-too-small"
    COUNTERS_TOO_SMALL = "counters-too-small"
    CONSTRAINT = "constraint"
    TOO_FEW_DEVICES = "too-few-devices"
    REQUESTS_COMPETE = "requests-compete"
    COUNTERS_LEAK = "counters-leak"


HOLDING = frozenset({CauseCode.HELD, CauseCode.COUNTERS_SPENT, CauseCode.CAPACITY_SPENT})
"""What goes with the claims of others."""


@dataclass(frozen=True, slots=True)
class Loss:
    """
    So many ``devices`` that pass class and selectors and cannot be had, each counted once.

    ``by``: what took them, at most ``MOST_NAMED``; claims as ``namespace/name`` for what is held or
    spent, keys of taints, pools, feature gates, attributes of constraints. ``more``: how many others.
    """

    code: CauseCode
    devices: int
    by: tuple[str, ...] = ()
    more: int = 0


MOST_NAMED = 16
"""Most claims, keys and pools that are named for one cause."""


@dataclass(frozen=True, slots=True)
class RequestFit:
    """
    What one request finds on one node.

    ``request`` is ``name`` or ``parent/sub``. ``asks``: how many devices, ``None`` for all.
    ``devices``: of the node, whatever they are; ``of_class``: those that the selectors of the class
    match, ``None`` where nobody counted; ``passing``: those that all selectors match; ``left``:
    those that can be had. ``prioritized``: one of several alternatives.
    """

    claim: str
    request: str
    asks: int | None
    prioritized: bool
    devices: int
    of_class: int | None
    passing: int
    left: int
    losses: tuple[Loss, ...]

    @property
    def short(self) -> bool:
        """Whether the request alone cannot be met."""
        if self.asks is None:
            return self.left == 0 or self.left < self.passing
        return self.left < self.asks


@dataclass(frozen=True, slots=True)
class Cause:
    """
    What has to change for the claims to fit.

    ``alone``: nothing else has to change; else all causes that are not ``alone`` do. ``by``: see
    ``Loss``. A ``request`` of a ``claim`` that asks for too much ``asks`` for so many devices, and can
    have ``devices``. A constraint of a ``claim`` is over ``requests`` (at most ``MOST_NAMED``) that
    ask for so many, and so many of those left have one value; with ``distinct`` different ones.
    """

    code: CauseCode
    alone: bool
    by: tuple[str, ...] = ()
    more: int = 0
    claim: str = ""
    request: str = ""
    requests: tuple[str, ...] = ()
    asks: int = 0
    devices: int = 0
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class PoolSlices:
    """A pool with ``slices`` of its ``expected`` ones, of the newest generation; as ``driver/pool``."""

    pool: str
    slices: int
    expected: int


@dataclass(frozen=True, slots=True)
class NoFit:
    """
    Why nothing fits on one node.

    ``requests``: in the order of the claims, alternatives one by one. ``causes``: none where there
    was no telling within the budget. ``pools``: those that lack slices. ``together``:
    how many devices all requests ask for and how many of those left they can have, where each
    request alone has enough. ``endless``: how many
    choices upstream tries in vain, where these are more than it has time for; else 0.
    ``timeout_aborts``: see ``Release``.
    """

    requests: tuple[RequestFit, ...]
    causes: tuple[Cause, ...]
    pools: tuple[PoolSlices, ...] = ()
    together: tuple[int, int] | None = None
    endless: int = 0
    timeout_aborts: bool = False
