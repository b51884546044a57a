"""What the program counts, it also uses or shows."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from tests.paths import ROOT


def counted_in_vain(files: Iterable[Path]) -> set[str]:
    """The attributes to which something is added and that no expression reads."""
    counted: set[str] = set()
    read: set[str] = set()
    for file in files:
        nodes = list(ast.walk(ast.parse(file.read_text())))
        counters = [
            _counter(node.target)
            for node in nodes
            if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add)
        ]
        counted |= {counter.attr for counter in counters if counter is not None}
        read |= {
            node.attr
            for node in nodes
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node not in counters
        }
    return counted - read


def _counter(target: ast.expr) -> ast.Attribute | None:
    """The attribute that is added to: itself, or one of its items."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return target if isinstance(target, ast.Attribute) else None


def test_what_is_counted_is_read():
    """A number that nobody reads is work for nothing."""
    assert counted_in_vain((ROOT / "extender").rglob("*.py")) == set()


def test_a_vain_counter_would_be_seen(tmp_path):
    """Adding to it again, or to one of its items, is not reading it."""
    module = tmp_path / "counting.py"
    module.write_text(
        "self.lost += 1\nself.by_kind[kind] += 1\nself.shown += 1\nprint(self.shown)\nlocal = 0\nlocal += 1\n"
    )
    assert counted_in_vain([module]) == {"lost", "by_kind"}
