"""
The pods whose last answer is remembered, in bounds of their number and of what they keep alive.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extender.core.cluster.layered import layers
from extender.model import ClaimSpec, Pod

from .in_flight import GroupKey
from .offered_nodes import holds_name

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import ClaimKey
    from extender.core.prediction.evaluate import Evaluation, Snapshot

MAX_PODS = 2_000
"""Pods that are remembered; the oldest are forgotten first."""

MAX_EARLIER = 31
"""Earlier answers that are remembered of a pod in a group."""

MAX_BYTES = 128 * 1024 * 1024
"""Bytes of memory that they keep alive, most of it old states of the cluster."""

BYTES_PER_NAME = 150
"""What a name in an object takes beside its characters: the text's and its holder's heads."""

BYTES_PER_CHARACTER = 150
"""Of a selector, as it is compiled: measured on long ones, 106 to 171."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    ``waiting``: the claims that the API does not show allocated yet.

    ``offered``: the nodes that the answer was about, as ``names_text``; empty where that is not kept, which
    is so for pods without a group. ``earlier``: answers about other nodes, the newest first: kube-scheduler
    tries several placements of a group, and the last that it tries need not be the one that it takes.
    """

    pod: Pod
    evaluation: Evaluation[bytes]
    waiting: set[ClaimKey]
    offered: bytes = b""
    earlier: tuple[Attempt, ...] = ()

    def on(self, node: str) -> Attempt:
        """The newest answer that was about the node; the newest of all where none was."""
        return next((each for each in (self, *self.earlier) if holds_name(each.offered, node)), self)

    def after(self, before: Attempt | None) -> Attempt:
        """This answer, with those before it that are about other nodes."""
        answers = () if before is None else (replace(before, earlier=()), *before.earlier)
        others = [each for each in answers if each.offered and each.offered != self.offered]
        return replace(self, earlier=tuple(others[:MAX_EARLIER]))


class Remembered:
    """
    The last attempt of each pod by UID, the oldest first.

    What several attempts share, such as the nodes of a snapshot, counts once. ``dropped`` is called for each
    pod that is forgotten to make room.
    """

    def __init__(self, dropped: Callable[[], None], most_bytes: int = MAX_BYTES) -> None:
        self._dropped, self._most_bytes = dropped, most_bytes
        # With its parts, and when it was made.
        self._attempts: OrderedDict[str, tuple[Attempt, list[object], float]] = OrderedDict()
        # By identity: the part, so that its identity is not used again, how many hold it, and its bytes.
        self._parts: dict[int, tuple[object, int, int]] = {}
        # The pods of each pod group, the one that was asked about last at the end.
        self._groups: dict[GroupKey, dict[str, None]] = {}
        self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._attempts)

    def get(self, pod_uid: str) -> Attempt | None:
        """The last attempt of the pod, if it is remembered."""
        entry = self._attempts.get(pod_uid)
        return entry[0] if entry is not None else None

    def of_group(self, group: GroupKey) -> Sequence[Attempt]:
        """The last attempts of a pod group's pods, in the order in which these were asked about."""
        return [self._attempts[uid][0] for uid in self._groups.get(group, ())]

    def put(self, pod_uid: str, attempt: Attempt, now: float = 0.0) -> None:
        """
        Remember an attempt, as the newest; one that is too large by itself is forgotten again.

        ``now``: seconds of a clock that is the same for all.
        """
        self.remove(pod_uid)
        parts = list(_parts(attempt))
        for part in parts:
            self._add(part)
        self._attempts[pod_uid] = attempt, parts, now
        if group := attempt.pod.group:
            self._groups.setdefault(group, {})[pod_uid] = None
        while len(self._attempts) > MAX_PODS or (self._attempts and self.held_bytes > self._most_bytes):
            self.remove(next(iter(self._attempts)))
            self._dropped()

    def remove(self, pod_uid: str) -> None:
        """Forget the pod, if it is remembered."""
        attempt, parts, _ = self._attempts.pop(pod_uid, (None, (), 0.0))
        for part in parts:
            self._subtract(part)
        if attempt is not None and (group := attempt.pod.group):
            del self._groups[group][pod_uid]
            if not self._groups[group]:
                del self._groups[group]

    def drop_older(self, than: float) -> None:
        """Forget the attempts that were made before that time."""
        while self._attempts:
            pod_uid, (_, _, made) = next(iter(self._attempts.items()))
            if made >= than:
                break
            self.remove(pod_uid)

    def _add(self, part: object) -> None:
        _, holders, held = self._parts.get(id(part)) or (part, 0, _bytes_of(part))
        self._parts[id(part)] = part, holders + 1, held
        self.held_bytes += 0 if holders else held

    def _subtract(self, part: object) -> None:
        _, holders, held = self._parts[id(part)]
        if holders > 1:
            self._parts[id(part)] = part, holders - 1, held
        else:
            del self._parts[id(part)]
            self.held_bytes -= held


def _parts(attempt: Attempt) -> Iterator[object]:
    """What an attempt keeps alive."""
    for earlier in attempt.earlier:
        yield from _parts(earlier)
    yield attempt.pod
    yield attempt.offered
    # A claim that is made up for extended resources has no UID and is another one at each look.
    yield from (claim.spec for claim in attempt.evaluation.pending if claim.uid)
    yield from _mappings(attempt.evaluation.snapshot)


def _bytes_of(part: object) -> int:
    if isinstance(part, Pod):
        return pod_bytes(part)
    return spec_bytes(part) if isinstance(part, ClaimSpec) else sys.getsizeof(part)


def _mappings(snapshot: Snapshot) -> Iterator[object]:
    """The tables of a snapshot: what a newer one copies where it differs."""
    of_objects = snapshot.objects.by_kind.values()
    for table in (*of_objects, snapshot.nodes, snapshot.holders, snapshot.usage, snapshot.pool_nodes):
        yield from layers(table)


def pod_bytes(pod: Pod) -> int:
    """About what a decoded pod takes."""
    names = [pod.namespace, pod.name, pod.uid, pod.pod_group, *pod.annotations, *pod.annotations.values()]
    for claim in pod.claims:
        names += (claim.name, claim.claim, claim.template)
    for container in (*pod.init_containers, *pod.containers):
        names.append(container.name)
        names += (name for name, _ in container.requests)
    return sum(map(len, names)) + BYTES_PER_NAME * len(names)


def spec_bytes(spec: ClaimSpec) -> int:
    """About what a claim takes with its compiled selectors."""
    exact = [
        each for request in spec.requests for each in (request.exactly, *request.first_available) if each
    ]
    texts = [
        text for each in exact for text in (*each.selectors, *(text for _, text in each.derived)) if text
    ]
    return BYTES_PER_NAME * (len(exact) + len(texts)) + BYTES_PER_CHARACTER * sum(map(len, texts))
