"""``serve``: the service on a live cluster, or on a dump of one."""

from __future__ import annotations

import argparse
import asyncio
from importlib import import_module
from pathlib import Path

import structlog

from extender.core.prediction.evaluate import Settings
from extender.core.topology.vocabulary import Vocabulary
from extender.service import logs
from extender.service.config import (
    Address,
    Config,
    ConfigError,
    LogFormat,
    LogLevel,
    RecordingSettings,
    Tls,
    parse_address,
)
from extender.service.http.dependencies import Service
from extender.service.http.web import make_app
from extender.service.metrics.metrics import Metrics
from extender.service.policy import ANNOTATION, Policy
from extender.service.process.run import ListenError, serve
from extender.service.store import FrozenStore

from ..cluster_input import ClusterInput, cluster_input, read_cluster
from ..failure import WrongInput
from ..options import add_cluster, add_kubernetes
from ..site import Site, add_site, site_of
from ..wording import counted

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.serve")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = Config()
    add_cluster(parser, "without it the live cluster is watched")
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        help="of the live cluster (default: the pod's service account, else $KUBECONFIG or ~/.kube/config)",
    )
    parser.add_argument("--context", metavar="NAME", help="in the kubeconfig (default: the current one)")
    parser.add_argument(
        "--decisive",
        action="store_true",
        help="give one of the best nodes --score-max more than all others, so that it is known where the pod "
        "lands; needs a weight with which that outweighs the scheduler's own scores",
    )
    parser.add_argument(
        "--in-flight-seconds",
        type=float,
        metavar="S",
        default=defaults.in_flight_seconds,
        help="how long a placement of which nothing is heard counts (default: %(default)g)",
    )
    parser.add_argument(
        "--stale-seconds",
        type=float,
        metavar="S",
        default=defaults.stale_seconds,
        help="without word from the API server for so long, all nodes are alike (default: %(default)g)",
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default=str(defaults.listen),
        help="address to listen on, port 0 for any free one (default: %(default)s)",
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="record every scheduling attempt for replay, gzipped if FILE ends in .gz; live only",
    )
    parser.add_argument(
        "--record-size",
        type=int,
        metavar="MIB",
        default=64,
        help="size at which FILE becomes FILE.1 and another one begins (default: %(default)s)",
    )
    parser.add_argument(
        "--record-files",
        type=int,
        metavar="N",
        default=5,
        help="how many files are kept, FILE included (default: %(default)s)",
    )
    parser.add_argument(
        "--webhook-listen",
        metavar="HOST:PORT",
        help="address to serve HTTPS on as well, for the admission webhook; needs --tls-cert and --tls-key",
    )
    parser.add_argument(
        "--tls-cert", metavar="FILE", help="certificate (chain) as PEM; read again when it changes"
    )
    parser.add_argument("--tls-key", metavar="FILE", help="its private key as PEM, without a passphrase")
    add_kubernetes(parser, "the one the dump names, else the newest known")
    add_site(parser)
    parser.add_argument(
        "--score-max",
        type=int,
        metavar="N",
        default=defaults.evaluation.score_max,
        help="score of perfect alignment (default: %(default)s)",
    )
    parser.add_argument(
        "--alignment",
        choices=[policy.value for policy in Policy],
        default=defaults.default_policy.value,
        help=f"policy of pods without the annotation {ANNOTATION} (default: %(default)s)",
    )
    parser.add_argument(
        "--search-steps",
        type=int,
        metavar="N",
        default=defaults.evaluation.search_steps,
        help="steps after which one search is given up as unknown (default: %(default)s)",
    )
    parser.add_argument(
        "--request-steps",
        type=int,
        metavar="N",
        default=defaults.evaluation.request_steps,
        help="steps that all searches of one request may take (default: %(default)s)",
    )
    parser.add_argument(
        "--drain-seconds",
        type=float,
        metavar="S",
        default=defaults.drain_seconds,
        help="how long to serve on after SIGTERM, with readiness off (default: %(default)g)",
    )
    parser.add_argument(
        "--log-level",
        choices=[level.value for level in LogLevel],
        default=defaults.log_level.value,
        help="least important level that is logged (default: %(default)s)",
    )
    parser.add_argument(
        "--log-format",
        choices=[form.value for form in LogFormat],
        default=defaults.log_format.value,
        help="form of the log on stderr (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal; prints the address once requests are accepted."""
    site = site_of(args)
    try:
        config = _config(args, site)
    except ConfigError as error:
        raise WrongInput(str(error)) from error
    if not args.cluster:
        return _run_live(args, config, site.vocabulary)
    for name in ("kubeconfig", "context", "decisive", "record"):
        if getattr(args, name):
            raise WrongInput(f"--{name} is for a live cluster: leave out --cluster, which serves a dump")
    given = cluster_input(read_cluster(args.cluster), args.kubernetes, args.feature_gates, site.vocabulary)
    logs.configure(config.log_level, config.log_format)
    try:
        asyncio.run(_serve(given, config))
    except (ConfigError, ListenError) as error:
        raise WrongInput(str(error)) from error
    return 0


def _run_live(args: argparse.Namespace, config: Config, vocabulary: Vocabulary) -> int:
    # The official client takes longer to import than a dump takes to serve.
    serve_live = import_module("extender.cli.serve.live").serve_live
    logs.configure(config.log_level, config.log_format)
    try:
        asyncio.run(serve_live(args, config, vocabulary))
    except (ConfigError, ListenError) as error:
        raise WrongInput(str(error)) from error
    return 0


def _config(args: argparse.Namespace, site: Site) -> Config:
    return Config(
        listen=parse_address(args.listen),
        evaluation=Settings(args.score_max, args.search_steps, args.request_steps, site.worths),
        default_policy=Policy(args.alignment),
        log_level=LogLevel(args.log_level),
        log_format=LogFormat(args.log_format),
        drain_seconds=args.drain_seconds,
        in_flight_seconds=args.in_flight_seconds,
        stale_seconds=args.stale_seconds,
        recording=args.record and RecordingSettings(args.record, args.record_size, args.record_files),
        tls=_tls(args),
    )


def _tls(args: argparse.Namespace) -> Tls | None:
    given = (args.webhook_listen, args.tls_cert, args.tls_key)
    if not any(given):
        return None
    if not all(given):
        raise ConfigError("--webhook-listen", "takes --tls-cert and --tls-key; give all three or none")
    return Tls(
        parse_address(args.webhook_listen, option="--webhook-listen"), Path(args.tls_cert), Path(args.tls_key)
    )


async def _serve(given: ClusterInput, config: Config) -> None:
    release = given.snapshot.release.version
    service = Service(
        store=FrozenStore(given.snapshot),
        settings=config.evaluation,
        metrics=Metrics(release),
        default_policy=config.default_policy,
    )
    for note in given.notes:
        log.warning("about the input", note=note)

    def announce(address: Address) -> None:
        nodes = counted(len(given.snapshot.nodes), "node")
        print(f"serving {nodes} of Kubernetes {release} on http://{address}", flush=True)

    await serve(make_app(service), service.lifecycle, config, announce)
