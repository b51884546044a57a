"""Which rules a release has."""

from __future__ import annotations

from extender.core.releases.history import release_for
from extender.core.scheduling import RULES, rules_of


def test_defaults():
    """With its default features a release has the rules of its minor."""
    for minor, rules in RULES.items():
        assert rules_of(release_for(minor)) == rules


def test_features_change_the_rules():
    release = release_for("1.36", {"DRAExtendedResource": False})
    assert rules_of(release).dra_extended_resource is False
