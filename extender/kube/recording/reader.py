"""
Recordings of scheduling attempts: JSON lines, gzipped or not.

The first line holds the Kubernetes version and the cluster's Nodes,
DeviceClasses and ResourceSlices, every further line one attempt::

    {"kubernetes": "1.36.2", "cluster": List}
    {"pod": "job-0", "claims": [ResourceClaim...], "requests": [{"verb", "body", "answer"}...],
     "outcome": {"node": "node-a", "condition": PodCondition, "allocations": {claim name: AllocationResult}}}

``claims`` are all claims as they stood when the attempt began. Instead of them a line may
say how they differ from those of the attempt before::

    "claimsChanged": [ResourceClaim...], "claimsGone": ["namespace/name"...]

A line without a pod changes the cluster for the attempts after it::

    {"cluster": List, "clusterGone": [{"kind": "Node", "name": "node-a"}...]}

The first line may name feature gates that differ from the release's defaults, as
``featureGates``, and an attempt its number, as ``attempt``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from extender.core.cluster.changes import Changes
from extender.model import Allocation, Claim, Pod
from extender.model.kinds import Key

from .. import decode
from ..decode import DecodeError, Interner
from ..decode.errors import UNREADABLE, FieldError, located
from ..files.cluster import Cluster, ClusterBuilder
from ..files.input_file import GZIP_ERRORS, open_input
from .format import ARGS, HEADER, LINE, LineJSON, OutcomeJSON, RequestJSON

MOST_LINE_BYTES = 1 << 30
"""The longest line, decompressed. The first holds a cluster, all others less."""


class RecordingError(ValueError):
    """A recording that cannot be read; the text names file, line, field and what is wanted."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One call of the extender: ``verb`` as in its URL, ``body`` and ``answer`` as JSON."""

    verb: str
    body: bytes
    answer: bytes


@dataclass(frozen=True, slots=True)
class Condition:
    """The pod's PodScheduled condition after the attempt. ``status``: ``True`` or ``False``."""

    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """
    What the attempt led to.

    ``node`` is empty where no node was bound; there may be allocations all the
    same, as the binding was still pending. ``condition`` is ``None`` where none
    was seen. ``allocations`` are pairs of claim name and allocation, sorted by
    name, ``None`` for a claim that got none.
    """

    node: str
    condition: Condition | None
    allocations: tuple[tuple[str, Allocation | None], ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One scheduling attempt.

    ``line`` counts from 1, ``pod_name`` is as recorded. ``pod`` is the pod of
    the first request; ``None`` where there was no request. ``requests`` are in
    the order in which they came and may repeat. ``changes`` happened to the cluster
    since the attempt before, one after the other, and concern no claims. ``number`` is the recorder's own,
    ``None`` where it does not count.
    """

    line: int
    pod_name: str
    pod: Pod | None
    claims: tuple[Claim, ...]
    requests: tuple[RecordedRequest, ...]
    outcome: RecordedOutcome
    changes: tuple[Changes, ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """
    An open recording.

    ``cluster`` is that of the first line, ``cluster.kubernetes`` the server's
    version. ``attempts`` are read as they are asked for, once, and raise
    ``RecordingError``. ``gates``: feature gates of the scheduler that differ from the
    release's defaults.
    """

    cluster: Cluster
    attempts: Iterator[Attempt]
    gates: Mapping[str, bool] = field(default_factory=dict)


_NULL = b"null"


def embedded_recording() -> str:
    """Return the path of the recording that comes with the package: 60 pods on 24 nodes, 1.36.2."""
    return str(Path(__file__).parents[2] / "data" / "fleet-1.36.2.jsonl.gz")


@contextmanager
def open_recording(path: str, stdin: BufferedReader | None = None) -> Iterator[Recording]:
    """Open a recording, ``-`` for standard input. Raises ``RecordingError``."""
    interner = Interner()
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(open_input(path, stdin))
        except OSError as error:
            raise RecordingError(f"{path}: {error.strerror or error}") from error
        lines = _lines(path, stream)
        first = next(lines, None)
        if first is None:
            raise RecordingError(f"{path}: empty; expected a recording of scheduling attempts")
        cluster, gates = _header(path, first[1], interner)
        yield Recording(cluster, _attempts(path, lines, interner), gates)


def _lines(path: str, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, counted from 1."""
    number = 0
    try:
        for number, line in enumerate(iter(partial(stream.readline, MOST_LINE_BYTES + 1), b""), 1):
            if len(line) > MOST_LINE_BYTES:
                raise RecordingError(
                    f"{path}: line {number}: longer than {MOST_LINE_BYTES} bytes, the limit;"
                    " expected a recording of scheduling attempts"
                )
            if not line.isspace():
                yield number, line
    except GZIP_ERRORS as error:
        raise RecordingError(
            f"{path}: line {number + 1}: the gzip file is damaged or ends early ({error}); copy it again"
        ) from error
    except OSError as error:
        raise RecordingError(f"{path}: line {number + 1}: {error.strerror or error}") from error


def _header(path: str, line: bytes, interner: Interner) -> tuple[Cluster, Mapping[str, bool]]:
    try:
        wire = HEADER.decode(line)
    except UNREADABLE as error:
        raise _refuse(path, 1, located(line, error, HEADER)) from None
    if not wire.kubernetes or not wire.cluster:
        missing = "cluster" if wire.kubernetes else "kubernetes"
        raise _refuse(path, 1, FieldError(missing, "missing; a recording begins with version and cluster"))
    builder = ClusterBuilder(interner, wire.kubernetes)
    try:
        builder.add(wire.cluster)
    except DecodeError as error:
        raise RecordingError(f"{path}: line 1: {error}") from None
    return builder.build(), wire.feature_gates or {}


def _attempts(path: str, lines: Iterable[tuple[int, bytes]], interner: Interner) -> Iterator[Attempt]:
    """Yield the attempts, each with the claims and the cluster that the lines before it led to."""
    claims: dict[tuple[str, str], Claim] = {}
    changes: list[Changes] = []
    for number, line in lines:
        try:
            wire = LINE.decode(line)
            if wire.cluster and not wire.pod:
                changes.append(_changes(wire, interner))
                continue
            attempt = _attempt(number, wire, claims, tuple(changes), interner)
        except DecodeError as error:
            raise RecordingError(f"{path}: line {number}: {error}") from None
        except UNREADABLE as error:
            raise _refuse(path, number, located(line, error, LINE)) from None
        changes.clear()
        yield attempt


def _attempt(
    number: int,
    wire: LineJSON,
    claims: dict[tuple[str, str], Claim],
    changes: tuple[Changes, ...],
    interner: Interner,
) -> Attempt:
    """Read an attempt, and bring ``claims`` to those that it saw."""
    if not wire.pod:
        raise FieldError("pod", "missing; every attempt names its pod")
    if wire.claims_changed is None and wire.claims_gone is None:
        claims.clear()
    for name in wire.claims_gone or ():
        namespace, _, claim = name.partition("/")
        claims.pop((namespace, claim), None)
    decoded = (
        decode.resource_claim(claim, interner)
        for claim in (*(wire.claims or ()), *(wire.claims_changed or ()))
    )
    claims.update((claim.key, claim) for claim in decoded)
    requests = tuple(_request(entry, index) for index, entry in enumerate(wire.requests or ()))
    return Attempt(
        line=number,
        pod_name=wire.pod,
        pod=_pod(requests, interner),
        claims=tuple(claims.values()),
        requests=requests,
        outcome=_outcome(wire.outcome or OutcomeJSON(), interner),
        changes=changes,
        number=wire.attempt,
    )


def _changes(wire: LineJSON, interner: Interner) -> Changes:
    """Return what a line without an attempt changes in the cluster."""
    builder = ClusterBuilder(interner)
    builder.add(wire.cluster)
    changes: dict[str, dict[Key, object | None]] = {
        kind: dict(table) for kind, table in builder.build().objects.by_kind.items()
    }
    for gone in wire.cluster_gone or ():
        changes.setdefault(gone.kind, {})[gone.name] = None
    return Changes(changes)


def _request(wire: RequestJSON, index: int) -> RecordedRequest:
    if not wire.verb:
        raise FieldError(f"requests[{index}].verb", "missing; want filter, prioritize, bind or preempt")
    return RecordedRequest(wire.verb, bytes(wire.body) or _NULL, bytes(wire.answer) or _NULL)


def _pod(requests: Iterable[RecordedRequest], interner: Interner) -> Pod | None:
    """Return the pod of the first request that holds one."""
    for index, request in enumerate(requests):
        try:
            args = ARGS.decode(request.body)
        except UNREADABLE as error:
            raise located(request.body, error, ARGS).under(f"requests[{index}].body") from None
        if args.pod and bytes(args.pod) != _NULL:
            return decode.pod(args.pod, interner)
    return None


def _outcome(wire: OutcomeJSON, interner: Interner) -> RecordedOutcome:
    condition = None
    if (seen := wire.condition) is not None:
        condition = Condition(seen.status or "", seen.reason or "", seen.message or "")
    return RecordedOutcome(
        node=wire.node or "",
        condition=condition,
        allocations=tuple(
            (name, None if bytes(allocation) == _NULL else decode.allocation(allocation, interner))
            for name, allocation in sorted((wire.allocations or {}).items())
        ),
    )


def _refuse(path: str, number: int, error: FieldError) -> RecordingError:
    where = f"{error.field}: " if error.field else ""
    return RecordingError(f"{path}: line {number}: {where}{error.problem}")
