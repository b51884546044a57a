"""
What a new user does, from an empty control plane to an explained placement, and how long each step takes.

    python -m tests.e2e.first_steps

The steps are those of docs/chart.md, with the programs of Helm and kubectl. There is no kubelet: the chart's
two programs are started here as the Deployment in the API server says, and nodes with devices are put in
before. Needs a built control plane, Helm and kubectl.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chart.helm import helm
from tests.e2e import fleet
from tests.e2e.api import connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.second_scheduler import NAMESPACE, RELEASE, first_pod_text, second_scheduler
from tests.paths import ROOT

INSTALL = (
    f"helm install {RELEASE} deploy/chart --namespace {NAMESPACE} --create-namespace "
    "--set image.repository=registry.example.com/dra-extender"
)
READ = f"kubectl -n {NAMESPACE} get deployment,configmap -o json"
STEPS = (
    f"kubectl -n {NAMESPACE} get lease {RELEASE}-dra-extender-scheduler",
    "kubectl apply -f first.yaml",
    "kubectl wait pod first --for=condition=PodScheduled --timeout=60s",
    "kubectl get resourceclaims -o 'jsonpath={.items[*].status.allocation.devices.results}'",
    "dra-extender explain --pod default/first",
    f"helm uninstall {RELEASE} --namespace {NAMESPACE}",
)


def main(arguments: Sequence[str]) -> int:
    """Take each step and print its output and its time; 1 where one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.first_steps", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        try:
            asyncio.run(_run(plane, Path(directory)))
        except subprocess.CalledProcessError as failed:
            sys.stdout.write(f"failed: {failed.cmd}\n{failed.stdout}{failed.stderr}")
            return 1
    return 0


async def _run(plane: ControlPlane, directory: Path) -> None:
    folders = f"{helm().parent}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    environment = {"PATH": folders, "HOME": str(directory), "KUBECONFIG": str(plane.kubeconfig)}
    folder = directory / "user"
    folder.mkdir()
    (folder / "deploy").symlink_to(ROOT / "deploy")
    (folder / "first.yaml").write_text(first_pod_text(), encoding="utf-8")
    async with connect(plane) as api:
        await fleet.load(api, fleet.recorded())
        _step(INSTALL, folder, environment)
        listed = json.loads(_step(READ, folder, environment, show=False))["items"]
        documents = [each for each in listed if each["metadata"]["name"] != "kube-root-ca.crt"]
        began = time.monotonic()
        async with second_scheduler(plane, api, directory, documents):
            sys.stdout.write(f"{time.monotonic() - began:5.1f} s  both programs are ready\n")
            for step in STEPS:
                _step(step, folder, environment)


def _step(command: str, folder: Path, environment: Mapping[str, str], *, show: bool = True) -> str:
    began = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    sys.stdout.write(f"{time.monotonic() - began:5.1f} s  {command}\n")
    if show:
        sys.stdout.write("".join(f"         {line}\n" for line in done.stdout.splitlines()[:12]))
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
