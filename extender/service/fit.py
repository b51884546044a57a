"""
Why nothing fits on a node: the explanation's ``fit``, in both directions.
"""

from __future__ import annotations

import msgspec

from extender.core.prediction.no_fit.causes import (
    Cause,
    CauseCode,
    Loss,
    NoFit,
    PoolSlices,
    RequestFit,
)


class ExplainedLoss(msgspec.Struct, frozen=True):
    """Devices that pass and cannot be had; ``by`` and ``more``: see ``Loss``."""

    code: str
    devices: int
    by: tuple[str, ...]
    more: int


class ExplainedRequest(msgspec.Struct, frozen=True, rename="camel"):
    """What one request finds on the node; ``asks`` is ``None`` for all devices."""

    claim: str
    request: str
    asks: int | None
    alternative: bool
    devices: int
    of_class: int | None
    passing: int
    left: int
    lost: tuple[ExplainedLoss, ...]


class ExplainedCause(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has to change; see ``Cause``."""

    code: str
    alone: bool
    claim: str = ""
    request: str = ""
    requests: tuple[str, ...] = ()
    asks: int | None = None
    devices: int | None = None
    distinct: bool = False
    by: tuple[str, ...] = ()
    more: int = 0


class ExplainedPool(msgspec.Struct, frozen=True):
    """A pool, as ``driver/pool``, that has ``slices`` of its ``expected`` ones."""

    pool: str
    slices: int
    expected: int


class ExplainedTogether(msgspec.Struct, frozen=True):
    """How many devices all requests ask for, and how many of those left they can have."""

    asks: int
    left: int


class ExplainedFit(msgspec.Struct, frozen=True, rename="camel"):
    """
    What each request finds on a node, and what has to change for all of them to fit.

    ``choices``: that the scheduler tries in vain, where these are more than it has time for; else 0.
    ``timeout_aborts``: running out of time aborts its attempt, else only the node is passed over.
    """

    requests: tuple[ExplainedRequest, ...]
    causes: tuple[ExplainedCause, ...]
    pools: tuple[ExplainedPool, ...]
    together: ExplainedTogether | None
    choices: int
    timeout_aborts: bool


def explained_fit(no_fit: NoFit) -> ExplainedFit:
    """The document of a diagnosis."""
    return ExplainedFit(
        tuple(map(_request, no_fit.requests)),
        tuple(map(_cause, no_fit.causes)),
        tuple(ExplainedPool(pool.pool, pool.slices, pool.expected) for pool in no_fit.pools),
        None if no_fit.together is None else ExplainedTogether(*no_fit.together),
        no_fit.endless,
        no_fit.timeout_aborts,
    )


def _request(fit: RequestFit) -> ExplainedRequest:
    return ExplainedRequest(
        fit.claim,
        fit.request,
        fit.asks,
        fit.prioritized,
        fit.devices,
        fit.of_class,
        fit.passing,
        fit.left,
        tuple(map(_loss, fit.losses)),
    )


def _loss(loss: Loss) -> ExplainedLoss:
    return ExplainedLoss(loss.code, loss.devices, loss.by, loss.more)


def _cause(cause: Cause) -> ExplainedCause:
    counted = cause.code in (
        CauseCode.TOO_FEW_DEVICES,
        CauseCode.REQUESTS_COMPETE,
        CauseCode.CONSTRAINT,
    )
    return ExplainedCause(
        cause.code,
        cause.alone,
        cause.claim,
        cause.request,
        cause.requests,
        cause.asks if counted else None,
        cause.devices if counted else None,
        cause.distinct,
        cause.by,
        cause.more,
    )


def no_fit_of(fit: ExplainedFit) -> NoFit:
    """The diagnosis that a document was made from."""
    requests = tuple(
        RequestFit(
            each.claim,
            each.request,
            each.asks,
            each.alternative,
            each.devices,
            each.of_class,
            each.passing,
            each.left,
            tuple(Loss(CauseCode(loss.code), loss.devices, loss.by, loss.more) for loss in each.lost),
        )
        for each in fit.requests
    )
    causes = tuple(
        Cause(
            CauseCode(each.code),
            each.alone,
            each.by,
            each.more,
            each.claim,
            each.request,
            each.requests,
            each.asks or 0,
            each.devices or 0,
            each.distinct,
        )
        for each in fit.causes
    )
    return NoFit(
        requests,
        causes,
        tuple(PoolSlices(each.pool, each.slices, each.expected) for each in fit.pools),
        None if fit.together is None else (fit.together.asks, fit.together.left),
        fit.choices,
        fit.timeout_aborts,
    )
