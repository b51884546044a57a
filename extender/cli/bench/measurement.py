"""
What a run of the bench has measured, and the file that keeps it.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..exit_status import WrongInput


class Size(msgspec.Struct, frozen=True):
    """
    ``devices`` are those of the whole fleet; memory is resident, in bytes. ``process_bytes``: of the whole
    process once it serves, ``most_bytes``: the most until then; ``snapshot_bytes``: what reading the dump
    added.
    """

    nodes: int
    devices: int
    dump_bytes: int
    build_seconds: float
    process_bytes: int
    most_bytes: int
    snapshot_bytes: int


class Timing(msgspec.Struct, frozen=True):
    """Milliseconds of one kind of request; ``ratio``: its median over that of its echo."""

    kind: str
    count: int
    p50: float
    p99: float
    ratio: float


class Measurement(msgspec.Struct, frozen=True):
    """One fleet. ``neutral``: answers without an opinion, ``unknown``: searches that came to nothing."""

    size: Size
    timings: tuple[Timing, ...]
    neutral: int
    unknown: int


class Run(msgspec.Struct, frozen=True):
    """``fleets``: in the order in which they were measured. ``specs``: what the pods ask for."""

    kubernetes: str
    specs: tuple[str, ...]
    fleets: tuple[Measurement, ...]


def document(run: Run) -> str:
    """The run as JSON."""
    return msgspec.json.format(msgspec.json.encode(run), indent=2).decode()


def read_run(path: str) -> Run:
    """Read a file that ``document`` was written to. Raises ``WrongInput``."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Run)
    except OSError as error:
        raise WrongInput(f"{path}: {error.strerror or error}") from error
    except msgspec.DecodeError as error:
        raise WrongInput(f"{path}: {error}; expected what bench --keep writes") from error
