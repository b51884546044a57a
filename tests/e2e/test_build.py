"""Building control planes: what is said where there is nothing to build with or for."""

from __future__ import annotations

import pytest

from tests.e2e import __main__ as program
from tests.e2e.releases import RELEASES, binaries


@pytest.fixture
def nothing_built(monkeypatch, tmp_path):
    """An empty cache, and no Go on PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("minors", [[], list(RELEASES)])
def test_without_go_it_is_skipped(nothing_built, capsys, minors):
    """One line, and success."""
    assert program.main(minors) == 0
    assert (
        capsys.readouterr().out == "e2e: skipped, as there is no Go on PATH to build a control plane with\n"
    )


def test_an_unknown_minor_is_named(nothing_built, capsys):
    """Status 2, and which minors there are."""
    assert program.main(["1.36", "1.12"]) == 2
    assert "no control plane for 1.12: there are 1.34, 1.35, 1.36, 1.37" in capsys.readouterr().out


def test_binaries_are_named_after_release_and_source(monkeypatch, tmp_path):
    """They lie in the user's cache, and no two releases share one, but for etcd."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    older, newer = binaries("1.35"), binaries("1.36")
    assert older.etcd == newer.etcd
    assert older.scheduler != newer.scheduler
    assert newer.scheduler.is_relative_to(tmp_path / "dra-extender" / "control-plane")
    assert newer.scheduler.parent.name.startswith("kubernetes-1.36.2-")
    assert not newer.built()
