"""What has to be given before pods are nominated."""

from __future__ import annotations

import argparse

import pytest

from extender.cli.serve.command import add_arguments, config_of
from extender.cli.site import site_of
from extender.core.releases.history import release_for
from extender.kube.watch.events import ReflectorState
from extender.service.config import NominateOptions
from extender.service.config_error import ConfigError
from extender.service.process.nominating import check_release, in_step


def configured(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(arguments)
    return config_of(args, site_of(args)).nominate


def test_options():
    """Off by default; schedulers and the Lease have defaults."""
    assert configured() is None
    assert configured("--nominate") == NominateOptions(("default-scheduler",), "")
    given = ("--scheduler-name", "a", "--scheduler-name", "b", "--nominate-lease", "ours/lease")
    assert configured("--nominate", *given) == NominateOptions(("a", "b"), "ours/lease")


@pytest.mark.parametrize("option", ["--scheduler-name", "--nominate-lease"])
def test_options_for_nothing(option):
    """They say what is missing."""
    with pytest.raises(ConfigError, match=f"{option}.*--nominate"):
        configured(option, "ours/a")


@pytest.mark.parametrize("lease", ["ours", "ours/", "/lease", "a/b/c"])
def test_what_is_no_lease(lease):
    """The error names the form."""
    with pytest.raises(ConfigError, match="NAMESPACE/NAME"):
        configured("--nominate", "--nominate-lease", lease)


def test_releases():
    """1.34 is refused with the reason."""
    with pytest.raises(ConfigError, match=r"1\.35.*NominatedNodeNameForExpectation"):
        check_release(release_for("1.34"))
    for minor in ("1.35", "1.36", "1.37"):
        check_release(release_for(minor))


def test_only_a_cluster_that_is_followed_well():
    """One kind with a problem, or one that is not listed, is enough; a kind that is not served is none."""
    states = [ReflectorState(kind, synced=True) for kind in ("Node", "Pod")]
    assert in_step(states)
    assert in_step([*states, ReflectorState("DeviceTaintRule", served=False)])
    assert not in_step([*states, ReflectorState("ResourceClaim")])
    states[1].problem = "no answer"
    assert not in_step(states)
