"""
Where a pod will land, as far as that is known at the time of the answer.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import Evaluation
    from extender.model import Pod

NUDGE_PERCENT = 3
"""Of the score of perfect alignment: what likely nodes get above the other best nodes without --decisive."""

SHARE = 8
"""One best node in this many is a likely node of the pod: the scheduler's own scores choose among them."""

GROUP_SHARE = 64
"""
The same for a pod in a group: the API shows where its pods land only after the last of them was asked about,
so as many as a large group has must find likely nodes of their own.
"""

MOST_LIKELY = 64
# Each costs an entry of its own in the answer.


@dataclass(frozen=True, slots=True)
class LikelyNodes:
    """
    ``nodes``: where the pod is likely to land, none where we leave that open; each scores
    ``points`` more than it deserves.
    """

    nodes: tuple[str, ...] = ()
    points: int = 0

    @property
    def node(self) -> str | None:
        """The node where the pod lands, ``None`` if it may be another one."""
        return self.nodes[0] if len(self.nodes) == 1 else None


def likely_nodes(
    pod: Pod,
    evaluation: Evaluation[bytes],
    names: Sequence[str],
    *,
    score_max: int,
    decisive: bool,
    taken_nodes: Container[str],
) -> LikelyNodes:
    """
    Choose where the pod is to land among the nodes with the highest score.

    A single node has no rival. With ``decisive`` our score outweighs all others, and it is one node, of
    those that rank first. Without, it is a share of the best nodes outside ``taken_nodes``, where pods
    before this one may be about to land: no prediction for a likely node depends on where these do, unless
    there is no other. A pod in a group gets a smaller share. Only best nodes are raised, so that a node of
    better alignment always scores higher. The pod's UID picks, which spreads pods over equal nodes and does
    not depend on the order of ``names``. Call it after ``evaluation.entries(names)``.
    """
    if len(names) == 1:
        return LikelyNodes((names[0],))
    if not names:
        return LikelyNodes()
    top = evaluation.first(names) if decisive else evaluation.top(names)
    if not top:
        return LikelyNodes()
    number = crc32(pod.uid.encode())
    if decisive:
        return LikelyNodes((top[number % len(top)],), score_max)
    free = [name for name in top if name not in taken_nodes] or top
    step = max(SHARE if pod.group is None else GROUP_SHARE, -(-len(free) // MOST_LIKELY))
    nodes = free[number % step :: step] or [free[number % len(free)]]
    return LikelyNodes(tuple(nodes), nudge(score_max))


def nudge(score_max: int) -> int:
    """The points that likely nodes get where we do not decide."""
    return max(1, score_max * NUDGE_PERCENT // 100)
