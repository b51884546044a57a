"""
A rewrite for soft alignment as a value, and what it makes of a claim's spec.

``soft_alignment`` has the two forms, and when they are safe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from extender.model import ClaimSpec, Constraint, Request

ALIGNED, ANY, REST = "aligned", "any", "rest"
"""Names of the alternatives."""


class Form(IntEnum):
    """Which of the two forms."""

    ONE = 1
    TWO = 2


class Choice(NamedTuple):
    """One entry of ``firstAvailable``: all that the request says, and one more CEL ``selector`` if any."""

    name: str
    selector: str = ""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """
    How to write a claim otherwise.

    ``order``: the names of all its requests. ``choices``: the alternatives of those that
    become ``firstAvailable``. ``constraints``: what the claim, which has none, gets; the first one's
    attribute is what aligned devices share. ``nodes``: on how many nodes devices of both kinds share
    it; ``exact``: on how many of these the form is exact.
    """

    form: Form
    order: tuple[str, ...]
    choices: tuple[tuple[str, tuple[Choice, ...]], ...]
    constraints: tuple[Constraint, ...]
    nodes: int
    exact: int


def rewritten(spec: ClaimSpec, rewrite: Rewrite) -> ClaimSpec:
    """The spec that ``rewrite`` makes of ``spec``."""
    by_name = {request.name: request for request in spec.requests}
    choices = dict(rewrite.choices)
    return ClaimSpec(
        f"{spec.fingerprint}/{rewrite.order}{rewrite.choices}{rewrite.constraints}",
        tuple(_with_choices(by_name[name], choices.get(name, ())) for name in rewrite.order),
        rewrite.constraints,
        spec.config,
    )


def _with_choices(request: Request, choices: tuple[Choice, ...]) -> Request:
    exact = request.exactly
    if exact is None or not choices:
        return request
    return Request(
        request.name,
        first_available=tuple(
            replace(
                exact,
                name=choice.name,
                selectors=(*exact.selectors, choice.selector) if choice.selector else exact.selectors,
            )
            for choice in choices
        ),
    )


def form_one(a: str, b: str, root: str, nodes: int, exact: int) -> Rewrite:
    """Form 1 for the requests *a* and *b*, without the other requests of the claim."""
    return Rewrite(
        Form.ONE,
        (a, b),
        ((a, (Choice(ALIGNED), Choice(ANY))), (b, (Choice(ALIGNED), Choice(ANY, lacking(root))))),
        (Constraint((f"{a}/{ALIGNED}", f"{b}/{ALIGNED}"), root),),
        nodes,
        exact,
    )


def form_two(a: str, b: str, attributes: tuple[str, str], nodes: int, exact: int) -> Rewrite:
    """Form 2, likewise; ``attributes``: the root, and the one that is never equal."""
    root, apart = attributes
    return Rewrite(
        Form.TWO,
        (a, b),
        (
            (a, (Choice(ALIGNED), Choice(ANY))),
            (b, (Choice(ALIGNED), Choice(ANY), Choice(REST, lacking(apart)))),
        ),
        (
            Constraint((f"{a}/{ALIGNED}", f"{b}/{ALIGNED}"), root),
            Constraint((f"{a}/{ALIGNED}", f"{b}/{ANY}"), apart),
        ),
        nodes,
        exact,
    )


def lacking(attribute: str) -> str:
    """The CEL text that selects the devices without ``attribute``, a full name; it fails on none."""
    domain, _, name = attribute.rpartition("/")
    return f'!("{name}" in device.attributes["{domain}"])'
