"""
What it takes to read a fleet, to keep up with it, and to answer the first pod of each spec.

    python -m tests.costs [--nodes N[,N...]] [--repeats N] [--batch N]

Processor time of this process, on the fleets of ``dra-extender bench``; of several repeats the least.
Takes about half a minute for 5,000 nodes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from extender.cli.bench.command import positive, sizes
from extender.cli.text import columns
from tests.costs.measure import Cost, costs


def main(arguments: Sequence[str]) -> int:
    """Print a table of costs, one row each, one column for each size."""
    parser = argparse.ArgumentParser(prog="python -m tests.costs", description=__doc__)
    parser.add_argument("--nodes", type=sizes, default=[500, 5000], help="sizes of the fleets")
    parser.add_argument("--repeats", type=positive, default=3, help="how often each event is measured")
    parser.add_argument("--batch", type=positive, default=50, help="how many events come at once")
    args = parser.parse_args(arguments)
    measured: list[dict[str, Cost]] = [costs(nodes, args.repeats, args.batch) for nodes in args.nodes]
    rows = [("", "unit", *(f"{nodes:,} nodes" for nodes in args.nodes))]
    rows += [
        (name, cost.unit, *(f"{of[name].amount:.1f}" for of in measured))
        for name, cost in measured[0].items()
    ]
    sys.stdout.write("\n".join(columns(rows, right=range(2, len(rows[0])))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
