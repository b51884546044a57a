"""
One selector, two answers: Kubernetes' and ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from extender.cel import AnswerKind, CelDevice, Dialect, compile_selector, unlimited, unsupported_attribute
from extender.cel.errors import COST_EXCEEDED, Unpredictable
from extender.cel.evaluation.program import Program
from extender.cel.expression import LONGEST_MESSAGE
from extender.core.releases.history import implementation_for, release_with
from extender.kube import decode
from tests.allocator_case import features_named
from tests.differential.cel_generate import Selector
from tests.oracle.client import Oracle
from tests.oracle.line_program import Answer


class Outcome(StrEnum):
    """How a selector ends; ``UNKNOWN`` only with us, ``FAILURE`` only with the oracle."""

    MATCH = "match"
    NO_MATCH = "no match"
    ERROR = "error"
    COMPILE_ERROR = "compile error"
    UNKNOWN = "unknown"
    FAILURE = "oracle failure"


@dataclass(frozen=True, slots=True)
class End:
    """
    An outcome and its message: the error, or why it is unknown.

    ``cost`` is in Kubernetes' units, ``None`` where it does not matter.
    """

    outcome: Outcome
    message: str = ""
    cost: int | None = None


def dialect_of(oracle: Oracle, features: Iterable[str]) -> Dialect:
    """Our dialect for the patch that the oracle is made of."""
    module = oracle.version()["modules"]["k8s.io/dynamic-resource-allocation"]
    _, minor, patch = module.partition("-")[0].split(".")
    known = features_named(features)
    implementation = implementation_for(f"1.{minor}", known)
    return release_with(f"1.{minor}.{patch}", known, implementation).cel


def theirs(oracle: Oracle, selector: Selector, features: Iterable[str]) -> End:
    """What Kubernetes answers."""
    return _end(oracle.cel(selector.text, selector.device, selector.driver, features))


def _end(answer: Answer) -> End:
    if "match" in answer:
        return End(Outcome.MATCH if answer["match"] else Outcome.NO_MATCH, cost=answer["cost"])
    if "compile_error" in answer:
        return End(Outcome.COMPILE_ERROR, answer["compile_error"])
    if "error" in answer:
        beyond = answer["error"] == COST_EXCEEDED
        return End(Outcome.ERROR, answer["error"], None if beyond else answer["cost"])
    return End(Outcome.FAILURE, json.dumps(answer))


def ours(selector: Selector, dialect: Dialect) -> End:
    """What we answer."""
    device = cel_device(selector)
    compiled = compile_selector(selector.text, dialect, unlimited())
    if compiled.fixed is not None:
        kind = Outcome.UNKNOWN if compiled.fixed.kind is AnswerKind.UNKNOWN else Outcome.COMPILE_ERROR
        return End(kind, compiled.fixed.message)
    unsupported = unsupported_attribute(device.attributes, dialect)
    if unsupported is not None:
        return End(Outcome.ERROR, f"attribute {unsupported} is not supported")
    answer = compiled.matches(device, unlimited())
    kinds = {
        AnswerKind.MATCH: Outcome.MATCH,
        AnswerKind.NO_MATCH: Outcome.NO_MATCH,
        AnswerKind.ERROR: Outcome.ERROR,
        AnswerKind.UNKNOWN: Outcome.UNKNOWN,
    }
    assert compiled.program is not None
    beyond = answer.message == COST_EXCEEDED
    return End(kinds[answer.kind], answer.message, None if beyond else _cost(compiled.program, device))


def _cost(program: Program, device: CelDevice) -> int | None:
    try:
        return program.run_exactly(device, unlimited())[1]
    except Unpredictable:
        return None


def agree(selector: Selector, their: End, our: End) -> bool:
    """Whether we say the same at the same cost, or that we do not know; of a probe also the value counts."""
    if our.outcome is Outcome.UNKNOWN:
        return True
    if our.outcome is not their.outcome:
        return False
    if our.cost is not None and their.cost is not None and our.cost != their.cost:
        return False
    if not selector.probe or not (_shows_value(their) or _shows_value(our)):
        return True
    # We keep the start of a long message.
    return our.message == their.message[:LONGEST_MESSAGE]


def _shows_value(end: End) -> bool:
    return end.message.startswith("no such key: ") and end.message.endswith("|")


def cel_device(selector: Selector) -> CelDevice:
    """The device of a selector as expressions see it."""
    published = {
        "metadata": {"name": "slice"},
        "spec": {
            "driver": selector.driver,
            "pool": {"name": "pool", "generation": 1, "resourceSliceCount": 1},
            "allNodes": True,
            "devices": [selector.device],
        },
    }
    (device,) = decode.resource_slice(json.dumps(published).encode(), decode.Interner()).devices
    capacity = {
        name if "/" in name else f"{selector.driver}/{name}": amount.value
        for name, amount in device.traits.capacity
    }
    sharing = device.traits.allow_multiple_allocations
    return CelDevice(selector.driver, sharing, device.attributes, capacity)
