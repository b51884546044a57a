"""What counts as a new release, and what differs in it. The proxy itself is not asked."""

from __future__ import annotations

import json
from typing import cast

import pytest

from extender.core.releases.history import PATCHES
from tests.oracle.upstream import FILE, WATCHED, Proxy, base_of, changes, hashes_of, new_versions, report

KNOWN = ("v1.36.3", "v1.37.2", "v1.38.0-beta.0")


@pytest.mark.parametrize(
    ("published", "new"),
    [
        (KNOWN, []),
        (["v1.37.1", "v1.38.0-alpha.3", "v1.33.9", "v0.0.0-20260101"], []),
        (["v1.37.10", "v1.37.9"], ["v1.37.9", "v1.37.10"]),
        (["v1.38.0", "v1.38.0-rc.1", "v1.38.0-beta.1"], ["v1.38.0-beta.1", "v1.38.0-rc.1", "v1.38.0"]),
        (["v1.39.0-beta.0", "v1.39.0-rc.0"], ["v1.39.0-rc.0"]),
    ],
)
def test_new_versions(published, new):
    """Patches and pre-releases after the newest known of their minor; of a new minor the newest."""
    assert new_versions(published, KNOWN) == new


def test_what_a_version_is_compared_with():
    """The newest known before it, of the same minor where there is one."""
    assert base_of("v1.37.3", KNOWN) == "v1.37.2"
    assert base_of("v1.38.0-rc.0", KNOWN) == "v1.38.0-beta.0"
    assert base_of("v1.39.0", KNOWN) == "v1.38.0-beta.0"
    assert base_of("v1.35.0", KNOWN) is None


def test_changes():
    """Each file that came, went or changed; no other."""
    lines = list(changes({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}))
    assert lines == ["changed b", "removed c", "added   d"]


def test_what_is_hashed(tmp_path):
    """Watched files and the Go files of watched folders, tests apart."""
    for name in ("a/x.go", "a/x_test.go", "a/b/y.go", "a/atesting/z.go", "a/README.md", "c/x.go", "d.go"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert sorted(hashes_of(tmp_path, ("a", "d.go"))) == ["a/b/y.go", "a/x.go", "d.go"]


class Published:
    """A proxy with one version more of every module than is known."""

    def versions(self, module: str) -> list[str]:
        return ["v1.38.0" if module == "k8s.io/kubernetes" else "v0.38.0"]

    def hashes(self, module: str, version: str) -> dict[str, str]:
        return {f"{module}.go": version}


def test_a_report_names_what_differs():
    """Every module is looked at, and what was found is known from then on."""
    known = json.loads(FILE.read_text())
    lines = list(report(cast("Proxy", Published()), known))
    headings = [line for line in lines if not line.startswith("  ")]
    assert [line.split(":")[0].split()[0] for line in headings] == list(WATCHED)
    assert "differ from v1.38.0-beta.0" in headings[0]
    assert "  added   k8s.io/kubernetes.go" in lines
    again = list(report(cast("Proxy", Published()), known))
    assert all("nothing newer" in line for line in again)


def test_the_record_has_every_minor_that_is_modelled():
    """Else nothing new would be seen of it."""
    known = json.loads(FILE.read_text())
    for module in WATCHED:
        assert {version.split(".")[1] for version in known[module]} == {
            minor.split(".")[1] for minor in PATCHES
        }
