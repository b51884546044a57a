"""
Follows scheduling attempts from the first question to their outcome, for a recording.

Nothing is encoded or written here: requests only leave their bytes, and what changed in the cluster
is handed on as it is.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from extender.core.claims.extended_resources import backed_resources
from extender.core.claims.pod_groups import group_of, user_uid
from extender.kube.recording.raw_objects import RawObjects
from extender.kube.recording.reader import RecordedRequest
from extender.kube.recording.state import ClosedAttempt
from extender.model.kinds import POD, RESOURCE_CLAIM

from ..live.unconfirmed_pods import UNCONFIRMED_SECONDS, PodState, confirms, pod_state
from ..verb import Verb
from .asking_pod import PodScheduled, asking_pod, pod_scheduled

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.core.cluster.snapshot import ClaimKey
    from extender.kube.recording.raw_objects import RawChanges
    from extender.model import Claim, Pod

    from ..live.store import LiveStore

OUTCOME_SECONDS = 30.0
"""How long an outcome is waited for; then the attempt is recorded with what is known."""

SETTLE_SECONDS = 0.5
"""What belongs to an attempt may come this long after its outcome, such as the answer to its binding."""

TICK_SECONDS = 0.25

MAX_OPEN = 1_000
MAX_OPEN_BYTES = 64 * 1024 * 1024
"""Attempts without an outcome, and bytes of their requests; the oldest are closed first."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.recording")


class Writer(Protocol):
    """Takes attempts in their order."""

    def offer(self, attempt: ClosedAttempt) -> bool:
        """Whether the attempt is taken."""
        ...


@dataclass(slots=True)
class _Attempt:
    """
    ``waiting``: claims that are to be allocated. ``answering``: the verb whose request is being answered.
    ``confirmed``: the API shows the pod.
    ``ended``: when the outcome was complete. ``condition_before``: the condition that the pod came with.
    """

    number: int
    pod: Pod
    began: float
    waiting: set[ClaimKey]
    confirmed: bool = False
    changes: RawChanges = field(default_factory=dict)
    assumed: tuple[Claim, ...] = ()
    requests: list[RecordedRequest] = field(default_factory=list)
    answering: Verb | None = None
    condition_before: PodScheduled | None = None
    node: str = ""
    condition: bytes | None = None
    allocations: dict[str, bytes | None] = field(default_factory=dict)
    ended: float | None = None

    @property
    def request_bytes(self) -> int:
        return sum(len(request.body) + len(request.answer) for request in self.requests)


class Recorder:
    """
    The attempts under way, by the time of the question that counts.

    The state that is recorded with an attempt is the one on which the last of its filter and prioritize
    requests is answered. ``path`` is where the recording is. Errors of ours are logged, told to
    ``failed``, and never reach a request. Attempts of pods that the API does not show are not recorded;
    ``unconfirmed`` is called for each.
    """

    def __init__(
        self,
        store: LiveStore,
        writer: Writer,
        clock: Callable[[], float],
        failed: Callable[[], None],
        path: str = "",
        unconfirmed: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self._store, self._writer = store, writer
        self._raw = RawObjects()
        self._clock, self._failed, self._unconfirmed = clock, failed, unconfirmed
        self._attempts: OrderedDict[int, _Attempt] = OrderedDict()
        self._by_pod: dict[str, _Attempt] = {}
        self._number = 0
        self._bytes = 0

    def number_of(self, pod_uid: str) -> int | None:
        """The number under which the pod's last attempt will be found, ``None`` if it is not recorded."""
        attempt = self._by_pod.get(pod_uid)
        return None if attempt is None else attempt.number

    def on_request(self, verb: Verb, pod: Pod) -> None:
        """Take the state that filter or prioritize is about to be answered on."""
        with self._guarded():
            attempt = self._by_pod.get(pod.uid)
            if attempt is not None and (attempt.ended is not None or not _goes_on(attempt, verb)):
                self._end(attempt)
                del self._by_pod[pod.uid]
                attempt = None
            if not (pod.claims or backed_resources(pod, self._store.current.classes)):
                return
            state = pod_state(pod, self._store.current.pods.get(POD.key(pod)))
            if state is PodState.STRANGER:
                return
            if attempt is None:
                self._number += 1
                attempt = self._by_pod[pod.uid] = _Attempt(self._number, pod, self._clock(), set())
            elif next(reversed(self._attempts)) != attempt.number:
                self._hand_on(attempt)
            attempt.confirmed |= state is PodState.CONFIRMED
            self._attempts[attempt.number] = attempt
            attempt.changes |= self._raw.drain()
            attempt.assumed = self._store.assumed
            attempt.answering = verb
            attempt.waiting = set(self._pending(pod))
            attempt.allocations = dict.fromkeys((name for _, name in sorted(attempt.waiting)), None)

    def on_answer(self, verb: Verb, body: bytes, answer: bytes) -> None:
        """Keep a request and its answer, if they belong to an attempt."""
        with self._guarded():
            asking = asking_pod(body)
            attempt = self._by_pod.get(asking.uid)
            if (
                attempt is None
                or verb is Verb.EXPLAIN
                or (verb is Verb.FILTER and attempt.answering is not verb)
            ):
                return
            attempt.answering = None
            if not attempt.requests:
                attempt.condition_before = asking.condition
            attempt.requests.append(RecordedRequest(verb, body, answer))
            self._bytes += len(body) + len(answer)
            while self._bytes > MAX_OPEN_BYTES:
                self._close(next(iter(self._attempts.values())))

    def on_changes(self, changes: Changes) -> None:
        """Take changes that the store has taken, with their JSON."""
        with self._guarded():
            added = self._raw.add(changes)
            for key, claim in changes[RESOURCE_CLAIM].items():
                data = added.get((RESOURCE_CLAIM.name, key))
                if claim is not None and claim.allocation is not None and data is not None:
                    self._take_claim(claim, data)
            for key, pod in changes[POD].items():
                if pod is None:
                    self._drop_pod(key)
                elif pod.uid in self._by_pod:
                    self._take_pod(pod, changes.json[POD.name][key])

    def _take_claim(self, claim: Claim, data: bytes) -> None:
        """Take what a claim got, if an attempt waits for it: several may for the claim of a pod group."""
        if group_of(claim):
            attempts = list(self._by_pod.values())
        else:
            attempts = [found for found in (self._by_pod.get(user_uid(claim)),) if found is not None]
        for attempt in attempts:
            if claim.key in attempt.waiting or claim.extended_resource:
                attempt.waiting.discard(claim.key)
                attempt.allocations[claim.name] = data
                self._end_if_complete(attempt)

    def _take_pod(self, pod: Pod, data: bytes) -> None:
        """Take the node and the condition of a pod, if its attempt waits for them."""
        attempt = self._by_pod[pod.uid]
        attempt.confirmed |= confirms(pod, attempt.pod)
        if attempt.ended is not None:
            return
        condition, condition_json = pod_scheduled(data)
        if condition is not None and condition != attempt.condition_before:
            attempt.condition = condition_json
            if condition.status == "False":
                self._end(attempt)
        attempt.node = pod.node_name
        self._end_if_complete(attempt)

    def _drop_pod(self, key: tuple[str, str]) -> None:
        """End the attempts of a pod that is deleted."""
        for attempt in self._by_pod.values():
            if (attempt.pod.namespace, attempt.pod.name) == key:
                self._end(attempt)

    async def run(self) -> None:
        """Hand on what is complete, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            with self._guarded():
                self.tick()

    def tick(self) -> None:
        """Hand on the oldest attempts whose outcome is complete, or comes too late."""
        now = self._clock()
        while self._attempts:
            attempt = next(iter(self._attempts.values()))
            patience = OUTCOME_SECONDS if attempt.confirmed else UNCONFIRMED_SECONDS
            late = now - attempt.began > patience
            crowded = len(self._attempts) > MAX_OPEN or self._bytes > MAX_OPEN_BYTES
            settled = attempt.ended is not None and now - attempt.ended >= SETTLE_SECONDS
            if not (settled or late or crowded):
                return
            self._close(attempt)

    def close(self) -> None:
        """Hand on all attempts as they are."""
        with self._guarded():
            while self._attempts:
                self._close(next(iter(self._attempts.values())))

    def _pending(self, pod: Pod) -> Iterator[ClaimKey]:
        claims = self._store.current.claims
        for entry in pod.claims:
            key = (pod.namespace, entry.claim)
            if key in claims and claims[key].allocation is None:
                yield key

    def _end_if_complete(self, attempt: _Attempt) -> None:
        """End the attempt if the pod is bound and has all its claims."""
        extended = not attempt.pod.claims and not attempt.allocations
        if attempt.node and not attempt.waiting and not extended:
            self._end(attempt)

    def _end(self, attempt: _Attempt) -> None:
        if attempt.ended is None:
            attempt.ended = self._clock()

    def _hand_on(self, attempt: _Attempt) -> None:
        """Take an attempt out of the row: what changed before it changed before its successor."""
        waiting = list(self._attempts.values())
        position = next(index for index, other in enumerate(waiting) if other is attempt)
        del self._attempts[attempt.number]
        self._pass_changes(attempt.changes, waiting[position + 1 : position + 2])
        attempt.changes = {}

    def _close(self, attempt: _Attempt) -> None:
        """Give the oldest attempt to the writer."""
        del self._attempts[attempt.number]
        if self._by_pod.get(attempt.pod.uid) is attempt:
            del self._by_pod[attempt.pod.uid]
        self._bytes -= attempt.request_bytes
        if not attempt.confirmed:
            self._unconfirmed()
            self._pass_changes(attempt.changes, list(self._attempts.values())[:1])
            return
        closed = ClosedAttempt(
            number=attempt.number,
            pod=attempt.pod.name,
            changes=attempt.changes,
            assumed=attempt.assumed,
            requests=tuple(attempt.requests),
            node=attempt.node,
            condition=attempt.condition,
            allocations=attempt.allocations,
        )
        if not self._writer.offer(closed):
            self._pass_changes(attempt.changes, list(self._attempts.values())[:1])

    def _pass_changes(self, changes: RawChanges, successors: Sequence[_Attempt]) -> None:
        if successors:
            successors[0].changes = {**changes, **successors[0].changes}
        else:
            self._raw.give_back(changes)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Keep errors of ours from whoever calls."""
        try:
            yield
        except Exception as error:
            self._failed()
            log.exception("internal error: an attempt is not recorded as it was", exc_info=error)


def _goes_on(attempt: _Attempt, verb: Verb) -> bool:
    """Whether the request belongs to the attempt: each begins with filter and scores once."""
    return verb is Verb.PRIORITIZE and all(request.verb == Verb.FILTER for request in attempt.requests)
