"""Commands that read much do without garbage collection, and give it back."""

from __future__ import annotations

import gc

import pytest

from extender.cli.collection import no_collection


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
