"""Certificates made by openssl: self-signed ones for 127.0.0.1, and those of an authority."""

from __future__ import annotations

import secrets
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


def self_signed(directory: Path, name: str = "tls", *, days: int = 1) -> Pem:
    """Make a certificate and its key in ``directory``."""
    assert OPENSSL is not None
    made = Pem(directory / f"{name}.crt", directory / f"{name}.key")
    command = [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", str(days), "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-out", str(made.certificate), "-keyout", str(made.key)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority; ``pem`` is its own certificate and key."""

    pem: Pem

    @property
    def certificate(self) -> Path:
        """What whoever trusts it needs."""
        return self.pem.certificate

    def issue(self, name: str, *, alternative: str = "IP:127.0.0.1", common: str | None = None) -> Pem:
        """Issue a certificate of one day with its key, beside the authority's files."""
        assert OPENSSL is not None
        folder = self.pem.key.parent
        made = Pem(folder / f"{name}.crt", folder / f"{name}.key")
        request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n")
        new: list[str | Path] = [
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ]
        new += ["-subj", f"/CN={name if common is None else common}", "-keyout", made.key, "-out", request]
        sign = [
            "x509",
            "-req",
            "-days",
            "1",
            "-in",
            request,
            "-CA",
            self.pem.certificate,
            "-CAkey",
            self.pem.key,
        ]
        sign += ["-set_serial", str(secrets.randbits(64)), "-extfile", extensions, "-out", made.certificate]
        for command in (new, sign):
            subprocess.run([OPENSSL, *map(str, command)], check=True, capture_output=True, timeout=60)
        return made


def authority(directory: Path, name: str) -> Authority:
    """Make a certificate authority in a new folder ``name`` of ``directory``."""
    folder = directory / name
    folder.mkdir()
    return Authority(self_signed(folder, name))
