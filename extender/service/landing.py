"""
Where a pod will land, when that is known at the time of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from extender.core.evaluate import Evaluation
    from extender.core.model import Pod


def landing_node(
    pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str], *, decisive: bool
) -> str | None:
    """
    Return the node that the scheduler will choose, ``None`` if others could win.

    A single node has no rival. With ``decisive`` our score outweighs all others, so it is one of
    those that rank first: one that the pod's UID picks, which spreads pods over equal nodes and
    does not depend on the order of ``names``. Call it after ``evaluation.entries(names)``.
    """
    if len(names) == 1:
        return names[0]
    if not decisive:
        return None
    top = evaluation.first(names) if names else []
    return top[crc32(pod.uid.encode()) % len(top)] if top else None
