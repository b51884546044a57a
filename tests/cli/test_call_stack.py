"""Frames in one piece of memory."""

from __future__ import annotations

import resource
from importlib import import_module

import pytest

from extender.cli.call_stack import on_one_stack
from extender.cli.exit_status import WrongInput

CALLS = 500
DEPTH = 600
"""Frames of ``descend``: several pieces of 16 KiB."""


def leaf(a, b, c, d, e, f, g, h):
    return a


def page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def descend(depth, most):
    """Return the most page faults that a loop of ``CALLS`` calls meets at this depth or below."""
    before = page_faults()
    for _ in range(CALLS):
        leaf(1, 2, 3, 4, 5, 6, 7, 8)
    most = max(most, page_faults() - before)
    return most if depth == 0 else descend(depth - 1, most)


def test_a_loop_costs_the_same_at_any_depth():
    """Without this, a loop at the end of a piece of the stack faults in every call."""
    assert on_one_stack(descend, DEPTH, 0) < CALLS / 2


def test_results_arguments_and_errors_pass():
    """It is a plain call otherwise."""
    assert on_one_stack(divmod, 7, 2) == (3, 1)
    assert on_one_stack(sorted, [1, 2], reverse=True) == [2, 1]

    def fail():
        raise WrongInput("no such file")

    with pytest.raises(WrongInput, match="no such file"):
        on_one_stack(fail)


def test_commands_run_on_one_stack(run, monkeypatch):
    """The program calls its commands so."""
    demo = import_module("extender.cli.demo.command")
    monkeypatch.setattr(demo, "run", lambda args: int(descend(DEPTH, 0) >= CALLS / 2))
    assert run("demo").status == 0
