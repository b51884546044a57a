"""Messages: a code with parameters, and one mechanism for reasons, refusals and warnings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from string import Formatter
from typing import NamedTuple

import pytest

from extender.core import reasons
from extender.core.advice import claim_warnings
from extender.core.advice.claim_warnings import Severity, WarningCode, render_warning, warning
from extender.core.messages import Message, first_few, params_of, rendered
from extender.core.reasons import Reason, ReasonCode, reason, render
from extender.core.soft_alignment import refusals
from extender.core.soft_alignment.refusals import RefusalCode, refusal, render_refusal
from tests.paths import ROOT


class Catalogue(NamedTuple):
    """A table of codes, and the function that builds its messages."""

    builder: str
    codes: type[StrEnum]
    templates: Mapping[str, str]


CATALOGUES = (
    Catalogue("reason", ReasonCode, {code.name: text for code, text in reasons.TEMPLATES.items()}),
    Catalogue("refusal", RefusalCode, {code.name: text for code, text in refusals.TEMPLATES.items()}),
    Catalogue("warning", WarningCode, {code.name: text for code, text in claim_warnings.TEMPLATES.items()}),
)
WRITTEN = [
    call
    for path in sorted((ROOT / "extender").rglob("*.py"))
    for call in ast.walk(ast.parse(path.read_text()))
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args
]


class Code(StrEnum):
    ONE = "one"


def calls(catalogue: Catalogue) -> Iterator[tuple[str, set[str]]]:
    """Each call that names its code and all parameters: the code and the names."""
    for call in WRITTEN:
        code = call.args[0]
        if (
            isinstance(call.func, ast.Name)
            and call.func.id == catalogue.builder
            and isinstance(code, ast.Attribute)
            and isinstance(code.value, ast.Name)
            and code.value.id == catalogue.codes.__name__
        ):
            names = [keyword.arg for keyword in call.keywords]
            if None not in names:
                yield code.attr, {name.rstrip("_") for name in names if name is not None}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda catalogue: catalogue.builder)
def test_every_code_has_a_template(catalogue):
    """No code without a sentence, no sentence without a code, and the parameters are plain names."""
    assert catalogue.templates.keys() == catalogue.codes.__members__.keys()
    assert all(name.isidentifier() for text in catalogue.templates.values() for name in fields(text))


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda catalogue: catalogue.builder)
def test_messages_are_built_with_the_parameters_of_their_template(catalogue):
    """Wherever code and parameters stand in the call: none is missing or misspelt."""
    found = list(calls(catalogue))
    assert len(found) > 10
    for code, names in found:
        assert fields(catalogue.templates[code]) <= names, code


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda catalogue: catalogue.builder)
def test_every_code_is_used(catalogue):
    """A code that nothing can give is no part of the contract."""
    source = "".join(
        path.read_text()
        for path in (ROOT / "extender").rglob("*.py")
        if path.name not in ("reasons.py", "refusals.py", "claim_warnings.py")
    )
    named = set(re.findall(rf"\b{catalogue.codes.__name__}\.([A-Z_]+)", source))
    assert named == catalogue.codes.__members__.keys()


def test_parameters_are_text_in_the_order_given():
    """A word that Python reserves is given with an underscore."""
    assert params_of({"request": "gpu", "class_": "a.example", "count": 4}) == (
        ("request", "gpu"),
        ("class", "a.example"),
        ("count", "4"),
    )


def test_messages_are_values():
    """Equal by code and parameters."""
    assert reason(ReasonCode.CAPACITY, request="a") == Reason(ReasonCode.CAPACITY, (("request", "a"),))
    assert reason(ReasonCode.CAPACITY, request="a") != reason(ReasonCode.CAPACITY, request="b")
    assert reason(ReasonCode.CAPACITY, request="a").values == {"request": "a"}
    assert len({refusal(RefusalCode.COUNT, count=1), refusal(RefusalCode.COUNT, count=1)}) == 1


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ((("nodes", "1"), ("steps", "2")), "1 node after 2 steps"),
        ((("nodes", "12"), ("steps", "1")), "12 nodes after 1 step"),
        ((("nodes", "0"), ("steps", "all")), "0 nodes after all steps"),
    ],
)
def test_counted_parameters_bring_their_noun(params, text):
    """In the singular for 1 alone."""
    message = Message(Code.ONE, params)
    assert rendered(message, {Code.ONE: "{nodes} after {steps}"}, {"nodes", "steps"}) == text


def test_what_is_not_counted_stands_as_it_is():
    """And a missing parameter is an error, not a hole in the sentence."""
    assert rendered(Message(Code.ONE, (("nodes", "1"),)), {Code.ONE: "{nodes}"}) == "1"
    with pytest.raises(KeyError, match="nodes"):
        rendered(Message(Code.ONE), {Code.ONE: "{nodes}"})


def test_each_table_renders_its_own():
    """Braces in a parameter stay as they are."""
    assert render(reason(ReasonCode.CLASS_MISSING, request="{gpu}", class_="c")) == (
        "request {gpu}: device class c does not exist"
    )
    assert render_refusal(refusal(RefusalCode.COUNT, request="gpu", count=4)).startswith(
        "request gpu asks for 4 devices"
    )
    found = warning(WarningCode.SEARCH_LONG, Severity.WARNS, nodes=1, steps=30_000)
    assert found.severity is Severity.WARNS
    assert render_warning(found).startswith("on 1 node the scheduler searches up to 30000 steps")


@pytest.mark.parametrize(
    ("names", "more", "text"),
    [
        ("", 0, ""),
        ("a", 0, "a"),
        ("abc", 0, "a, b, c"),
        ("abcde", 0, "a, b, c and 2 more"),
        ("ab", 4, "a, b and 4 more"),
    ],
)
def test_the_first_few(names, more, text):
    """Three are named, and the others counted with those that are not listed."""
    assert first_few(names, 3, more=more) == text
