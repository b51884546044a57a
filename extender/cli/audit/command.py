"""``audit``: how near the devices of running pods are, how near they could be, and what that costs."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from extender.core.alignment.worths import Worths
from extender.core.audit.auditor import Audit, Auditor
from extender.core.audit.totals import Totals, totals_of
from extender.core.cluster.snapshot import Snapshot
from extender.kube.decode.readings import SCHEDULING_READINGS
from extender.service.collector import never_collected

from ..cluster_input import ClusterInput, cluster_input, dumped_or_live
from ..exit_status import Exit, WrongInput
from ..options import add_cluster, add_kubernetes
from ..progress import Progress
from ..replay.recorded_end import read_recorded_end
from ..site import Site, add_site, site_of
from ..text import terminal_width
from .document import audit_document
from .page import audit_page
from .source import Source
from .table import audit_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cluster(parser, "default: the live cluster of your kubeconfig")
    parser.add_argument(
        "--recording",
        metavar="FILE",
        help="audit the state at the end of this recording, instead of a cluster",
    )
    parser.add_argument(
        "--namespace",
        nargs="+",
        action="extend",
        default=[],
        metavar="NS",
        help="rate only pods of these namespaces (default: all)",
    )
    parser.add_argument(
        "--top",
        type=int,
        default=10,
        metavar="N",
        help="show the N pods that lose most, and N rows of each table (default: 10); JSON has all",
    )
    add_kubernetes(parser, "the cluster's, else the newest known")
    add_site(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json", "html"),
        default="table",
        help="output format (default: table); html is one self-contained page",
    )


def run(args: argparse.Namespace) -> int:
    """Audit; a finding is a pod that could have nearer devices as things stand."""
    if args.top < 0:
        raise WrongInput(f"--top: expected at least 0, got {args.top}")
    with never_collected():
        site = site_of(args)
        cluster = _given(args, site)
        snapshot = cluster.snapshot
        notes = [*cluster.notes, *_about_namespaces(args.namespace, snapshot)]
        audit = _audit(snapshot, args.namespace, site.worths)
        with Progress("adding up"):
            totals = totals_of(audit)
        _print(args, audit, totals, notes, _source(args, cluster.server))
    return Exit.FINDING if totals.all.avoidable else Exit.FINE


def _given(args: argparse.Namespace, site: Site) -> ClusterInput:
    if args.recording is not None:
        if args.cluster or args.kubernetes or args.feature_gates:
            raise WrongInput(
                "--recording: a recording has a cluster and a release of its own; leave out --cluster, "
                "--kubernetes and --feature-gates"
            )
        return read_recorded_end(args.recording, site.vocabulary, site.machines)
    cluster = dumped_or_live(args.cluster, readings=SCHEDULING_READINGS)
    return cluster_input(cluster, args.kubernetes, args.feature_gates, site.vocabulary, site.machines)


def _audit(snapshot: Snapshot, namespaces: Sequence[str], worths: Worths) -> Audit:
    with Progress("finding the devices of running pods"):
        auditor = Auditor(snapshot, namespaces, worths)
    with Progress("rating pod", len(auditor)) as progress:
        for name in auditor.rate():
            progress.step(name)
    with Progress("planning for pod") as progress:
        return auditor.result(progress.step)


def _source(args: argparse.Namespace, server: str) -> Source:
    """Where the input is from; a file's age is that of its last change."""
    now = datetime.now(UTC)
    paths = [args.recording] if args.recording is not None else args.cluster
    ages = [
        f"{path} is of {datetime.fromtimestamp(Path(path).stat().st_mtime, UTC):%Y-%m-%d %H:%M}"
        for path in paths
        if path != "-"
    ]
    given = [("--cluster", *args.cluster)] if args.cluster else []
    given += [("--kubernetes", args.kubernetes)] if args.kubernetes else []
    if args.feature_gates:
        gates = ",".join(f"{name}={str(on).lower()}" for name, on in args.feature_gates.items())
        given.append(("--feature-gates", gates))
    files = {"--vocabulary": args.vocabulary, "--worths": args.worths}
    given += [(option, path) for option, path in files.items() if path is not None]
    given += [("--machines", *args.machines)] if args.machines else []
    return Source(
        cluster=", ".join(paths) or server,
        when="; ".join([f"read {now:%Y-%m-%d %H:%M} UTC", *ages]),
        command=shlex.join(("dra-extender", *sys.argv[1:])),
        arguments=tuple(part for option in given for part in option),
    )


def _print(
    args: argparse.Namespace, audit: Audit, totals: Totals, notes: Sequence[str], source: Source
) -> None:
    if args.output == "table":
        print("\n".join(audit_table(audit, totals, notes, source, args.top, terminal_width())))
        return
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if args.output == "html":
        print(audit_page(audit, totals, notes, source, args.top), end="")
    else:
        print(orjson.dumps(audit_document(audit, totals, source), option=orjson.OPT_INDENT_2).decode())


def _about_namespaces(namespaces: Sequence[str], snapshot: Snapshot) -> Iterator[str]:
    used = {pod.namespace for pod in snapshot.pods.values()}
    if not snapshot.pods:
        yield "the input holds no Pod, so there is nothing to rate; dump pods too"
    else:
        yield from (
            f"--namespace {name}: no pod of the input is in it" for name in namespaces if name not in used
        )
