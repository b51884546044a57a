"""``check``: which distances are known on the nodes of a cluster, and what to do about the others."""

from __future__ import annotations

import argparse
import sys

import orjson

from extender.core.cluster.known_distances import known_types
from extender.core.topology.known_machines import INSTANCE_TYPE

from ..cluster_input import cluster_input, dumped_or_live
from ..exit_status import Exit
from ..options import add_cluster, add_kubernetes, add_output
from ..site import add_site, site_of
from ..text import terminal_width
from .report import check_document, check_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cluster(parser, "default: the live cluster of your kubeconfig")
    add_kubernetes(parser, "the cluster's, else the newest known")
    add_site(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Check; a finding is a distance that nobody tells."""
    site = site_of(args)
    cluster = dumped_or_live(args.cluster)
    given = cluster_input(cluster, args.kubernetes, args.feature_gates, site.vocabulary, site.machines)
    types = known_types(given.snapshot.nodes, site.vocabulary, INSTANCE_TYPE)
    for note in given.notes:
        print(f"note: {note}", file=sys.stderr)
    if args.output == "json":
        print(orjson.dumps(check_document(types), option=orjson.OPT_INDENT_2).decode())
    else:
        print("\n".join(check_table(types, terminal_width())))
    unknown = any(
        found.unknown for group in types.values() for each in group for found in each.kinds.values()
    )
    return Exit.FINDING if unknown else Exit.FINE
