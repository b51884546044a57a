"""
Generate selectors and devices from a seed.

An expression is a tree, so that it can be shrunk. Most are well typed; a few parts have another
type than their place asks for, which gives compile errors, or with ``dyn()`` runtime errors.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.differential.cel_grammar import ATTRIBUTES, ELEMENTS, TEMPLATES
from tests.differential.cel_literals import LITERALS, ODDITIES

DRIVER = "gpu.example.com"
_PART = re.compile(r"<([a-z][a-z()]*|[TU]|[a-z]+\([TU]\))(?:; ([^<>]*))?>")
_VARIABLE = re.compile(r"\$([a-z])")
_WRONG_AT_RUNTIME = 0.004
_WRONG_TYPE = 0.007
_WITHOUT_BRACKETS = 0.15


@dataclass(frozen=True, slots=True)
class Term:
    """A part of an expression: ``texts`` around and between ``parts``."""

    type: str
    texts: tuple[str, ...]
    parts: tuple[Term, ...] = ()

    def __str__(self) -> str:
        words = [self.texts[0]]
        for part, text in zip(self.parts, self.texts[1:], strict=True):
            words += (str(part), text)
        return "".join(words)


def literal(type_: str, text: str) -> Term:
    """A part without parts."""
    return Term(type_, (text,))


@dataclass(frozen=True, slots=True)
class Selector:
    """
    An expression on a device.

    With ``probe`` it is no condition but a string that shows a value: the answer to compare is
    that string, see ``text``.
    """

    term: Term
    device: Mapping[str, Any]
    driver: str = DRIVER
    probe: bool = False

    @property
    def text(self) -> str:
        """The expression; a probed string is looked up as a key, which the error then names."""
        return f"{{'': true}}['%s|'.format([dyn({self.term})])]" if self.probe else str(self.term)


def selector(seed: int, list_attributes: bool) -> Selector:
    """The selector of a seed; ``list_attributes``: devices may have some."""
    source = random.Random(seed)
    device = _device(source, list_attributes)
    writer = _Writer(source, device)
    if source.random() < 0.03:
        return Selector(literal("oddity", source.choice(ODDITIES)), device, probe=source.random() < 0.7)
    depth = source.choice((2, 3, 3, 4, 4, 5))
    if source.random() < 0.4:
        shown = source.choice(
            ("string", "int", "double", "bool", "list(int)", "list(string)", "map(int)", "dyn")
        )
        return Selector(writer.term(shown, depth, {}), device, probe=True)
    return Selector(writer.term("bool", depth, {}), device)


class _Writer:
    """Draws terms; numbers its variables."""

    def __init__(self, source: random.Random, device: Mapping[str, Any]) -> None:
        self._source = source
        self._device = device
        self._variables = 0

    def term(self, type_: str, depth: int, scope: Mapping[str, str]) -> Term:
        """A term of a type, of at most this depth, in which the variables of ``scope`` may occur."""
        chance = self._source.random()
        if chance < _WRONG_AT_RUNTIME:
            return Term(type_, ("dyn(", ")"), (self._typed(self._other(), depth - 1, scope),))
        if chance < _WRONG_TYPE:
            type_ = self._other()
        return self._typed(type_, depth, scope)

    def _other(self) -> str:
        return self._source.choice(
            (*ELEMENTS, "null", "opt(int)", "map(string)", "bytes", "uint", "ip", "url")
        )

    def _typed(self, type_: str, depth: int, scope: Mapping[str, str]) -> Term:
        fitting = [name for name, other in scope.items() if other == type_]
        if fitting and self._source.random() < 0.5:
            return literal(type_, self._source.choice(fitting))
        if depth <= 0 or self._source.random() < 0.12:
            return self._leaf(type_)
        return self._filled(type_, self._source.choice(_templates(type_)), depth, scope)

    def _leaf(self, type_: str) -> Term:
        if self._source.random() < 0.4:
            attribute = self._attribute(type_)
            if attribute is not None:
                return attribute
        inner = _inner(type_)
        if inner and self._source.random() < 0.7:
            element = self._leaf(inner[1])
            texts = {"list": ("[", "]"), "map": ("{'a': ", "}"), "opt": ("optional.of(", ")")}[inner[0]]
            return Term(type_, texts, (element,))
        return literal(type_, self._source.choice(_literals(type_)))

    def _attribute(self, type_: str) -> Term | None:
        """An attribute of this type, mostly one that the device has."""
        names = ATTRIBUTES.get(type_) or (sum(ATTRIBUTES.values(), ()) if type_ == "dyn" else ())
        candidates = [(_domain(key), key.rpartition("/")[2]) for key in self._device["attributes"]]
        candidates = [(domain, name) for domain, name in candidates if name in names]
        if names and self._source.random() < 0.05:
            candidates = [(DRIVER, names[-1])]
        if not candidates:
            return None
        form = self._source.choice(("device.attributes['{}'].{}", "device.attributes['{}']['{}']"))
        # Only dyn() may be iterated in every release.
        form = f"dyn({form})" if type_.startswith("list") else form
        return literal(type_, form.format(*self._source.choice(candidates)))

    def _filled(self, type_: str, template: str, depth: int, scope: Mapping[str, str]) -> Term:
        inner = _inner(type_)
        known = {"T": self._source.choice(ELEMENTS), "U": self._source.choice(ELEMENTS)}
        if template in TEMPLATES["T"]:
            known["T"] = type_
        elif inner and template in TEMPLATES[f"{inner[0]}(T)"]:
            known["T"] = inner[1]
        if template[0] == "(" and self._source.random() < _WITHOUT_BRACKETS:
            template = template[1:-1]
        names: dict[str, str] = {}

        def name(match: re.Match[str]) -> str:
            key = match.group(1)
            if key not in names:
                self._variables += 1
                names[key] = f"v{self._variables}"
            return names[key]

        pieces = _PART.split(_VARIABLE.sub(name, template))
        parts = []
        for wanted, bindings in zip(pieces[1::3], pieces[2::3], strict=True):
            visible = dict(scope)
            for binding in (bindings or "").split(", ") if bindings else ():
                variable, _, of = binding.partition(":")
                visible[names[variable]] = _instance(of, known)
            parts.append(self.term(_instance(wanted, known), depth - 1, visible))
        return Term(type_, tuple(pieces[0::3]), tuple(parts))


def _domain(key: str) -> str:
    return key.rpartition("/")[0] or DRIVER


def _inner(type_: str) -> tuple[str, str] | None:
    outer, _, rest = type_.partition("(")
    return (outer, rest[:-1]) if rest else None


def _instance(type_: str, known: Mapping[str, str]) -> str:
    return re.sub(r"[TU]", lambda match: known[match.group()], type_)


@lru_cache
def _templates(type_: str) -> tuple[str, ...]:
    inner = _inner(type_)
    rows = [*TEMPLATES.get(type_, ()), *TEMPLATES["T"]]
    if inner:
        rows += TEMPLATES[f"{inner[0]}(T)"] * 2
    elif len(rows) > len(TEMPLATES["T"]) * 2:
        # What gives any type should not crowd out what gives this one.
        rows += TEMPLATES[type_]
    return tuple(rows)


def _literals(type_: str) -> tuple[str, ...]:
    inner = _inner(type_)
    return LITERALS[f"{inner[0]}(T)"] if inner else LITERALS[type_]


def _device(source: random.Random, list_attributes: bool) -> dict[str, Any]:
    """A device as in a ResourceSlice; some attributes are missing, some have a domain of their own."""
    attributes: dict[str, Any] = {}
    for kind, names in ATTRIBUTES.items():
        for name in names:
            if source.random() < 0.08 or (kind.startswith("list") and not list_attributes):
                continue
            key = source.choice((*[name] * 6, *[f"{DRIVER}/{name}"] * 3, f"other.example.com/{name}"))
            attributes[key] = _attribute(source, kind)
    capacity = {
        name: {"value": source.choice(("0", "1", "40Gi", "1024Mi", "108", "1500m", "1e3", "16E", "0.001"))}
        for name in ("memory", f"{DRIVER}/cores", "other.example.com/bandwidth")
        if source.random() < 0.85
    }
    device: dict[str, Any] = {"name": "device", "attributes": attributes, "capacity": capacity}
    if source.random() < 0.3:
        device["allowMultipleAllocations"] = source.random() < 0.7
    return device


def _attribute(source: random.Random, kind: str) -> dict[str, Any]:
    strings = ("", "a", "A100", "a,b", "0000:17:00.0", "10.0.0.1", "1.5", "1Gi", "ü")
    numbers = (0, 1, 2, -1, 7, 2**63 - 1, -(2**63), 1 << 40)
    versions = ("1.2.3", "2.0.0-rc.1", "2.0.0", "550.54.15", "1.0.0+build")
    match kind:
        case "string":
            return {"string": source.choice(strings)}
        case "int":
            return {"int": source.choice(numbers)}
        case "bool":
            return {"bool": source.random() < 0.5}
        case "semver":
            return {"version": source.choice(versions)}
        case "list(string)":
            return {"strings": source.choices(strings, k=source.randint(1, 3))}
        case _:
            return {"ints": source.choices(numbers, k=source.randint(1, 3))}
