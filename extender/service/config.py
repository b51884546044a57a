"""The service's settings: one frozen value, checked once at the start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from extender.core.allocator.budget import PIECE_UNITS
from extender.core.prediction.evaluate import Settings
from extender.model.pending_pods import DEFAULT_SCHEDULER

from .config_error import ConfigError
from .listeners import Audience, Listener, everything
from .policy import Policy

SCORE_MAX_LIMIT = 10_000
"""
The largest ``score_max``: kube-scheduler multiplies it by ten times its weight without
clamping, and beyond this nothing is gained.
"""

MAX_NODES = 10_000
"""The most node names of one request where no other number is configured: twice Kubernetes' own limit."""

MAX_BODY_MIB = 4
"""
The most MiB of a body of filter, prioritize, preempt and explain where no other is configured.

Room for 10,000 names of 253 characters and a pod of 1.5 MiB, the most that etcd stores.
"""

MAX_BODY_MIB_LIMIT = 256
"""Room for 20,000 whole Node objects of 13 kB, which come where ``nodeCacheCapable`` is not set."""

RECORDING_MIB = 64
"""Size of one file of a recording, in MiB, where no other is configured."""

RECORDING_FILES = 5
"""Number of files of a recording that are kept, where no other is configured."""


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """``json``: one object a line. ``text``: for people at a terminal."""

    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """
    Where scheduling attempts are recorded: at most ``files`` of about ``mib`` MiB.

    Gzipped where ``path`` ends in ``.gz``.
    """

    path: Path
    mib: int = RECORDING_MIB
    files: int = RECORDING_FILES

    def __post_init__(self) -> None:
        if self.mib < 1:
            raise ConfigError(
                "--record-size", f"expected at least 1 MiB, got {self.mib}; {RECORDING_MIB} is the default"
            )
        if self.files < 1:
            raise ConfigError(
                "--record-files", f"expected at least 1, got {self.files}; {RECORDING_FILES} is the default"
            )
        folder = self.path.parent
        if self.path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise ConfigError(
                "--record", f"cannot write {self.path}: name a file in a directory that we may write to"
            )


LEASE = "dra-extender-nominate"
"""The name of the Lease of whoever nominates, where no other is configured."""


@dataclass(frozen=True, slots=True)
class NominateOptions:
    """
    ``schedulers``: the names, as in ``spec.schedulerName``, of the profiles whose pods are nominated.

    ``lease``: ``NAMESPACE/NAME`` of the Lease that lets one of several replicas nominate; empty: ``LEASE`` in
    the namespace of the service account, ``default`` outside a cluster.
    """

    schedulers: tuple[str, ...] = (DEFAULT_SCHEDULER,)
    lease: str = ""

    def __post_init__(self) -> None:
        namespace, _, name = self.lease.partition("/")
        if self.lease and not (namespace and name and "/" not in name):
            raise ConfigError(
                "--nominate-lease", f"expected NAMESPACE/NAME, got {self.lease}; such as dra-extender/{LEASE}"
            )


_LISTENERS = (everything(),)
_EVALUATION = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    Every setting of the service.

    ``evaluation``: the range of scores and the budgets. ``drain_seconds``: how long
    to serve on after SIGTERM with readiness already off, so that callers move away
    first. ``bind``: bind pods; without it bind answers an error.
    ``decisive``: our score outweighs the scheduler's own, so that one of the best nodes is chosen
    here. ``keepalive_seconds`` must stay above the 90 s for which kube-scheduler
    keeps idle connections: it does not repeat a POST whose connection was closed.
    ``in_flight_seconds``: how long an allocation is assumed that the API does not show.
    ``stale_seconds``: how long the API server may be silent before we have no opinion; it sends
    a bookmark for each kind about once a minute. ``recording``: ``None``, nothing is recorded.
    ``nominate``: ``None``, no pod is nominated. ``route_to``: the scheduler that the webhook writes into
    pods, empty for none.
    ``max_nodes`` and ``max_body_mib``: the most names, and the most MiB, of one request of the scheduler.
    """

    listeners: tuple[Listener, ...] = _LISTENERS
    evaluation: Settings = _EVALUATION
    default_policy: Policy = Policy.PREFERRED
    bind: bool = False
    decisive: bool = False
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.JSON
    drain_seconds: float = 5.0
    shutdown_seconds: float = 10.0
    keepalive_seconds: float = 180.0
    in_flight_seconds: float = 30.0
    stale_seconds: float = 300.0
    recording: RecordingSettings | None = None
    nominate: NominateOptions | None = None
    route_to: str = ""
    max_nodes: int = MAX_NODES
    max_body_mib: int = MAX_BODY_MIB

    def __post_init__(self) -> None:
        score_max, search_steps = self.evaluation.score_max, self.evaluation.search_steps
        if not 1 <= score_max <= SCORE_MAX_LIMIT:
            raise ConfigError(
                "--score-max", f"expected 1 to {SCORE_MAX_LIMIT}, got {score_max}; 100 is the default"
            )
        if search_steps < 1:
            raise ConfigError("--search-steps", f"expected at least 1, got {search_steps}")
        if self.evaluation.request_steps < search_steps:
            raise ConfigError(
                "--request-steps",
                f"expected at least --search-steps ({search_steps}), got {self.evaluation.request_steps}",
            )
        if self.evaluation.request_units < PIECE_UNITS:
            raise ConfigError(
                "--request-work", f"expected at least {PIECE_UNITS}, got {self.evaluation.request_units}"
            )
        if self.max_nodes < 1:
            raise ConfigError("--max-nodes", f"expected at least 1, got {self.max_nodes}")
        if not 1 <= self.max_body_mib <= MAX_BODY_MIB_LIMIT:
            raise ConfigError(
                "--max-body-mib", f"expected 1 to {MAX_BODY_MIB_LIMIT}, got {self.max_body_mib}"
            )
        if self.route_to and not any(Audience.WEBHOOK in each.audiences for each in self.listeners):
            raise ConfigError(
                "--route-to", "is what the webhook does at /route; give --webhook-listen HOST:PORT, too"
            )
        if self.drain_seconds < 0 or self.shutdown_seconds < 0:
            raise ConfigError("--drain-seconds", "expected 0 or more seconds")
        if self.in_flight_seconds <= 0:
            raise ConfigError("--in-flight-seconds", f"expected more than 0, got {self.in_flight_seconds:g}")
        if self.stale_seconds < 90:
            raise ConfigError(
                "--stale-seconds",
                f"expected at least 90, got {self.stale_seconds:g}: bookmarks come about once a minute",
            )
        if self.keepalive_seconds <= 90:
            raise ConfigError(
                "--keepalive-seconds",
                f"expected more than 90, got {self.keepalive_seconds:g}: kube-scheduler reuses idle "
                "connections for 90 s",
            )
