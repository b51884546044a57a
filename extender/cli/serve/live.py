"""``serve`` on a live cluster: from the options to the service."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import structlog

from extender.kube.api.connection import connect
from extender.kube.api.errors import LiveError
from extender.service.process.live_service import Hardware, Scheduler, serve_live

from ..cluster_input import release_of
from ..exit_status import WrongInput

if TYPE_CHECKING:
    from extender.service.config import Config

    from ..site import Site

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.serve")


async def serve_cluster(args: argparse.Namespace, config: Config, site: Site) -> None:
    """
    Serve the cluster of the kubeconfig, or that the process runs in, until a signal.

    Raises ``WrongInput`` where the cluster cannot be reached at all or is of an unknown release.
    """
    try:
        async with connect(args.context, args.kubeconfig) as connection:
            release, note = release_of(args.kubernetes, connection.kubernetes, args.feature_gates)
            if note:
                log.warning("about the cluster", note=note)
            scheduler = Scheduler(release, args.kubernetes or connection.kubernetes, args.feature_gates)

            def announce(addresses: str) -> None:
                text = f"serving {connection.host} of Kubernetes {release.version} on {addresses}"
                print(text, flush=True)

            await serve_live(
                connection, scheduler, config, Hardware(site.vocabulary, site.machines), announce
            )
    except LiveError as error:
        raise WrongInput(str(error)) from error
