"""What a request asks for, and how it ended."""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """The requests with a body; each is the path of its POST."""

    FILTER = "filter"
    PRIORITIZE = "prioritize"
    BIND = "bind"
    PREEMPT = "preempt"
    EXPLAIN = "explain"
    MUTATE = "mutate"
    ROUTE = "route"


class Result(StrEnum):
    """
    ``ok``: answered. ``neutral``: answered without an opinion, because there is
    no snapshot yet or an error of ours was caught. ``refused``: bind answered
    with an ``Error``. ``bad-request``: 400 or 413. ``error``: 500. ``aborted``:
    the caller went away before its body was complete.
    """

    OK = "ok"
    NEUTRAL = "neutral"
    REFUSED = "refused"
    BAD_REQUEST = "bad-request"
    ERROR = "error"
    ABORTED = "aborted"


class NeutralReason(StrEnum):
    """
    ``stale``: the API server has not been heard of for too long. ``too-large``: the pod has more
    containers or claims than are judged. ``too-slow``: judging the nodes takes too long. ``busy``: too many
    requests wait for that.
    """

    NOT_READY = "not-ready"
    STALE = "stale"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    BUSY = "busy"
    INTERNAL_ERROR = "internal-error"
