"""
What the API server demands of a claim's spec beyond the types of its fields.

Rules are those of all releases that are modelled: what one of them accepts passes. So a claim that is
refused here is refused everywhere; one that passes may still use what a feature gate turns off.
Of a constraint with both matchAttribute and distinctAttribute upstream reads the first alone.
Source: k8s.io/kubernetes pkg/apis/resource/validation/validation.go validateDeviceClaim and what it calls,
pkg/apis/resource/v1beta1 conversion.go and defaults.go, v1.34.4 to v1.37.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from extender.cel import DIALECTS, AnswerKind, Work, compile_selector

from ..decode.claim_specs import (
    ClaimConfigJSON,
    ClaimSpecJSON,
    ConstraintJSON,
    DeviceClaimJSON,
    ExactRequestJSON,
    RequestJSON,
)
from ..decode.errors import FieldError, quoted
from ..decode.fields import SelectorJSON, TolerationJSON
from .api_names import (
    attribute_problem,
    driver_problem,
    key_problem,
    label_problem,
    subdomain_problem,
    value_problem,
)
from .claim_fields import FLAT_VERSION

MOST_REQUESTS = 32
MOST_CONSTRAINTS = 32
MOST_CONFIGS = 32
MOST_SELECTORS = 32
MOST_ALTERNATIVES = 8
MOST_EXPRESSION_BYTES = 10 * 1024
MOST_PARAMETERS_BYTES = 10 * 1024

_COMPILE_UNITS = 200_000
# Work for one expression, about a fifth of a second; beyond it, it passes.
_MODES = ("ExactCount", "All")
_OPERATORS = ("Equal", "Exists")
_EFFECTS = ("NoSchedule", "NoExecute", "None")
_FLAT_FIELDS = ("selectors", "admin_access", "tolerations", "capacity", "derived_attributes")

Problems = Iterator[FieldError]


class _Opaque(msgspec.Struct):
    driver: str = ""
    parameters: msgspec.Raw = msgspec.Raw()


def spec_problems(spec: ClaimSpecJSON, version: str) -> Problems:
    """Yield what is wrong with a spec of one version, in the order of its fields, with paths below it."""
    for problem in _devices(spec.devices or DeviceClaimJSON(), version == FLAT_VERSION):
        yield problem.under("devices")


def _devices(devices: DeviceClaimJSON, flat: bool) -> Problems:
    requests = devices.requests or []
    names = {
        request.name or "": {each.name or "" for each in request.first_available or ()}
        for request in requests
    }
    yield from _too_many("requests", requests, MOST_REQUESTS)
    yield from _repeated("requests", [request.name or "" for request in requests], ".name")
    for index, request in enumerate(requests):
        for problem in _request(request, flat):
            yield problem.under(f"requests[{index}]")
    yield from _too_many("constraints", devices.constraints, MOST_CONSTRAINTS)
    for index, constraint in enumerate(devices.constraints or ()):
        for problem in _constraint(constraint, names):
            yield problem.under(f"constraints[{index}]")
    yield from _too_many("config", devices.config, MOST_CONFIGS)
    for index, config in enumerate(devices.config or ()):
        for problem in _config(config, names):
            yield problem.under(f"config[{index}]")


def _request(request: RequestJSON, flat: bool) -> Problems:
    yield from _named("name", request.name, label_problem)
    alternatives = request.first_available or []
    exactly = (request if _is_set(request) else None) if flat else request.exactly
    if exactly is None and not alternatives:
        yield FieldError(
            "",
            "asks for nothing; write deviceClassName or firstAvailable"
            if flat
            else "has neither exactly nor firstAvailable; write exactly: {deviceClassName: ...}",
        )
    elif exactly is not None and alternatives:
        other = "deviceClassName or the like" if flat else "exactly"
        yield FieldError("", f"has both {other} and firstAvailable; keep one of them")
    elif exactly is not None:
        for problem in _exactly(exactly):
            yield problem if flat else problem.under("exactly")
    else:
        yield from _too_many("firstAvailable", alternatives, MOST_ALTERNATIVES)
        yield from _repeated("firstAvailable", [each.name or "" for each in alternatives], ".name")
        for index, alternative in enumerate(alternatives):
            for problem in (*_named("name", alternative.name, label_problem), *_exactly(alternative)):
                yield problem.under(f"firstAvailable[{index}]")


def _is_set(request: RequestJSON) -> bool:
    """Whether a flat request says anything but its name and alternatives."""
    return bool(request.device_class_name or request.allocation_mode or request.count) or any(
        getattr(request, name) is not None for name in _FLAT_FIELDS
    )


def _exactly(request: ExactRequestJSON) -> Problems:
    yield from _named("deviceClassName", request.device_class_name, subdomain_problem)
    yield from _selectors(request.selectors or [])
    mode, count = request.allocation_mode or _MODES[0], request.count or 0
    yield from _one_of("allocationMode", mode, _MODES)
    if mode == "All" and count:
        yield FieldError("count", "stands beside allocationMode All; remove one of them")
    elif mode == "ExactCount" and count < 0:
        yield FieldError("count", f"{count} is less than 1; write how many devices it takes")
    for index, toleration in enumerate(request.tolerations or ()):
        for problem in _toleration(toleration):
            yield problem.under(f"tolerations[{index}]")
    for index, derived in enumerate(request.derived_attributes or ()):
        yield from _named(f"derivedAttributes[{index}].name", derived.name, attribute_problem)
        yield from _expression(f"derivedAttributes[{index}].expression", derived.expression)


def _selectors(selectors: Sequence[SelectorJSON]) -> Problems:
    yield from _too_many("selectors", selectors, MOST_SELECTORS)
    for index, selector in enumerate(selectors):
        if selector.cel is None:
            yield FieldError(f"selectors[{index}].cel", "missing; write cel: {expression: ...}")
        else:
            field = f"selectors[{index}].cel.expression"
            too_long = list(_expression(field, selector.cel.expression))
            yield from too_long or _selector(field, selector.cel.expression or "")


def _selector(field: str, expression: str) -> Problems:
    """Yield why a selector does not compile in any release."""
    answers = [
        compile_selector(expression, dialect, Work(_COMPILE_UNITS)).fixed for dialect in DIALECTS.values()
    ]
    if all(answer is not None and answer.kind is AnswerKind.ERROR for answer in answers):
        message = answers[-1].message if answers[-1] is not None else ""
        yield FieldError(field, f"does not compile, so write another CEL expression: {message}")


def _expression(field: str, expression: str | None) -> Problems:
    size = len((expression or "").encode("utf-8", "surrogatepass"))
    if not size:
        yield FieldError(field, "missing; write a CEL expression")
    elif size > MOST_EXPRESSION_BYTES:
        yield FieldError(field, f"has {size} bytes, and at most {MOST_EXPRESSION_BYTES} are allowed")


def _toleration(toleration: TolerationJSON) -> Problems:
    if toleration.key:
        yield from _checked("key", toleration.key, key_problem)
    operator, value = toleration.operator or _OPERATORS[0], toleration.value or ""
    yield from _one_of("operator", operator, _OPERATORS)
    if operator == "Exists" and value:
        yield FieldError("value", "stands beside operator Exists, which asks for none; remove one of them")
    elif operator == "Equal":
        yield from _checked("value", value, value_problem)
    if toleration.effect:
        yield from _one_of("effect", toleration.effect, _EFFECTS)


def _constraint(constraint: ConstraintJSON, names: Mapping[str, set[str]]) -> Problems:
    yield from _references(constraint.requests or [], names)
    if constraint.match_attribute is not None:
        yield from _checked("matchAttribute", constraint.match_attribute, attribute_problem)
    elif constraint.distinct_attribute is not None:
        yield from _checked("distinctAttribute", constraint.distinct_attribute, attribute_problem)
    else:
        yield FieldError("matchAttribute", "missing; write the attribute that the devices shall share")


def _config(config: ClaimConfigJSON, names: Mapping[str, set[str]]) -> Problems:
    yield from _references(config.requests or [], names)
    if not config.opaque or bytes(config.opaque) == b"null":
        yield FieldError("opaque", "missing; write opaque: {driver: ..., parameters: {...}}")
        return
    try:
        opaque = msgspec.json.decode(config.opaque, type=_Opaque)
    except msgspec.ValidationError:
        yield FieldError("opaque.driver", "is no text; write the name of the driver")
        return
    yield from _named("opaque.driver", opaque.driver, driver_problem)
    parameters = bytes(opaque.parameters).strip()
    if not parameters.startswith(b"{"):
        wrong = "is no object" if parameters not in (b"", b"null") else "missing"
        yield FieldError("opaque.parameters", f"{wrong}; write what the driver reads, at least {{}}")
    elif len(parameters) > MOST_PARAMETERS_BYTES:
        yield FieldError(
            "opaque.parameters",
            f"has {len(parameters)} bytes, and at most {MOST_PARAMETERS_BYTES} are allowed",
        )


def _references(requests: Sequence[str], names: Mapping[str, set[str]]) -> Problems:
    """Yield what is wrong with the requests that a constraint or a configuration is for."""
    yield from _too_many("requests", requests, MOST_REQUESTS)
    yield from _repeated("requests", requests)
    for index, name in enumerate(requests):
        request, slash, alternative = name.partition("/")
        if request not in names or (slash and alternative not in names[request]):
            known = [*names, *(f"{each}/{sub}" for each, subs in names.items() for sub in sorted(subs))]
            there = ", ".join(known[:MOST_ALTERNATIVES]) or "none"
            yield FieldError(
                f"requests[{index}]", f"no request has the name {quoted(name)}; those there are: {there}"
            )


def _named(field: str, name: str | None, problem_of: Callable[[str], str]) -> Problems:
    if not name:
        yield FieldError(field, "missing; write a name")
    else:
        yield from _checked(field, name, problem_of)


def _checked(field: str, name: str, problem_of: Callable[[str], str]) -> Problems:
    if problem := problem_of(name):
        yield FieldError(field, problem)


def _one_of(field: str, value: str, values: Sequence[str]) -> Problems:
    if value not in values:
        yield FieldError(field, f"{quoted(value)} is not known; write {' or '.join(values)}")


def _too_many(field: str, values: Sequence[object] | None, most: int) -> Problems:
    if values is not None and len(values) > most:
        yield FieldError(
            field,
            f"has {len(values)} entries, and at most {most} are allowed; write several claims"
            if field == "requests"
            else f"has {len(values)} entries, and at most {most} are allowed",
        )


def _repeated(field: str, names: Sequence[str], below: str = "") -> Problems:
    for index, name in enumerate(names):
        if name and name in names[:index]:
            yield FieldError(
                f"{field}[{index}]{below}", f"{quoted(name)} is there already; write another name"
            )
