"""
Which releases of Kubernetes are out beyond those known here, and what they change of what decides.

    python -m tests.oracle.upstream            (make releases)
    python -m tests.oracle.upstream --record   after a release has been looked at

Asks the Go module proxy, and downloads what is new. Compares the hashes of the files that decide an
allocation (allocator, plugin, CEL, quantities, feature gates) with those of the newest known release
of the same minor, or of the newest minor known. Known is what ``tests/data/upstream.json`` has.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.paths import DATA
from tests.printed import say

FILE = DATA / "upstream.json"
FIRST_MINOR = 34
WATCHED: dict[str, tuple[str, ...]] = {
    "k8s.io/kubernetes": (
        "pkg/features/kube_features.go",
        "pkg/scheduler/extender.go",
        "pkg/scheduler/framework/plugins/dynamicresources",
        "pkg/scheduler/framework/plugins/feature",
    ),
    "k8s.io/dynamic-resource-allocation": ("api", "cel", "resourceclaim", "resourceslice", "structured"),
    "k8s.io/apimachinery": ("pkg/api/resource",),
    "k8s.io/apiserver": ("pkg/cel/environment", "pkg/cel/library"),
}
"""The files and folders of each module that decide an allocation; tests apart."""

Hashes = Mapping[str, str]
"""Files of a module by their path, with the start of their SHA-256."""

_VERSION = re.compile(r"v[01]\.(\d+)\.(\d+)(?:-(alpha|beta|rc)\.(\d+))?")
_STAGES = {"alpha": 0, "beta": 1, "rc": 2, None: 3}

Order = tuple[int, int, int, int]


def order_of(version: str) -> Order | None:
    """What orders the versions of one module, ``None`` for one that is no release of Kubernetes."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return None
    minor, patch, stage, number = match.groups()
    return int(minor), int(patch), _STAGES[stage], int(number or 0)


def new_versions(published: Iterable[str], known: Iterable[str]) -> list[str]:
    """
    The published versions beyond the known ones, oldest first.

    Of a minor that is known only what is newer than the newest that is known of it; of others the
    newest only, and none older than 1.34. Alphas do not count.
    """
    newest: dict[int, Order] = {}
    for version in known:
        order = order_of(version)
        if order is not None:
            newest[order[0]] = max(order, newest.get(order[0], order))
    found: dict[int, list[tuple[Order, str]]] = {}
    for version in published:
        order = order_of(version)
        if order is None or order[0] < FIRST_MINOR or order[2] == 0:
            continue
        if order[0] not in newest or order > newest[order[0]]:
            found.setdefault(order[0], []).append((order, version))
    return [
        version
        for minor, versions in sorted(found.items())
        for _, version in sorted(versions)[0 if minor in newest else -1 :]
    ]


def base_of(version: str, known: Iterable[str]) -> str | None:
    """The known version to compare a new one with: the newest of its minor, else the newest before."""
    order = order_of(version)
    earlier = [
        (each_order, each)
        for each in known
        if (each_order := order_of(each)) is not None and order is not None and each_order < order
    ]
    return max(earlier)[1] if earlier else None


def changes(before: Hashes, after: Hashes) -> Iterator[str]:
    """One line for each file that differs."""
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            yield f"removed {path}"
        elif path not in before:
            yield f"added   {path}"
        elif before[path] != after[path]:
            yield f"changed {path}"


def hashes_of(folder: Path, watched: Iterable[str]) -> dict[str, str]:
    """The hashes of the watched Go files below a module's folder; tests apart."""
    files = (
        file
        for path in watched
        for file in ([folder / path] if (folder / path).is_file() else (folder / path).rglob("*.go"))
        if file.is_file() and not file.name.endswith("_test.go") and "testing" not in file.parent.name
    )
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        for file in sorted(files)
    }


class Proxy:
    """What the Go command knows of modules; runs in a folder of its own."""

    def __init__(self, go: str, folder: str) -> None:
        self._go = go
        self._folder = folder
        self._environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOWORK": "off", "GOTOOLCHAIN": "auto"}

    def versions(self, module: str) -> list[str]:
        """All that are listed, oldest first."""
        return self._run("list", "-m", "-versions", "-f", '{{join .Versions " "}}', module).split()

    def hashes(self, module: str, version: str) -> dict[str, str]:
        """The hashes of a version's watched files; downloads it where it is not there."""
        downloaded = json.loads(self._run("mod", "download", "-json", f"{module}@{version}"))
        return hashes_of(Path(downloaded["Dir"]), WATCHED[module])

    def _run(self, *arguments: str) -> str:
        ran = subprocess.run(
            [self._go, *arguments], cwd=self._folder, env=self._environment, capture_output=True, check=False
        )
        if ran.returncode != 0:
            raise LookupError(ran.stderr.decode(errors="replace").strip())
        return ran.stdout.decode()


def report(proxy: Proxy, known: dict[str, dict[str, dict[str, str]]]) -> Iterator[str]:
    """What is new, line by line; adds the hashes of the new versions to ``known``."""
    for module in WATCHED:
        of_module = known.setdefault(module, {})
        new = new_versions(proxy.versions(module), of_module)
        if not new:
            yield f"{module}: nothing newer than {', '.join(of_module)}"
        for version in new:
            base = base_of(version, of_module)
            of_module[version] = proxy.hashes(module, version)
            lines = list(changes(of_module.get(base or "", {}), of_module[version]))
            yield f"{module} {version}: {len(lines)} files differ from {base}"
            yield from (f"  {line}" for line in lines)


def main(arguments: Sequence[str]) -> int:
    """Print what is new; 1 where the proxy cannot be asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.upstream", description=__doc__)
    parser.add_argument("--record", action="store_true", help="what is new is known from now on")
    options = parser.parse_args(arguments)
    go = shutil.which("go")
    if go is None:
        say("releases: not looked for, as there is no Go on PATH")
        return 0
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for line in report(Proxy(go, folder), known):
                say(line)
        except LookupError as error:
            say(f"releases: Go could not ask for them: {error}")
            return 1
    if options.record:
        FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
