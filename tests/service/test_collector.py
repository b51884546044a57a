"""The garbage collector is spared the snapshot, and given back afterwards."""

from __future__ import annotations

import gc

import pytest

from extender.service.collector import freeze, never_collected, no_collection


def test_it_is_off_within_and_as_before_after():
    """Also where the command fails."""
    seen = []

    def command():
        with no_collection():
            seen.append(gc.isenabled())
            raise ValueError("x")

    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"):
        command()
    assert (seen, gc.isenabled()) == ([False], True)
    gc.disable()
    try:
        with no_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_a_command_leaves_is_never_looked_at():
    """Also where it is interrupted; the collector is on again for what comes after."""
    before = gc.get_freeze_count()

    def command():
        with never_collected():
            assert not gc.isenabled()
            raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            command()
        assert gc.get_freeze_count() > before
        assert gc.isenabled()
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("collect", [True, False])
def test_what_is_frozen_is_never_looked_at(collect):
    """With ``collect`` the garbage of before is gone, without it is kept for good: nothing is walked over."""
    cycle: list[object] = []
    cycle.append(cycle)
    number = id(cycle)
    before = gc.get_freeze_count()
    gc.disable()
    try:
        del cycle
        freeze(collect=collect)
        assert gc.get_freeze_count() > before
        assert not any(id(value) == number for value in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.enable()
