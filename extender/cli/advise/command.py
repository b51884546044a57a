"""``advise``: which constraints a claim could carry, on how many nodes they hold, what is wrong with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from extender.core.advice.advisor import Advice, advise
from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.settings import Settings
from extender.kube.decode.readings import SCHEDULING_READINGS
from extender.kube.decode.resources import RESOURCES
from extender.kube.files.claim_fields import newer_fields
from extender.kube.files.claim_file import ClaimFile, ManifestKey, manifests_of, read_claims
from extender.kube.files.cluster import Cluster
from extender.kube.files.cluster_file import ClusterFileError
from extender.model.kinds import DEVICE_CLASS, RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE
from extender.model.scheduling_kinds import SCHEDULING_POD
from extender.service.collector import never_collected

from ..cluster_input import cluster_input, dumped_or_live
from ..exit_status import Exit, WrongInput
from ..explain.command import absent_pod, pod_key
from ..options import add_cluster, add_kubernetes
from ..progress import Progress
from ..site import add_site, site_of
from ..text import terminal_width
from .document import advice_document
from .manifests import manifests
from .subjects import Known, Titled, file_subjects, pod_subject
from .table import advice_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--pod", metavar="NS/NAME", help="a pod of the cluster, bound to a node or not")
    subject.add_argument(
        "-f",
        "--filename",
        metavar="FILE",
        help="YAML or JSON file with ResourceClaims or ResourceClaimTemplates, or with pods (or Deployments, "
        "Jobs and so on) and the claims and templates that they use; '-' reads standard input",
    )
    add_cluster(parser, "default: the live cluster of your kubeconfig")
    add_kubernetes(parser, "the cluster's, else the newest known")
    add_site(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json", "yaml"),
        default="table",
        help="output format; yaml prints the claims, rewritten to prefer near devices (default: table)",
    )


def run(args: argparse.Namespace) -> int:
    """Advise on each subject; status 1 if some claim can be met nowhere."""
    with never_collected():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    site = site_of(args)
    given = _given(args.filename) if args.filename else None
    cluster = dumped_or_live(args.cluster, RESOURCES, SCHEDULING_READINGS)
    if given is not None:
        cluster = _with_classes(cluster, given)
    frozen = cluster_input(cluster, args.kubernetes, args.feature_gates, site.vocabulary, site.machines)
    snapshot = frozen.snapshot
    if given is not None:
        _check_fields(given, snapshot.release.minor)
    subjects = _subjects(args.pod, given, cluster, snapshot)
    advised = list(_advised(subjects, snapshot, Settings(worths=site.worths)))
    kubernetes = snapshot.release.version
    for note in frozen.notes:
        print(f"note: {note}", file=sys.stdout if args.output == "table" else sys.stderr)
    if args.output == "json":
        document = advice_document(kubernetes, advised)
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    elif args.output == "yaml":
        written = _written(given, args.cluster, advised)
        print("---\n".join(manifests(advised, written, snapshot.release)), end="")
    else:
        tables = ("\n".join(advice_table(*each, kubernetes, terminal_width())) for each in advised)
        print("\n\n".join(tables))
    return Exit.FINDING if any(advice.blocked for _, advice in advised) else Exit.FINE


def _given(path: str) -> ClaimFile:
    try:
        return read_claims(path, readings=SCHEDULING_READINGS)
    except ClusterFileError as error:
        raise WrongInput(f"-f {error}") from error


def _check_fields(given: ClaimFile, minor: str) -> None:
    """Refuse fields that the API server of the release does not know. Raises ``WrongInput``."""
    for (kind, namespace, name), manifest in given.manifests.items():
        for error in newer_fields(manifest, minor):
            raise WrongInput(f'-f {given.path}: {kind} "{namespace}/{name}": {error.field}: {error.problem}')


def _with_classes(cluster: Cluster, given: ClaimFile) -> Cluster:
    """The classes of the file will be there when its claims are."""
    return replace(cluster, objects=cluster.objects.updated(Changes.of(DEVICE_CLASS, given.cluster.classes)))


def _subjects(pod: str | None, given: ClaimFile | None, cluster: Cluster, snapshot: Snapshot) -> list[Titled]:
    templates, pods = cluster.objects[RESOURCE_CLAIM_TEMPLATE], cluster.objects[SCHEDULING_POD]
    if given is None:
        namespace, name = pod_key(pod or "")
        found = snapshot.pods.get((namespace, name))
        if found is None:
            raise WrongInput(f"--pod: {absent_pod(f'{namespace}/{name}', snapshot.pods)}")
        return [pod_subject(found, Known(snapshot.claims, templates, pods, "the input"), "--pod")]
    claims = {**snapshot.claims, **given.cluster.objects[RESOURCE_CLAIM]}
    templates = {**templates, **given.cluster.objects[RESOURCE_CLAIM_TEMPLATE]}
    pods = {**pods, **given.cluster.objects[SCHEDULING_POD]}
    return list(file_subjects(given, Known(claims, templates, pods, f"{given.path} and the cluster")))


def _written(
    given: ClaimFile | None, paths: list[str], advised: list[tuple[Titled, Advice]]
) -> dict[ManifestKey, Mapping[str, object]]:
    """The claims of the subjects as they stand in the file, else in the dump."""
    found = dict(given.manifests) if given is not None else {}
    missing = {source for titled, _ in advised for source in titled.sources} - found.keys()
    if missing:
        # Standard input was read already.
        found.update(manifests_of([path for path in paths if path != "-"], missing))
    return found


def _advised(
    subjects: list[Titled], snapshot: Snapshot, settings: Settings
) -> Iterator[tuple[Titled, Advice]]:
    for titled in subjects:
        with Progress(f"{titled.title}: judging node") as progress:
            yield titled, advise(titled.subject, snapshot, settings, progress.step)
