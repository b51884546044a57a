"""
Draw the dashboard from the data of a real run: ``python -m tests.e2e.dashboard_picture FILE.svg``.

A control plane, the extender, Prometheus and waves of pods run for some minutes. Needs ``make e2e`` and
``make prometheus``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.e2e import fleet, workload
from tests.e2e.api import connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.monitored import monitored, wave
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.rights import grant
from tests.monitoring.drawing import svg
from tests.monitoring.expressions import dashboard, shown
from tests.monitoring.prometheus import Prometheus, Series

WINDOW = "20s"
STEP_SECONDS = 2.0


def main(arguments: Sequence[str]) -> int:
    """Run, draw, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.dashboard_picture", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--waves", type=int, default=12)
    parser.add_argument("--every", type=float, default=10.0, metavar="S", help="seconds between two waves")
    parser.add_argument("--rows", type=int, default=99, help="only the first rows of the dashboard")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        data = asyncio.run(_run(plane, Path(directory), options))
    options.file.write_text(svg(_first(options.rows), data), encoding="utf-8")
    return 0


def _first(rows: int) -> list[dict[str, object]]:
    panels = dashboard()["panels"]
    begins = [number for number, panel in enumerate(panels) if panel["type"] == "row"]
    return panels[: begins[rows]] if rows < len(begins) else panels


async def _run(plane: ControlPlane, directory: Path, options: argparse.Namespace) -> dict[str, list[Series]]:
    async with connect(plane) as api:
        await fleet.load(api, fleet.recorded())
        account = plane.write_kubeconfig("account.kubeconfig", await grant(api, "dra-extender-e2e"))
        async with monitored(plane, api, account, directory) as run:
            begun = time.time()
            for number in range(options.waves):
                names = await wave(run, f"wave-{number}", 4 + 2 * (number % 4))
                await asyncio.sleep(options.every)
                for name in names:
                    await api.delete("Pod", name, workload.NAMESPACE)
            return _read(run.prometheus, begun, time.time())


def _read(prometheus: Prometheus, begun: float, ended: float) -> dict[str, list[Series]]:
    return {
        target["expr"]: prometheus.query_range(shown(target["expr"], WINDOW), begun, ended, STEP_SECONDS)
        for panel in dashboard()["panels"]
        for target in panel.get("targets", ())
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
