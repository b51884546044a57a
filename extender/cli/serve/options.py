"""
The table of all options of ``serve`` alone; ``docs/cli.md`` is made from it.

Defaults are those of ``service.config``: an option whose value goes into the configuration takes its
default from there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from extender.model.pending_pods import DEFAULT_SCHEDULER
from extender.service.config import LEASE, RECORDING_FILES, RECORDING_MIB, Config, LogFormat, LogLevel
from extender.service.listeners import PEOPLE_ADDRESS, VERBS_ADDRESS
from extender.service.policy import ANNOTATION, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOption:
    """
    One option.

    ``metavar`` is empty for a switch. ``default`` is ``None`` where the option has none; ``absent`` then
    says what counts without it, and is empty where nothing does. ``live``: only for a live cluster.
    ``repeated``: may be given several times. ``page``: what in ``docs`` says more.
    """

    name: str
    help: str
    metavar: str = ""
    parse: Callable[[str], object] = str
    choices: type[StrEnum] | None = None
    default: object = None
    absent: str = ""
    live: bool = False
    repeated: bool = False
    page: str = ""

    @property
    def argument(self) -> str:
        """The attribute of the parsed arguments that holds the value."""
        return self.name.removeprefix("--").replace("-", "_")

    @property
    def default_text(self) -> str:
        """What counts without the option, empty where that is nothing."""
        return self.absent if self.default is None else f"{self.default:{_form(self.default)}}"

    @property
    def full_help(self) -> str:
        """The text of ``--help``."""
        return f"{self.help} (default: {self.default_text})" if self.default_text else self.help


_CONFIG = Config()

OPTIONS: tuple[ServeOption, ...] = (
    ServeOption(
        name="--kubeconfig",
        metavar="FILE",
        help="kubeconfig file of the live cluster",
        absent="the pod's service account, else $KUBECONFIG or ~/.kube/config",
        live=True,
        page="live.md",
    ),
    ServeOption(
        name="--context",
        metavar="NAME",
        help="context in the kubeconfig",
        absent="the current one",
        live=True,
        page="live.md",
    ),
    ServeOption(
        name="--decisive",
        help="raise the score of one of the best nodes by --score-max, so that the pod goes to that node; "
        "use it only with a scheduler weight high enough that this decides (see docs/live.md); live clusters "
        "only",
        live=True,
        page="live.md#decisive",
    ),
    ServeOption(
        name="--bind",
        help="bind pods for a scheduler that has bindVerb in its configuration; live clusters only",
        live=True,
        page="live.md#binding",
    ),
    ServeOption(
        name="--nominate",
        help="write the node of pending pods that claim devices to status.nominatedNodeName, which "
        "kube-scheduler tries first; Kubernetes 1.35 to 1.38; live clusters only",
        live=True,
        page="nominate.md",
    ),
    ServeOption(
        name="--scheduler-name",
        metavar="NAME",
        absent=DEFAULT_SCHEDULER,
        help="with --nominate: scheduler, as in spec.schedulerName, whose pods are nominated; may be given "
        "several times",
        repeated=True,
        live=True,
        page="nominate.md#which-pods-are-nominated",
    ),
    ServeOption(
        name="--nominate-lease",
        metavar="NAMESPACE/NAME",
        absent=f"{LEASE} in the namespace of the service account",
        help="with --nominate: Lease that lets one of several replicas nominate",
        live=True,
        page="nominate.md#replicas",
    ),
    ServeOption(
        name="--in-flight-seconds",
        metavar="S",
        parse=float,
        default=_CONFIG.in_flight_seconds,
        help="seconds to keep an assumed allocation that the API has not confirmed; live clusters only",
        page="live.md#allocations-in-flight",
    ),
    ServeOption(
        name="--stale-seconds",
        metavar="S",
        parse=float,
        default=_CONFIG.stale_seconds,
        help="give neutral answers after this many seconds without contact to the API server; "
        "live clusters only",
        page="protocol.md#neutral-answers",
    ),
    ServeOption(
        name="--listen",
        metavar="HOST:PORT",
        absent=f"{VERBS_ADDRESS}, unless one of the next three is given",
        help="loopback address on which to serve everything over plain HTTP; port 0 picks a free port",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--verbs-listen",
        metavar="HOST:PORT",
        absent=f"{VERBS_ADDRESS} where --ops-listen or --people-listen is given",
        help="address for kube-scheduler: filter, prioritize, bind and preempt only; any but a loopback "
        "address needs --tls-cert, --tls-key, --client-ca and --client-name, or --insecure-verbs",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--ops-listen",
        metavar="HOST:PORT",
        help="address for probes and metrics: /livez, /readyz and /metrics only, over plain HTTP",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--people-listen",
        metavar="HOST:PORT",
        absent=f"{PEOPLE_ADDRESS} where --verbs-listen or --ops-listen is given",
        help="address for people: the page at /, /explain and /debug only, over plain HTTP",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--tls-cert",
        metavar="FILE",
        parse=Path,
        help="certificate (chain) of the verbs' listener as a PEM file; reloaded when it changes",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--tls-key",
        metavar="FILE",
        parse=Path,
        help="private key of --tls-cert as a PEM file, without a passphrase; reloaded when it changes",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--client-ca",
        metavar="FILE",
        parse=Path,
        help="PEM file of the issuers of the client certificate that kube-scheduler must present; reloaded "
        "when it changes",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--client-name",
        metavar="NAME",
        repeated=True,
        help="name that the client certificate must have as DNS name, URI or common name, such as "
        "system:kube-scheduler; may be given several times",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--insecure-verbs",
        help="serve the verbs on an address that is not loopback without knowing the caller: whoever reaches "
        "it can bind pods; logs a warning at each start",
        page="protocol.md#listeners",
    ),
    ServeOption(
        name="--max-nodes",
        metavar="N",
        parse=int,
        default=_CONFIG.max_nodes,
        help="most node names of one request; more are refused with status 400",
        page="protocol.md#limits-and-connections",
    ),
    ServeOption(
        name="--max-body-mib",
        metavar="MIB",
        parse=int,
        default=_CONFIG.max_body_mib,
        help="most MiB of a body of filter, prioritize, preempt and explain; without nodeCacheCapable a node "
        "takes about 13 kB",
        page="protocol.md#limits-and-connections",
    ),
    ServeOption(
        name="--record",
        metavar="FILE",
        parse=Path,
        help="record every scheduling attempt to FILE, for replay; gzipped if FILE ends in .gz; "
        "live clusters only",
        live=True,
        page="recording.md#recording-a-live-cluster",
    ),
    ServeOption(
        name="--record-size",
        metavar="MIB",
        parse=int,
        default=RECORDING_MIB,
        help="size in MiB at which FILE is renamed to FILE.1 and a new FILE begins",
        page="recording.md#recording-a-live-cluster",
    ),
    ServeOption(
        name="--record-files",
        metavar="N",
        parse=int,
        default=RECORDING_FILES,
        help="number of files to keep, including FILE",
        page="recording.md#recording-a-live-cluster",
    ),
    ServeOption(
        name="--webhook-listen",
        metavar="HOST:PORT",
        help="address for the admission webhook: /mutate and /route only, over HTTPS; needs --webhook-cert "
        "and --webhook-key",
        page="soft-alignment.md#the-webhook",
    ),
    ServeOption(
        name="--webhook-cert",
        metavar="FILE",
        parse=Path,
        help="certificate (chain) of the webhook as a PEM file; reloaded when it changes",
        page="soft-alignment.md#the-webhook",
    ),
    ServeOption(
        name="--webhook-key",
        metavar="FILE",
        parse=Path,
        help="private key of --webhook-cert as a PEM file, without a passphrase; reloaded when it changes",
        page="soft-alignment.md#the-webhook",
    ),
    ServeOption(
        name="--webhook-client-ca",
        metavar="FILE",
        parse=Path,
        help="PEM file of the issuers of the client certificate that the API server must present; reloaded "
        "when it changes",
        page="soft-alignment.md#the-webhook",
    ),
    ServeOption(
        name="--route-to",
        metavar="NAME",
        help="with --webhook-listen: scheduler that /route writes into pods that claim devices and name no "
        "scheduler, or the default one; live clusters only",
        live=True,
        page="chart.md#routing",
    ),
    ServeOption(
        name="--score-max",
        metavar="N",
        parse=int,
        default=_CONFIG.evaluation.score_max,
        help="score of a node where the devices are aligned perfectly",
        page="../scheduler-config/README.md",
    ),
    ServeOption(
        name="--alignment",
        metavar="POLICY",
        choices=Policy,
        default=_CONFIG.default_policy,
        help="alignment policy of pods where neither the pod nor its Namespace has the annotation "
        + ANNOTATION,
        page="protocol.md#filter",
    ),
    ServeOption(
        name="--search-steps",
        metavar="N",
        parse=int,
        default=_CONFIG.evaluation.search_steps,
        help="most steps of one search; the result is unknown beyond",
        page="prediction.md#budgets",
    ),
    ServeOption(
        name="--request-steps",
        metavar="N",
        parse=int,
        default=_CONFIG.evaluation.request_steps,
        help="most steps of all searches of one request",
        page="prediction.md#budgets",
    ),
    ServeOption(
        name="--request-work",
        metavar="N",
        parse=int,
        default=_CONFIG.evaluation.request_units,
        help="most units of work, of about a microsecond each, of all else that answers one request",
        page="prediction.md#budgets",
    ),
    ServeOption(
        name="--drain-seconds",
        metavar="S",
        parse=float,
        default=_CONFIG.drain_seconds,
        help="seconds to keep serving after SIGTERM, while /readyz answers 503",
        page="protocol.md",
    ),
    ServeOption(
        name="--log-level",
        metavar="LEVEL",
        choices=LogLevel,
        default=_CONFIG.log_level,
        help="lowest level that is logged",
    ),
    ServeOption(
        name="--log-format",
        metavar="FORMAT",
        choices=LogFormat,
        default=_CONFIG.log_format,
        help="format of the log on stderr",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every option of the table."""
    for option in OPTIONS:
        text = option.full_help.replace("%", "%%")
        default = None if option.default is None else str(option.default)
        if not option.metavar:
            parser.add_argument(option.name, action="store_true", help=text)
        elif option.repeated:
            parser.add_argument(
                option.name, type=option.parse, metavar=option.metavar, action="append", default=[], help=text
            )
        elif option.choices is not None:
            words = [word.value for word in option.choices]
            parser.add_argument(option.name, choices=words, default=default, help=text)
        else:
            parser.add_argument(
                option.name, type=option.parse, metavar=option.metavar, default=default, help=text
            )


def markdown() -> str:
    """The table of ``docs/cli.md``."""
    return "\n".join(["| option | default | meaning |", "|---|---|---|", *map(_row, OPTIONS)])


def _row(option: ServeOption) -> str:
    name = f"{option.name} {option.metavar}".rstrip()
    meaning = option.help
    if option.choices is not None:
        meaning += ": " + ", ".join(f"`{word}`" for word in option.choices)
    if option.page:
        meaning += f" ([more]({option.page}))"
    return f"| `{name}` | {option.default_text or 'off'} | {meaning} |"


def _form(value: object) -> str:
    return "g" if isinstance(value, float) else ""
