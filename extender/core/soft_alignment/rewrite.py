"""
A rewrite for soft alignment as a value, and what it makes of a claim's spec.

``soften`` explains the two forms, and proves when they are safe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from extender.model import ClaimSpec, Constraint, Request

from ..claims.preferences import ALIGNED, ANY, REST


class Form(IntEnum):
    """Which of the two forms of ``soften``."""

    ONE = 1
    TWO = 2


class SubRequest(NamedTuple):
    """
    One entry of ``firstAvailable`` (DeviceSubRequest).

    It asks for what the request asks for; ``selector`` is one more CEL selector, empty for none.
    """

    name: str
    selector: str = ""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """
    How to write a claim so that aligned devices are tried first.

    ``order``: the names of all requests, in their new order. ``sub_requests``: by the name of
    each request that becomes ``firstAvailable``, its entries. ``constraints``: those that the claim
    gets (it has none of its own); aligned devices share the attribute of the first one.
    ``nodes``: the number of nodes that have devices of both kinds with that attribute in common;
    ``exact``: the number of these on which the form is exact (see ``soften``).
    """

    form: Form
    order: tuple[str, ...]
    sub_requests: tuple[tuple[str, tuple[SubRequest, ...]], ...]
    constraints: tuple[Constraint, ...]
    nodes: int
    exact: int


def rewritten(spec: ClaimSpec, rewrite: Rewrite) -> ClaimSpec:
    """The spec that ``rewrite`` makes of ``spec``."""
    by_name = {request.name: request for request in spec.requests}
    sub_requests = dict(rewrite.sub_requests)
    return ClaimSpec(
        f"{spec.fingerprint}/{rewrite.order}{rewrite.sub_requests}{rewrite.constraints}",
        tuple(_with_sub_requests(by_name[name], sub_requests.get(name, ())) for name in rewrite.order),
        rewrite.constraints,
        spec.config,
    )


def _with_sub_requests(request: Request, sub_requests: tuple[SubRequest, ...]) -> Request:
    exact = request.exactly
    if exact is None or not sub_requests:
        return request
    return Request(
        request.name,
        first_available=tuple(
            replace(
                exact,
                name=sub_request.name,
                selectors=(*exact.selectors, sub_request.selector)
                if sub_request.selector
                else exact.selectors,
            )
            for sub_request in sub_requests
        ),
    )


def form_one(a: str, b: str, root: str, nodes: int, exact: int) -> Rewrite:
    """Form 1 for the requests *a* and *b*; other requests of the claim are not in its ``order``."""
    return Rewrite(
        Form.ONE,
        (a, b),
        (
            (a, (SubRequest(ALIGNED), SubRequest(ANY))),
            (b, (SubRequest(ALIGNED), SubRequest(ANY, lacking(root)))),
        ),
        (Constraint((f"{a}/{ALIGNED}", f"{b}/{ALIGNED}"), root),),
        nodes,
        exact,
    )


def form_two(a: str, b: str, attributes: tuple[str, str], nodes: int, exact: int) -> Rewrite:
    """Form 2, likewise; ``attributes``: the root, and X, whose values the two kinds never share."""
    root, unshared = attributes
    return Rewrite(
        Form.TWO,
        (a, b),
        (
            (a, (SubRequest(ALIGNED), SubRequest(ANY))),
            (b, (SubRequest(ALIGNED), SubRequest(ANY), SubRequest(REST, lacking(unshared)))),
        ),
        (
            Constraint((f"{a}/{ALIGNED}", f"{b}/{ALIGNED}"), root),
            Constraint((f"{a}/{ALIGNED}", f"{b}/{ANY}"), unshared),
        ),
        nodes,
        exact,
    )


def lacking(attribute: str) -> str:
    """
    The CEL selector for devices without ``attribute``, a full name; it fails on no device.

    ``resource.kubernetes.io/pcieRoot`` gives
    ``!("pcieRoot" in device.attributes["resource.kubernetes.io"])``.
    """
    domain, _, name = attribute.rpartition("/")
    return f'!("{name}" in device.attributes["{domain}"])'
