"""The chart's CronJob that renews certificates, run as a process, and certificates that it finds due."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from extender.cli.renew.issuing import Authority, Pem
from tests.e2e.api import Object
from tests.e2e.second_scheduler import NAME, NAMESPACE

HOST = f"{NAME}-webhook.{NAMESPACE}.svc"
DAYS = 365
AGE = timedelta(days=300)


def aged(secrets: Mapping[str, Object]) -> Object:
    """
    The webhook's Secret with a certificate that its authority has issued 300 of 365 days ago.

    ``secrets``: the chart's, by what they are for.
    """
    files = secrets["authority"]["data"]
    pem = Pem(*(base64.b64decode(files[name]) for name in ("tls.crt", "tls.key")))
    now = datetime.now(UTC)
    pem = Authority.of(pem, now).issue(HOST, DAYS, now - AGE)
    made = {"tls.crt": pem.certificate, "tls.key": pem.key}
    secret = secrets["webhook"]
    data = {name: base64.b64encode(content).decode() for name, content in made.items()}
    return {**secret, "data": {**secret["data"], **data}}


def renew(job: Object, account: Path) -> str:
    """What the container of the CronJob prints with its arguments, as the user of a kubeconfig."""
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    command = [sys.executable, "-m", "extender", *container["args"], "--kubeconfig", account]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
