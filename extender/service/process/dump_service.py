"""The service on a dump of a cluster: nothing changes, nothing can be bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..http.dependencies import Service
from ..metrics.metrics import Metrics
from ..store import FrozenStore
from ..wire import ArgsDecoder
from .run import serve

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import Snapshot

    from ..config import Config


async def serve_dump(snapshot: Snapshot, config: Config, announce: Callable[[str], None]) -> None:
    """
    Serve ``snapshot`` until a signal.

    ``announce`` is told the addresses once requests are accepted. Raises ``ConfigError`` and
    ``ListenError``.
    """
    service = Service(
        store=FrozenStore(snapshot),
        settings=config.evaluation,
        metrics=Metrics(snapshot.release.version),
        default_policy=config.default_policy,
        args=ArgsDecoder(config.max_nodes),
    )
    await serve(service, config, announce)
