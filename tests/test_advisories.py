"""No lower bound and no lock admits a version with a fault that requirements/advisories.toml lists."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from itertools import pairwise

import pytest

from tests.paths import ROOT

LIST = tomllib.loads((ROOT / "requirements/advisories.toml").read_text())
ADVISORIES = LIST["advisory"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("build.txt", "dev.txt", "release.txt", "runtime.txt")
KEYS = {"package", "fixed", "ids", "date", "fault"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def release(version: str) -> tuple[int, ...]:
    """The numbers of a final or post release, without trailing zeros: ``3.14.0`` is ``3.14``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)*)(?:\.post\d+)?", version)
    assert found is not None, f"{version} is not a final release"
    numbers = [int(number) for number in found[1].split(".")]
    while numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text()
    return {
        canonical(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


def lower_bounds() -> dict[str, str]:
    """What pyproject.toml and the input of the build lock require, by package; each has one bound."""
    requirements = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *(each for group in PROJECT["dependency-groups"].values() for each in group),
    ]
    return {
        canonical(name): bound
        for name, bound in (
            re.findall(r"^([\w.-]+)>=([\w.]+)", requirement)[0] for requirement in requirements
        )
    }


def label(advisory: dict) -> str:
    return f"{advisory['package']}-{advisory['fixed']}"


@pytest.mark.parametrize(
    ("older", "newer"),
    list(pairwise(["3.9", "3.13.3", "3.14", "3.14.1", "2024.7.4", "2026.10.19.post1"])),
)
def test_releases_are_compared_as_numbers(older, newer):
    """Not as text, and a trailing zero changes nothing."""
    assert release(older) < release(newer)
    assert release(older) == release(f"{older}.0")


@pytest.mark.parametrize("advisory", ADVISORIES, ids=label)
def test_no_lock_has_a_listed_fault(advisory):
    """Every lock that pins the package pins a version with the fix, and some lock pins it."""
    package = advisory["package"]
    pinned = [locked[package] for locked in map(pins, LOCKS) if package in locked]
    assert pinned, f"{package} is in no lock: remove it from the list"
    assert all(release(version) >= release(advisory["fixed"]) for version in pinned)


@pytest.mark.parametrize("advisory", ADVISORIES, ids=label)
def test_no_lower_bound_admits_a_listed_fault(advisory):
    """A package without a bound of ours says why the fault cannot be reached through us."""
    bounds = lower_bounds()
    if advisory["package"] in bounds:
        assert release(bounds[advisory["package"]]) >= release(advisory["fixed"])
        assert "unreached" not in advisory
    else:
        assert len(advisory["unreached"]) > 10


def test_every_package_that_we_install_was_looked_up():
    """The list names each package of the runtime lock, with its faults or as one without."""
    named = {advisory["package"] for advisory in ADVISORIES}
    assert sorted(pins("runtime.txt").keys() - named) == LIST["none_known"]


def test_the_build_lock_is_made_from_the_same_bound():
    """requirements/build.in repeats the build requirement, which is what installing a checkout uses."""
    lines = [line for line in (ROOT / "requirements/build.in").read_text().splitlines() if line[:1] != "#"]
    assert lines == PROJECT["build-system"]["requires"]


def test_entries_are_complete_and_dated():
    """Packages in their canonical spelling, each version once, nothing from after the last check."""
    assert all(KEYS <= set(advisory) <= KEYS | {"unreached"} for advisory in ADVISORIES)
    assert all(advisory["ids"] and advisory["fault"] for advisory in ADVISORIES)
    assert all(advisory["package"] == canonical(advisory["package"]) for advisory in ADVISORIES)
    assert len(set(map(label, ADVISORIES))) == len(ADVISORIES)
    assert all(isinstance(advisory["date"], dt.date) for advisory in ADVISORIES)
    assert max(advisory["date"] for advisory in ADVISORIES) <= LIST["checked"]
