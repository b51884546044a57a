"""``serve``: the service on a live cluster, or on a dump of one."""

from __future__ import annotations

import argparse
import asyncio
from importlib import import_module

import structlog

from extender.core.prediction.evaluate import Settings
from extender.model.pending_pods import DEFAULT_SCHEDULER
from extender.service import logs
from extender.service.config import Config, LogFormat, LogLevel, NominateOptions, RecordingSettings
from extender.service.config_error import ConfigError
from extender.service.listeners import ListenOptions, listeners_of
from extender.service.policy import Policy
from extender.service.process.dump_service import serve_dump
from extender.service.process.run import ListenError

from ..cluster_input import ClusterInput, cluster_input, read_cluster
from ..exit_status import Exit, WrongInput
from ..options import add_cluster, add_kubernetes
from ..site import Site, add_site, site_of
from ..text import counted
from .options import OPTIONS, add_options

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.serve")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cluster(parser, "default: watch the live cluster")
    add_kubernetes(parser, "the version that the dump names or the API server reports, else the newest known")
    add_site(parser)
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal; prints the address once requests are accepted."""
    site = site_of(args)
    try:
        config = config_of(args, site)
    except ConfigError as error:
        raise WrongInput(str(error)) from error
    if not args.cluster:
        return _run_live(args, config, site)
    for option in OPTIONS:
        if option.live and getattr(args, option.argument):
            raise WrongInput(f"{option.name} is for a live cluster: leave out --cluster, which serves a dump")
    given = cluster_input(
        read_cluster(args.cluster), args.kubernetes, args.feature_gates, site.vocabulary, site.machines
    )
    logs.configure(config.log_level, config.log_format)
    try:
        _serve_dump(given, config)
    except (ConfigError, ListenError) as error:
        raise WrongInput(str(error)) from error
    return Exit.FINE


def _run_live(args: argparse.Namespace, config: Config, site: Site) -> int:
    # The official client takes longer to import than a dump takes to serve.
    serve_cluster = import_module(f"{__package__}.live").serve_cluster
    logs.configure(config.log_level, config.log_format)
    try:
        asyncio.run(serve_cluster(args, config, site))
    except (ConfigError, ListenError) as error:
        raise WrongInput(str(error)) from error
    return Exit.FINE


def config_of(args: argparse.Namespace, site: Site) -> Config:
    """The configuration that the options give. Raises ``ConfigError``."""
    return Config(
        listeners=listeners_of(listen_options(args)),
        evaluation=Settings(
            args.score_max, args.search_steps, args.request_steps, site.worths, args.request_work
        ),
        default_policy=Policy(args.alignment),
        bind=args.bind,
        decisive=args.decisive,
        log_level=LogLevel(args.log_level),
        log_format=LogFormat(args.log_format),
        drain_seconds=args.drain_seconds,
        in_flight_seconds=args.in_flight_seconds,
        stale_seconds=args.stale_seconds,
        recording=args.record and RecordingSettings(args.record, args.record_size, args.record_files),
        nominate=_nominate(args),
        route_to=args.route_to or "",
        max_nodes=args.max_nodes,
        max_body_mib=args.max_body_mib,
    )


def _nominate(args: argparse.Namespace) -> NominateOptions | None:
    if args.nominate:
        return NominateOptions(tuple(args.scheduler_name) or (DEFAULT_SCHEDULER,), args.nominate_lease or "")
    for option in ("--scheduler-name", "--nominate-lease"):
        if getattr(args, option.removeprefix("--").replace("-", "_")):
            raise ConfigError(option, "is for --nominate, which is not given")
    return None


def listen_options(args: argparse.Namespace) -> ListenOptions:
    """The options about listeners."""
    return ListenOptions(
        listen=args.listen,
        verbs_listen=args.verbs_listen,
        ops_listen=args.ops_listen,
        people_listen=args.people_listen,
        webhook_listen=args.webhook_listen,
        tls_cert=args.tls_cert,
        tls_key=args.tls_key,
        client_ca=args.client_ca,
        client_names=tuple(args.client_name),
        insecure_verbs=args.insecure_verbs,
        webhook_cert=args.webhook_cert,
        webhook_key=args.webhook_key,
        webhook_client_ca=args.webhook_client_ca,
    )


def _serve_dump(given: ClusterInput, config: Config) -> None:
    snapshot = given.snapshot
    for note in given.notes:
        log.warning("about the input", note=note)

    def announce(addresses: str) -> None:
        nodes = counted(len(snapshot.nodes), "node")
        print(f"serving {nodes} of Kubernetes {snapshot.release.version} on {addresses}", flush=True)

    asyncio.run(serve_dump(snapshot, config, announce))
