"""
What it costs to rate the pods of a dump together, and those of each namespace alone.

What the parts cost more than the whole is what processes would do twice that rate a part each, beside
reading the dump. As a program it takes the paths of the dump, read under Kubernetes 1.36.2, and prints
processor time as a share of what all pods took.
"""

from __future__ import annotations

import sys
import time

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.audit.auditor import Auditor
from extender.core.cluster.snapshot import Snapshot
from extender.kube.decode.readings import SCHEDULING_READINGS
from extender.service.collector import no_collection


def processor_seconds(snapshot: Snapshot, *namespaces: str) -> float:
    """Seconds to rate the pods of some namespaces, of all where none are named."""
    auditor = Auditor(snapshot, namespaces)
    started = time.process_time()
    for _ in auditor.rate():
        pass
    return time.process_time() - started


def main() -> None:
    with no_collection():
        cluster = read_cluster(sys.argv[1:], SCHEDULING_READINGS)
        snapshot = cluster_input(cluster, "1.36.2").snapshot
        whole = processor_seconds(snapshot)
        parts = {
            name: processor_seconds(snapshot, name)
            for name in sorted({pod.namespace for pod in snapshot.pods.values()})
        }
    for name, seconds in parts.items():
        sys.stdout.write(f"{name}: {seconds / whole:.2f}\n")
    sys.stdout.write(f"together: {sum(parts.values()) / whole:.2f}\n")


if __name__ == "__main__":
    main()
