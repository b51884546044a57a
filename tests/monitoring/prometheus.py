"""A real Prometheus on 127.0.0.1: it scrapes each second, evaluates rules, and answers queries."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.process import Process, free_port, start
from tests.monitoring.programs import program

INTERVAL_SECONDS = 1


class Refused(Exception):
    """Prometheus or promtool did not take what it was given; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its labels, and its values by time in seconds."""

    labels: dict[str, str]
    values: list[tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Prometheus:
    """A running server."""

    url: str
    process: Process

    def query(self, expression: str) -> list[Series]:
        """What an expression comes to now, one value a series; ``Refused``."""
        data = self._get("query", query=expression)
        if data["resultType"] == "scalar":
            return [_series({"values": [data["result"]]})]
        return [_series({**found, "values": [found["value"]]}) for found in data["result"]]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """Its values between two times, ``step`` seconds apart; ``Refused``."""
        data = self._get("query_range", query=expression, start=start, end=end, step=step)
        return [_series(found) for found in data["result"]]

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        return {
            found["labels"]["alertname"]
            for found in self._get("alerts")["alerts"]
            if found["state"] == "firing"
        }

    def label_values(self, label: str, selector: str) -> list[str]:
        """The values of a label among the selected series."""
        found: list[str] = self._get(f"label/{label}/values", **{"match[]": selector})
        return found

    def _get(self, path: str, **parameters: object) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return json.loads(response.read())["data"]
        except urllib.error.HTTPError as error:
            raise Refused(f"{parameters}: {error.read().decode()}") from None


@contextlib.contextmanager
def prometheus(
    directory: Path, targets: Mapping[str, str], rules: Path | None = None
) -> Iterator[Prometheus]:
    """
    Run it until the block ends; ``targets`` are addresses, such as ``127.0.0.1:8889``, by job.

    ``rules`` is a file as ``promtool check rules`` takes it. Configuration, data and log go to
    ``directory``.
    """
    configuration = {
        "global": {
            "scrape_interval": f"{INTERVAL_SECONDS}s",
            "evaluation_interval": f"{INTERVAL_SECONDS}s",
        },
        "rule_files": [] if rules is None else [str(rules)],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()
        ],
    }
    file = directory / "prometheus.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    process = start(
        "prometheus",
        [
            program("prometheus"),
            f"--config.file={file}",
            f"--storage.tsdb.path={directory / 'prometheus'}",
            f"--web.listen-address={address}",
            "--log.level=warn",
        ],
        directory / "prometheus.log",
    )
    try:
        process.wait_ready(f"http://{address}/-/ready")
        yield Prometheus(f"http://{address}", process)
    finally:
        process.stop()


def promtool(*arguments: str | Path, directory: Path | None = None) -> str:
    """What promtool prints; ``Refused`` where it finds a fault."""
    done = subprocess.run(
        [program("promtool"), *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(done.stdout + done.stderr)
    return done.stdout


def _series(found: Mapping[str, Any]) -> Series:
    values = [(float(at), float(value)) for at, value in found["values"]]
    return Series(found.get("metric", {}), values)
