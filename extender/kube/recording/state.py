"""From attempts, each with what changed before it, to the lines of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from extender.model import Claim
from extender.model.kinds import RESOURCE_CLAIM

from .raw_objects import ObjectKey, RawChanges
from .reader import RecordedRequest
from .recorded_objects import assumed_claim, claim_allocation, recorded_answer, recorded_request
from .writer import ClaimChanges, attempt_line, cluster_line, header_pieces

ClaimKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ClosedAttempt:
    """
    An attempt of which nothing more is awaited.

    ``changes``: what changed between the attempt before and this one. ``assumed``: claims whose
    allocation was assumed when the attempt began, as they will be. ``allocations`` are whole
    claims as JSON by name, ``None`` for one that got no allocation.
    """

    number: int
    pod: str
    changes: RawChanges
    assumed: tuple[Claim, ...]
    requests: tuple[RecordedRequest, ...]
    node: str = ""
    condition: bytes | None = None
    allocations: Mapping[str, bytes | None] = field(default_factory=dict)

    @property
    def request_bytes(self) -> int:
        """What the requests and their answers take."""
        return sum(len(request.body) + len(request.answer) for request in self.requests)


class RecordingState:
    """The cluster and the claims as the last line left them; attempts must come in their order."""

    def __init__(
        self, kubernetes: str, gates: Mapping[str, bool], dropped: Callable[[], None] = lambda: None
    ) -> None:
        """``dropped`` is called for each request that is left out, because it is of another form."""
        self._dropped = dropped
        self._kubernetes, self._gates = kubernetes, gates
        self._cluster: dict[ObjectKey, bytes] = {}
        self._claims: dict[ClaimKey, bytes] = {}
        self._written: dict[ClaimKey, bytes] = {}
        """The claims of the last line, assumed allocations included."""
        self._assumed: dict[ClaimKey, Claim] = {}

    def take(self, changes: Mapping[ObjectKey, bytes | None]) -> bytes:
        """Take what changed; returns the line that tells what of it is not about claims, if anything."""
        items: list[bytes] = []
        gone: list[tuple[str, str]] = []
        for (kind, key), data in changes.items():
            if isinstance(key, tuple):
                if kind != RESOURCE_CLAIM.name:
                    continue  # of kinds with a namespace only claims have a place in the format
                if data is None:
                    self._claims.pop(key, None)
                else:
                    self._claims[key] = data
            elif data is None:
                self._cluster.pop((kind, key), None)
                gone.append((kind, key))
            else:
                self._cluster[kind, key] = data
                items.append(data)
        return cluster_line(items, gone) if items or gone else b""

    def header(self) -> Iterator[bytes]:
        """Yield the first line of a file that begins here, in pieces."""
        return header_pieces(self._kubernetes, self._cluster.values(), self._gates)

    def attempt(self, attempt: ClosedAttempt, *, first: bool) -> bytes:
        """Return the line of an attempt whose changes are taken. ``first``: of its file, so in full."""
        assumed = {claim.key: claim for claim in attempt.assumed}
        if first:
            keys = {**self._claims, **assumed}
        else:
            changed = (
                key for kind, key in attempt.changes if kind == RESOURCE_CLAIM.name and isinstance(key, tuple)
            )
            keys = dict.fromkeys((*changed, *self._assumed, *assumed))
        shown = {key: self._shown(key, assumed.get(key)) for key in keys}
        self._assumed = assumed
        claims = ClaimChanges(
            [data for key, data in shown.items() if data is not None and self._written.get(key) != data],
            [key for key, data in shown.items() if data is None and key in self._written],
        )
        there = {key: data for key, data in shown.items() if data is not None}
        if first:
            self._written = there
        else:
            self._written.update(there)
            for key in claims.gone:
                del self._written[key]
        return attempt_line(
            attempt.pod,
            list(there.values()) if first else claims,
            [
                RecordedRequest(request.verb, body, recorded_answer(request.answer))
                for request in attempt.requests
                if (body := self._body(request)) is not None
            ],
            attempt.node,
            attempt.condition,
            {name: data and claim_allocation(data) for name, data in attempt.allocations.items()},
            attempt.number,
        )

    def _body(self, request: RecordedRequest) -> bytes | None:
        body = recorded_request(request.body)
        if body is None:
            self._dropped()
        return body

    def _shown(self, key: ClaimKey, assumed: Claim | None) -> bytes | None:
        data = self._claims.get(key)
        return data if assumed is None else assumed_claim(assumed, data)
