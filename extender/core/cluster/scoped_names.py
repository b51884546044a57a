"""
Names of capacities: ``cap`` is short for ``<driver>/cap``.

From 1.38 on both are one name; before, names are compared as they are spelled.

Source: k8s.io/dynamic-resource-allocation api/conversion.go and api/types.go
MakeFullyQualifiedName, structured/schedulerapi NewDeviceConsumedCapacity, v0.38.0-beta.0.
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def scoped(driver: str, entries: tuple[tuple[str, T], ...]) -> tuple[tuple[str, T], ...]:
    """
    Entries without the driver's own domain in their names, sorted by name.

    Where both spellings of a name are there, the qualified one wins.
    """
    domain = f"{driver}/"
    if not any(name.startswith(domain) for name, _ in entries):
        return entries
    named = {name: value for name, value in entries if not name.startswith(domain)}
    named |= {name.removeprefix(domain): value for name, value in entries if name.startswith(domain)}
    return tuple(sorted(named.items(), key=lambda entry: entry[0]))


def spelling(driver: str, name: str, published: tuple[tuple[str, T], ...]) -> str:
    """The name of ``scoped`` as the slice spells it; ``published`` are the slice's entries."""
    qualified = f"{driver}/{name}"
    return qualified if any(qualified == each for each, _ in published) else name
