"""
Functions of the named formats.

Source: k8s.io/apiserver pkg/cel/library/format.go, v0.36.
"""

from __future__ import annotations

from ..checking import call_costs
from ..checking.declarations import Charging, Function, Implementation, function, overload
from ..errors import Unpredictable
from ..values.named_formats import FORMATS, Format
from ..values.values import NONE, Optional
from ..work import Work

_MESSAGES = Unpredictable("the complaints of a format are not modelled")


def _constant(format_: Format) -> Implementation:
    return lambda: format_


def _named(name: str) -> Optional:
    format_ = FORMATS.get(name)
    return NONE if format_ is None else Optional(format_)


def _validate(work: Work, format_: Format, text: str) -> Optional:
    work.charge(10 + len(text))
    return NONE if format_.accepts(text) else Optional(_MESSAGES)


FUNCTIONS: tuple[Function, ...] = (
    *(
        function(f"format.{name}", overload("() -> Format", _constant(format_)))
        for name, format_ in FORMATS.items()
    ),
    function("format.named", overload("(string) -> optional(Format)", _named)),
    function(
        "validate",
        overload("Format.(string) -> optional(list(string))", Charging(_validate)),
        cost=call_costs.VALIDATION,
    ),
)
