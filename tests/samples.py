"""Reads the samples in tests/data: what drivers and users published."""

from __future__ import annotations

from extender.kube.files import cluster_file
from extender.kube.files.cluster import Cluster, ClusterBuilder
from tests.paths import DATA


def read_sample(folder: str, name: str) -> Cluster:
    """The objects of a sample, without the checks of a dump: some are fragments of documentation."""
    builder = ClusterBuilder()
    for document in cluster_file.documents(str(DATA / folder / f"{name}.yaml")):
        builder.add(document)
    return builder.build()
