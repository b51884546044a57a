"""From the files that a command names to a snapshot and the release to model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from extender.core.cluster.snapshot import Snapshot
from extender.core.messages import first_few
from extender.core.releases.feature_gates import WrongGate
from extender.core.releases.history import LATEST, UnknownRelease, release_for
from extender.core.releases.release import Release
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from extender.kube.api.listing import LiveError, read_live
from extender.kube.decode import DecodeError
from extender.kube.decode.readings import Reading
from extender.kube.decode.resources import FOLLOWED, Resource
from extender.kube.files.cluster import Cluster
from extender.kube.files.cluster_file import ClusterFileError, read
from extender.service.collector import no_collection
from extender.service.machine_facts import facts_notes

from .exit_status import WrongInput
from .progress import Progress
from .text import counted

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class ClusterInput:
    """
    ``notes`` are sentences about the input that its reader should know. ``server``: the address of the API
    server of a live cluster, else empty.
    """

    snapshot: Snapshot
    notes: tuple[str, ...]
    server: str = ""


def read_cluster(paths: Sequence[str], readings: Sequence[Reading] = ()) -> Cluster:
    """
    Read ``paths``, ``-`` for standard input. ``readings``: how objects are read once more.

    Raises ``WrongInput``.
    """
    try:
        with Progress("reading object") as progress, no_collection():
            return read(paths, readings=readings, step=progress.step)
    except ClusterFileError as error:
        raise WrongInput(str(error)) from error


def dumped_or_live(
    paths: Sequence[str],
    resources: Iterable[Resource] = FOLLOWED,
    readings: Sequence[Reading] = (),
) -> Cluster:
    """Read ``paths``; where there are none, list ``resources`` of the live cluster. Raises ``WrongInput``."""
    if paths:
        return read_cluster(paths, readings)
    try:
        with Progress("reading object") as progress, no_collection():
            return read_live(resources=resources, readings=readings, step=progress.step)
    except LiveError as error:
        raise WrongInput(str(error)) from error


def cluster_input(
    cluster: Cluster,
    kubernetes: str | None,
    gates: Mapping[str, bool] | None = None,
    vocabulary: Vocabulary = DEFAULT_VOCABULARY,
    machines: MachineFacts = NO_FACTS,
) -> ClusterInput:
    """
    Freeze ``cluster`` under the release that ``kubernetes`` or the cluster itself names.

    ``gates``: feature gates that differ from the release's defaults. Raises
    ``WrongInput`` for a release that is not modelled or has no such gate.
    """
    release, about_release = release_of(kubernetes, cluster.kubernetes, gates)
    with (
        Progress(f"working out where the devices of {counted(len(cluster.nodes), 'node')} are"),
        no_collection(),
    ):
        snapshot = snapshot_of(cluster, release, vocabulary, machines)
    notes = [about_release] if about_release else []
    if not cluster.nodes:
        notes.append("the input holds no Node, so there is nothing to place pods on; dump nodes too")
    elif not cluster.slices:
        notes.append("the input holds no ResourceSlice, so no node has devices; dump resourceslices too")
    notes += facts_notes(snapshot).values()
    notes += left_out_notes(cluster.left_out)
    if cluster.replaced:
        named = first_few(cluster.replaced, _MOST_NAMED)
        notes.append(f"given more than once, the last one counts: {named}")
    return ClusterInput(snapshot, tuple(notes), cluster.server)


def left_out_notes(left_out: Sequence[DecodeError]) -> list[str]:
    """Name the objects that could not be read, the first ones with what is wrong."""
    notes = [
        f"{error}; the object is left out{', but its devices count as taken' if error.remains else ''}"
        for error in left_out[:_MOST_NAMED]
    ]
    if len(left_out) > _MOST_NAMED:
        notes.append(f"{len(left_out) - _MOST_NAMED} more objects cannot be read and are left out")
    return notes


def release_of(asked: str | None, found: str, gates: Mapping[str, bool] | None = None) -> tuple[Release, str]:
    """
    The release that was ``asked`` for, else the one ``found`` in the input, else the newest.

    Also a sentence if that is not simply what the input says. Raises ``WrongInput``.
    """
    version = asked or found
    try:
        release = release_for(version or LATEST.version, gates)
    except WrongGate as error:
        raise WrongInput(f"--feature-gates: {error}") from error
    except UnknownRelease as error:
        where = "--kubernetes" if asked else "the input's version"
        advice = "" if asked else "; --kubernetes predicts for another release"
        raise WrongInput(f"{where}: {error}{advice}") from error
    if not version:
        return release, (
            f"the input does not name a Kubernetes version: predicted for {release.version}, the newest "
            "known; name it with --kubernetes"
        )
    if not asked and release.version != version:
        return release, f"Kubernetes {version} is predicted like {release.version}, the newest patch known"
    return release, ""


def snapshot_of(
    cluster: Cluster,
    release: Release,
    vocabulary: Vocabulary = DEFAULT_VOCABULARY,
    machines: MachineFacts = NO_FACTS,
) -> Snapshot:
    """Freeze a decoded cluster."""
    return Snapshot.of_objects(cluster.objects, release, vocabulary, machines)
