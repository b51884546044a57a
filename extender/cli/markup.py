"""HTML and SVG from nested calls, with all text escaped where it is put in."""

from __future__ import annotations

from html import escape

_VOID = frozenset({"br", "col", "hr", "link", "meta", "rect", "line", "path", "circle"})


class Markup(str):
    """Text that is markup already. Made by ``element`` and ``joined``, and of constants only."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str | float) -> Markup:
    """
    One element. Children that are no ``Markup`` are text and escaped, so are all attributes.

    An attribute ``class_`` is ``class``; other underscores are hyphens.
    """
    spelled = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
    )
    if not children and name in _VOID:
        return Markup(f"<{name}{spelled}/>")
    return Markup(f"<{name}{spelled}>{joined(*children)}</{name}>")


def joined(*children: str) -> Markup:
    """Children one after the other, escaped where they are text."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))
