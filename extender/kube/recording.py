"""
Recordings of scheduling attempts: JSON lines, gzipped or not.

The first line holds the Kubernetes version and the cluster's Nodes,
DeviceClasses and ResourceSlices, every further line one attempt::

    {"kubernetes": "1.36.2", "cluster": List}
    {"pod": "job-0", "claims": [ResourceClaim...], "requests": [{"verb", "body", "answer"}...],
     "outcome": {"node": "node-a", "condition": PodCondition, "allocations": {claim name: AllocationResult}}}

``claims`` are all claims as they stood when the attempt began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import msgspec

from extender.core.model import Allocation, Claim, Pod

from . import decode
from .cluster import Cluster, ClusterBuilder
from .decode import DecodeError, Interner
from .decode.errors import UNREADABLE, FieldError, located
from .input_file import GZIP_ERRORS, open_input


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
    the order in which they came and may repeat.
    """

    line: int
    pod_name: str
    pod: Pod | None
    claims: tuple[Claim, ...]
    requests: tuple[RecordedRequest, ...]
    outcome: RecordedOutcome


@dataclass(frozen=True, slots=True)
class Recording:
    """
    An open recording.

    ``cluster`` is that of the first line, ``cluster.kubernetes`` the server's
    version. ``attempts`` are read as they are asked for, once, and raise
    ``RecordingError``.
    """

    cluster: Cluster
    attempts: Iterator[Attempt]


class _HeaderJSON(msgspec.Struct, gc=False):
    kubernetes: str | None = None
    cluster: msgspec.Raw = msgspec.Raw()


class _RequestJSON(msgspec.Struct, gc=False):
    verb: str | None = None
    body: msgspec.Raw = msgspec.Raw()
    answer: msgspec.Raw = msgspec.Raw()


class _ConditionJSON(msgspec.Struct, gc=False):
    status: str | None = None
    reason: str | None = None
    message: str | None = None


class _OutcomeJSON(msgspec.Struct, gc=False):
    node: str | None = None
    condition: _ConditionJSON | None = None
    allocations: dict[str, msgspec.Raw] | None = None


class _AttemptJSON(msgspec.Struct, gc=False):
    pod: str | None = None
    claims: list[msgspec.Raw] | None = None
    requests: list[_RequestJSON] | None = None
    outcome: _OutcomeJSON | None = None


class _ArgsJSON(msgspec.Struct, gc=False):
    """The extender request's body; only filter and prioritize hold the pod."""

    pod: msgspec.Raw = msgspec.field(name="Pod", default=msgspec.Raw())


_HEADER = msgspec.json.Decoder(_HeaderJSON)
_ATTEMPT = msgspec.json.Decoder(_AttemptJSON)
_ARGS = msgspec.json.Decoder(_ArgsJSON)
_NULL = b"null"


def embedded_recording() -> str:
    """Return the path of the recording that comes with the package: 60 pods on 24 nodes, 1.36.2."""
    return str(Path(__file__).parents[1] / "data" / "fleet-1.36.2.jsonl.gz")


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
        cluster = next((_header(path, line, interner) for _, line in lines), None)
        if cluster is None:
            raise RecordingError(f"{path}: empty; want a recording of scheduling attempts")
        yield Recording(cluster, (_attempt(path, number, line, interner) for number, line in lines))


def _lines(path: str, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, counted from 1."""
    number = 0
    try:
        for number, line in enumerate(stream, 1):
            if not line.isspace():
                yield number, line
    except GZIP_ERRORS as error:
        raise RecordingError(
            f"{path}: line {number + 1}: the gzip file is damaged or ends early ({error}); copy it again"
        ) from error
    except OSError as error:
        raise RecordingError(f"{path}: line {number + 1}: {error.strerror or error}") from error


def _header(path: str, line: bytes, interner: Interner) -> Cluster:
    try:
        wire = _HEADER.decode(line)
    except UNREADABLE as error:
        raise _refuse(path, 1, located(line, error, _HEADER)) from None
    if not wire.kubernetes or not wire.cluster:
        missing = "cluster" if wire.kubernetes else "kubernetes"
        raise _refuse(path, 1, FieldError(missing, "missing; a recording begins with version and cluster"))
    builder = ClusterBuilder(interner, wire.kubernetes)
    try:
        builder.add(wire.cluster)
    except DecodeError as error:
        raise RecordingError(f"{path}: line 1: {error}") from None
    return builder.build()


def _attempt(path: str, number: int, line: bytes, interner: Interner) -> Attempt:
    try:
        wire = _ATTEMPT.decode(line)
        if not wire.pod:
            raise FieldError("pod", "missing; every attempt names its pod")
        requests = tuple(_request(entry, index) for index, entry in enumerate(wire.requests or ()))
        return Attempt(
            line=number,
            pod_name=wire.pod,
            pod=_pod(requests, interner),
            claims=tuple(decode.resource_claim(claim, interner) for claim in wire.claims or ()),
            requests=requests,
            outcome=_outcome(wire.outcome or _OutcomeJSON(), interner),
        )
    except DecodeError as error:
        raise RecordingError(f"{path}: line {number}: {error}") from None
    except UNREADABLE as error:
        raise _refuse(path, number, located(line, error, _ATTEMPT)) from None


def _request(wire: _RequestJSON, index: int) -> RecordedRequest:
    if not wire.verb:
        raise FieldError(f"requests[{index}].verb", "missing; want filter, prioritize, bind or preempt")
    return RecordedRequest(wire.verb, bytes(wire.body) or _NULL, bytes(wire.answer) or _NULL)


def _pod(requests: Iterable[RecordedRequest], interner: Interner) -> Pod | None:
    """Return the pod of the first request that holds one."""
    for index, request in enumerate(requests):
        try:
            args = _ARGS.decode(request.body)
        except UNREADABLE as error:
            raise located(request.body, error, _ARGS).under(f"requests[{index}].body") from None
        if args.pod and bytes(args.pod) != _NULL:
            return decode.pod(args.pod, interner)
    return None


def _outcome(wire: _OutcomeJSON, interner: Interner) -> RecordedOutcome:
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
