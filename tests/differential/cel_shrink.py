"""
Make a selector on which we disagree as small as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.differential.cel_generate import Selector, Term, literal

SMALLEST = {"bool": "true", "int": "0", "string": "''", "double": "0.0", "dyn": "dyn(0)", "uint": "0u"}
MAX_TRIES = 400


def shrink(selector: Selector, disagrees: Callable[[Selector], bool]) -> Selector:
    """
    The smallest selector found that ``disagrees`` accepts, as it accepts the given one.

    Each step that still disagrees is taken and the search begins anew.
    """
    tries = 0
    while True:
        for candidate in _smaller(selector):
            tries += 1
            if tries > MAX_TRIES:
                return selector
            if disagrees(candidate):
                selector = candidate
                break
        else:
            return selector


def _smaller(selector: Selector) -> Iterator[Selector]:
    if selector.probe and selector.term.type == "bool":
        yield replace(selector, probe=False)
    size = _size(selector.term)
    for term in _variants(selector.term):
        if _size(term) < size:
            yield replace(selector, term=term)
    for field in ("attributes", "capacity"):
        for name in selector.device[field]:
            rest = {key: value for key, value in selector.device[field].items() if key != name}
            yield replace(selector, device={**selector.device, field: rest})
    if "allowMultipleAllocations" in selector.device:
        rest = {key: value for key, value in selector.device.items() if key != "allowMultipleAllocations"}
        yield replace(selector, device=rest)


def _size(term: Term) -> tuple[int, int]:
    return _count(term), len(str(term))


def _count(term: Term) -> int:
    return 1 + sum(map(_count, term.parts))


def _variants(term: Term) -> Iterator[Term]:
    """Terms with one part of this one replaced by something smaller, the greatest steps first."""
    yield from _below(term)
    if term.type in SMALLEST:
        yield literal(term.type, SMALLEST[term.type])
    for position, part in enumerate(term.parts):
        for variant in _variants(part):
            yield replace(term, parts=(*term.parts[:position], variant, *term.parts[position + 1 :]))


def _below(term: Term) -> Iterator[Term]:
    for part in term.parts:
        yield part
        yield from _below(part)
