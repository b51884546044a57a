"""
Nomination on a live cluster: its parts put together.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from extender.core.scheduling import rules_of
from extender.kube.api.event_recorder import EventResult
from extender.kube.api.lease import Lease, own_namespace
from extender.kube.api.nominations import ApiNominations

from ..config import LEASE, NominateOptions
from ..config_error import ConfigError
from ..namespace_limit import NamespaceLimit
from ..nomination.loop import NominationLoop, Prepare
from ..nomination.node_rules import NodeRules
from ..nomination.nominator import NominationSettings, Nominator
from ..nomination.notices import Notices
from ..nomination.results import Counted

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import Evaluation
    from extender.core.releases.release import Release
    from extender.kube.api.connection import Connection
    from extender.kube.api.event_recorder import EventRecorder
    from extender.kube.watch.events import ReflectorState
    from extender.model import Pod

    from ..config import Config
    from ..live.prediction_check import PredictionCheck
    from ..live.store import LiveStore
    from ..metrics.metrics import Metrics

FIRST_MINOR = (1, 35)
"""The first with NominatedNodeNameForExpectation on, so that others may set the field (KEP-5278)."""


@dataclass(frozen=True, slots=True)
class Nominating:
    """``loop`` takes changes; ``lease`` says whether this replica nominates."""

    loop: NominationLoop
    lease: Lease
    nominator: Nominator

    @property
    def tasks(self) -> tuple[Coroutine[object, object, object], ...]:
        return self.loop.run(), self.lease.run()


def check_release(release: Release) -> None:
    """Raises ``ConfigError`` where the scheduler does not count on nominations by others."""
    major, minor = map(int, release.version.split(".")[:2])
    if (major, minor) < FIRST_MINOR:
        raise ConfigError(
            "--nominate",
            f"needs Kubernetes 1.35, this is {release.version}: its feature gate "
            "NominatedNodeNameForExpectation is off, so the field is left on bound pods",
        )


def nominating(
    connection: Connection,
    config: Config,
    store: LiveStore,
    checks: PredictionCheck,
    metrics: Metrics,
    clock: Callable[[], float],
    evaluate: Callable[[Pod], Evaluation[bytes]],
    *,
    events: EventRecorder,
    trusted: Callable[[], bool],
    prepare: Prepare,
) -> Nominating:
    """
    ``trusted``: whether the cluster is known well enough to act on it. ``prepare``: see
    ``NominationLoop``.
    """
    options = config.nominate or NominateOptions()
    namespace, _, name = (options.lease or f"{own_namespace()}/{LEASE}").partition("/")
    lease = Lease(connection, namespace, name, f"{socket.gethostname()}_{uuid4()}", clock=clock)
    nominator = Nominator(
        store,
        checks,
        evaluate,
        NodeRules(rules_of(store.current.release), lambda: store.current.classes),
        NominationSettings(
            schedulers=frozenset(options.schedulers),
            seconds=config.in_flight_seconds,
            default_policy=config.default_policy,
        ),
        clock,
        Counted(metrics.nomination, metrics.not_nominated),
        notices=Notices(events.record, NamespaceLimit(clock), lambda: metrics.event(EventResult.LIMITED)),
    )

    def may_act() -> bool:
        acting = lease.held and store.ready and trusted()
        metrics.nominating(len(nominator.outstanding), acting=acting)
        return acting

    loop = NominationLoop(
        nominator,
        ApiNominations(connection),
        may_act,
        clock,
        prepare,
        observed=metrics.nominated,
        failed=lambda: metrics.internal_error("other"),
    )
    return Nominating(loop, lease, nominator)


def in_step(reflectors: Sequence[ReflectorState]) -> bool:
    """Whether every kind is followed without a problem at this moment."""
    return all(state.synced and not state.problem for state in reflectors if state.served)
