"""Self-signed certificates for 127.0.0.1, made by openssl."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OPENSSL = shutil.which("openssl")


@dataclass(frozen=True, slots=True)
class Pem:
    """Two PEM files; the certificate is its own issuer."""

    certificate: Path
    key: Path


def self_signed(directory: Path, name: str = "tls") -> Pem:
    """Make a certificate of one day and its key in ``directory``."""
    assert OPENSSL is not None
    made = Pem(directory / f"{name}.crt", directory / f"{name}.key")
    command = [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-out", str(made.certificate), "-keyout", str(made.key)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made
