"""
Build real control planes: ``python -m tests.e2e.build [MINOR...]``, by default one of 1.36.

kube-apiserver, kube-scheduler, kube-controller-manager and etcd are Go modules, and their
``main`` packages can be made anew in a few lines. Needs Go, and network access or a filled
module cache. Without Go it says so and succeeds: the tests that need it are skipped then.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.releases import (
    COMMANDS,
    DEFAULT_MINOR,
    ETCD,
    PROGRAM,
    RELEASES,
    REPLACED,
    SCHEDULER_ONLY,
    TOOLCHAINS,
    binaries,
)
from tests.printed import say

TIMEOUT_SECONDS = 3600
KUBERNETES = "k8s.io/kubernetes"
ETCD_MODULE = "go.etcd.io/etcd/server/v3"


@dataclass(frozen=True, slots=True)
class BuildFailed(Exception):
    """What was being done, and what Go said."""

    doing: str
    output: str


def main(arguments: Sequence[str]) -> int:
    """Build what is not built yet; 1 where a build fails, 2 for an unknown minor."""
    minors = arguments or [DEFAULT_MINOR]
    unknown = [minor for minor in minors if minor not in RELEASES]
    if unknown:
        say(f"e2e: no control plane for {', '.join(unknown)}: there are {', '.join(RELEASES)}")
        return 2
    if all(binaries(minor).built() for minor in minors):
        return 0
    go = shutil.which("go")
    if go is None:
        say("e2e: skipped, as there is no Go on PATH to build a control plane with")
        return 0
    try:
        for minor in minors:
            if not has_toolchain(go, minor):
                say(f"e2e: Kubernetes {minor} skipped, as {TOOLCHAINS[minor]} cannot be had here")
                continue
            if minor in SCHEDULER_ONLY:
                build(go, SCHEDULER_ONLY[minor])
            build(go, minor)
    except BuildFailed as failed:
        say(f"e2e: {failed.doing} failed\n{failed.output}")
        return 1
    return 0


def build(go: str, minor: str) -> None:
    """Put each missing program of a minor in its place; ``BuildFailed``."""
    release = RELEASES[minor]
    targets = binaries(minor)
    missing = {
        command: target
        for command, target in zip(
            COMMANDS, (targets.apiserver, targets.scheduler, targets.controller_manager), strict=True
        )
        if not target.exists()
    }
    if not targets.etcd.exists():
        targets.etcd.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=targets.etcd.parent) as folder:
            _compile(go, Path(folder), etcd_module(), {"etcd": targets.etcd}, f"etcd {ETCD}")
    if missing:
        parent = next(iter(missing.values())).parent
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            module = kubernetes_module(go, minor)
            _compile(go, Path(folder), module, missing, f"Kubernetes {release}", version_flags(release))


def has_toolchain(go: str, minor: str) -> bool:
    """Whether Go of the version that the minor needs is here or can be downloaded."""
    if minor not in TOOLCHAINS:
        return True
    environment = {**os.environ, "GOTOOLCHAIN": TOOLCHAINS[minor]}
    return subprocess.run([go, "version"], env=environment, capture_output=True, check=False).returncode == 0


def etcd_module() -> str:
    return f"module dra-extender/etcd\n\ngo 1.24\n\nrequire {ETCD_MODULE} v{ETCD}\n"


def kubernetes_module(go: str, minor: str) -> str:
    """
    The ``go.mod`` of the programs.

    Kubernetes' own points its staging modules at folders of its repository, and nobody reads the
    ``replace`` lines of a dependency: each one is replaced by the module published with the release.
    """
    release = RELEASES[minor]
    doing = f"reading the module of Kubernetes {release}"
    wanted = f"{KUBERNETES}@v{release}"
    with tempfile.TemporaryDirectory() as folder:
        downloaded = json.loads(run_go([go, "mod", "download", "-json", wanted], Path(folder), doing))
        described = json.loads(run_go([go, "mod", "edit", "-json", downloaded["GoMod"]], Path(folder), doing))
    staging = f"v0.{release.partition('.')[2]}"
    paths = [replace["Old"]["Path"] for replace in described["Replace"]]
    versions = {path: staging for path in paths if path.startswith("k8s.io/")} | REPLACED.get(minor, {})
    replaced = "".join(f"\t{path} => {path} {version}\n" for path, version in versions.items())
    return (
        "module dra-extender/control-plane\n\n"
        f"go {described['Go']}\n\n"
        f"require {KUBERNETES} v{release}\n"
        f"require k8s.io/component-base {staging}\n\n"
        f"replace (\n{replaced})\n"
    )


def version_flags(release: str) -> str:
    """Without these the programs take themselves for v0.0.0, and emulate no version."""
    major, minor, _patch = release.split(".", 2)
    values = {"gitVersion": f"v{release}", "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


def _compile(
    go: str, folder: Path, module: str, targets: Mapping[str, Path], product: str, flags: str = ""
) -> None:
    (folder / "go.mod").write_text(module, encoding="utf-8")
    for command in targets:
        shutil.copytree(PROGRAM / command, folder / command)
    for command, target in targets.items():
        say(f"e2e: building {command} of {product} (takes minutes where Go has nothing cached)")
        begun = time.monotonic()
        made = folder / "made" / command
        options = ["-trimpath", f"-ldflags={flags} -s -w", "-o", str(made)]
        run_go([go, "build", *options, f"./{command}"], folder, f"building {command} of {product}")
        # Moved into place when complete: another process may look for it meanwhile.
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)
        say(f"e2e: built in {time.monotonic() - begun:.0f} s: {target}")


def run_go(command: Sequence[str], folder: Path, doing: str) -> bytes:
    # The sums of the modules are written as they are met: each minor has some hundred of them.
    environment = {
        **os.environ,
        "GOFLAGS": "-mod=mod -buildvcs=false",
        "CGO_ENABLED": "0",
        "GOWORK": "off",
        # Go of the version that the module asks for.
        "GOTOOLCHAIN": "auto",
    }
    try:
        ran = subprocess.run(
            command, cwd=folder, env=environment, timeout=TIMEOUT_SECONDS, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        raise BuildFailed(doing, f"not done within {TIMEOUT_SECONDS} s") from None
    if ran.returncode != 0:
        raise BuildFailed(doing, ran.stderr.decode(errors="replace"))
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
