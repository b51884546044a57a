"""
Why nothing fits on a node, as a sentence for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...messages import first_few
from .causes import CauseCode, Loss, NoFit, PoolSlices, RequestFit

_MOST_NAMED = 3

# What devices that pass are lost to: for one device and for several.
_LOST: dict[str, tuple[str, str]] = {
    CauseCode.POOL_INCOMPLETE: ("is in an incomplete pool", "are in an incomplete pool"),
    CauseCode.FEATURE_OFF: (
        "needs a feature that this release has off",
        "need a feature that this release has off",
    ),
    CauseCode.NODE_OPERATIONS: (
        "skips node operations, which this node does not know",
        "skip node operations, which this node does not know",
    ),
    CauseCode.CAPACITY_TOO_SMALL: ("has too little capacity", "have too little capacity"),
    CauseCode.COUNTERS_TOO_SMALL: (
        "consumes more counters than its pool has",
        "consume more counters than their pool has",
    ),
    CauseCode.CONSTRAINT: (
        "does not publish the attribute of a constraint",
        "do not publish the attribute of a constraint",
    ),
    CauseCode.TAINTED: ("is tainted", "are tainted"),
    CauseCode.HELD: ("is held", "are held"),
    CauseCode.COUNTERS_SPENT: ("needs counters that are spent", "need counters that are spent"),
    CauseCode.CAPACITY_SPENT: ("has too little capacity left", "have too little capacity left"),
}
# What is named even for several nodes at once: it is not the node's own.
_COMMON = (CauseCode.TAINTED, CauseCode.FEATURE_OFF, CauseCode.CONSTRAINT)
_BY_CLAIMS = (CauseCode.HELD, CauseCode.COUNTERS_SPENT, CauseCode.CAPACITY_SPENT)

# Causes that no request shows alone.
_JOINT: dict[str, str] = {
    CauseCode.COUNTERS_TOO_SMALL: "together the devices consume more counters than their pool has",
    CauseCode.CAPACITY_TOO_SMALL: "no device has the capacity for all that is asked of it",
    CauseCode.COUNTERS_LEAK: (
        "this release does not return the counters of devices that it tries and rejects"
    ),
}


def fit_sentence(fit: NoFit, *, named: bool) -> str:
    """
    Why nothing fits, as a sentence; empty where it is not known.

    ``named``: with the claims and pools of this one node.
    """
    if all(request.devices == 0 for request in fit.requests) and not fit.pools:
        return "no driver publishes devices for this node"
    short = _worth_saying(fit.requests)
    parts = list(_of_requests(short, fit, named=named)) or list(_of_causes(fit, named=named))
    parts += _besides(fit, named=named)
    if fit.endless:
        parts.append(
            "this release tries more choices than it can within the 10 s that the scheduler gives a node, "
            "while other pods wait"
            + (
                "; it then aborts the whole attempt"
                if fit.timeout_aborts
                else "; it then goes on to the next node"
            )
        )
    return "; ".join(parts)


def _worth_saying(requests: Sequence[RequestFit]) -> list[RequestFit]:
    """Requests that cannot be met alone; of alternatives only if none can be met."""
    met = {_parent(request) for request in requests if request.prioritized and not request.short}
    return [request for request in requests if request.short and _parent(request) not in met]


def _parent(request: RequestFit) -> tuple[str, str]:
    return request.claim, request.request.partition("/")[0]


def _of_requests(requests: Sequence[RequestFit], fit: NoFit, *, named: bool) -> Iterator[str]:
    """A part for each request; those that lose all devices to the same thing are told as one."""
    alike: dict[object, list[RequestFit]] = {}
    for request in requests:
        one = request.losses[0] if len(request.losses) == 1 and request.left == 0 else None
        alike.setdefault(request if one is None else (one.code, one.by), []).append(request)
    for group in alike.values():
        if len(group) == 1:
            yield _of_request(group[0], fit, named=named)
        else:
            loss = group[0].losses[0]
            names = ", ".join(request.request for request in group)
            several = Loss(loss.code, 2, loss.by, loss.more)
            lost = _of_loss(several, fit, named=named).removeprefix("2 ")
            yield f"all devices of this node that pass for requests {names} {lost}"


def _of_request(request: RequestFit, fit: NoFit, *, named: bool) -> str:
    asks = "all devices" if request.asks is None else _devices(request.asks)
    head = f"request {request.request} asks for {asks}"
    if request.passing == 0:
        return f"{head}, and {_none_passes(request)}"
    if request.asks is not None and request.passing < request.asks:
        head += f", and this node has no more than {request.passing} that pass class and selectors"
    else:
        head += f"; {request.passing} of this node pass{'es' if request.passing == 1 else ''}"
        head += " class and selectors"
    if not request.losses:
        return head
    lost = [_of_loss(loss, fit, named=named) for loss in request.losses]
    left = f", so {request.left} {'is' if request.left == 1 else 'are'} left" if request.left else ""
    return f"{head}, but {_listed(lost)}{left}"


def _none_passes(request: RequestFit) -> str:
    of_node = f"none of the {_devices(request.devices)} of this node"
    if request.of_class == 0:
        return f"{of_node} is of its class"
    if request.of_class is None:
        return f"{of_node} passes class and selectors"
    if request.of_class == 1:
        return "its selectors reject the only device of this node that is of its class"
    return f"its selectors reject all {request.of_class} devices of this node that are of its class"


def _of_loss(loss: Loss, fit: NoFit, *, named: bool) -> str:
    one, several = _LOST[loss.code]
    text = f"{loss.devices} {one if loss.devices == 1 else several}"
    if loss.code == CauseCode.POOL_INCOMPLETE:
        pools = [_pool(pool, named=named) for pool in fit.pools if pool.pool in loss.by]
        return f"{text} ({first_few(pools, _MOST_NAMED, more=loss.more)})"
    names = first_few(loss.by, _MOST_NAMED, more=loss.more)
    if not names or not (named or loss.code in _COMMON):
        return text
    return f"{text} by {names}" if loss.code in _BY_CLAIMS else f"{text} ({names})"


def _pool(pool: PoolSlices, *, named: bool) -> str:
    there = f"{pool.slices} of {pool.expected} slices"
    if pool.slices == pool.expected:
        there = "newer slices elsewhere"
    return f"{pool.pool} has {there}" if named else there


def _of_causes(fit: NoFit, *, named: bool) -> Iterator[str]:
    if fit.together is not None:
        asks, left = fit.together
        claims = {request.claim for request in fit.requests}
        names = ", ".join(
            request.request if len(claims) == 1 else f"{request.request} of {request.claim}"
            for request in fit.requests
        )
        yield (
            f"requests {names} together ask for {_devices(asks)}, and {left} "
            f"{'is' if left == 1 else 'are'} left for them"
        )
    for cause in fit.causes:
        if cause.code == CauseCode.CONSTRAINT and cause.asks:
            wanted = "different values" if cause.distinct else "one value"
            yield (
                f"under the constraint on {cause.by[0]} {', '.join(cause.requests)} ask for "
                f"{_devices(cause.asks)} with {wanted}, and of those left no more than {cause.devices} "
                f"{'has' if cause.devices == 1 else 'have'} {'them' if cause.distinct else 'it'}"
            )
        elif cause.code in _JOINT:
            yield _JOINT[cause.code]
    alike: dict[object, list[RequestFit]] = {}
    for request in fit.requests:
        if request.losses:
            alike.setdefault((request.passing, request.losses), []).append(request)
    for group in alike.values():
        names = ", ".join(dict.fromkeys(request.request for request in group))
        lost = [_of_loss(loss, fit, named=named) for loss in group[0].losses]
        yield f"of the {_devices(group[0].passing)} that pass for {names} {_listed(lost)}"


def _besides(fit: NoFit, *, named: bool) -> Iterator[str]:
    """Claims that have to go too, where no request shows it: their devices are lost to more than them."""
    shown = {loss.code for request in fit.requests for loss in request.losses}
    for cause in fit.causes:
        if cause.code in _BY_CLAIMS and cause.code not in shown and not cause.alone:
            by = f" by {first_few(cause.by, _MOST_NAMED, more=cause.more)}" if named else ""
            yield f"besides, some of them {_LOST[cause.code][1]}{by}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _devices(count: int) -> str:
    return f"{count} device" if count == 1 else f"{count} devices"
