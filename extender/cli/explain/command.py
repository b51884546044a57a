"""``explain``: which devices a pod would get on each node, how near they are, and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from extender.core.claims.given_back import given_back
from extender.core.prediction.evaluate import Best, Memo, Settings, Snapshot, evaluate
from extender.core.topology.published import does_rdma
from extender.kube.decode.readings import PENDING_READINGS
from extender.model import Pod
from extender.model.pending_pods import PENDING_POD, PendingPod
from extender.service.explain import Explanation, explained_nodes, explanation_of, to_json
from extender.service.policy import Policy, policy_of

from ..cluster_input import cluster_input, dumped_or_live
from ..exit_status import Exit, WrongInput
from ..options import add_cluster, add_kubernetes, add_output
from ..progress import Progress
from ..site import add_site, site_of
from ..text import terminal_width
from .hint import card_attributes
from .nomination import shown_nomination
from .table import Context, explain_table

_DEFAULT_NAMESPACE = "default"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cluster(parser, "default: the live cluster of your kubeconfig")
    parser.add_argument("--pod", required=True, metavar="NS/NAME", help="the pod, bound to a node or not")
    parser.add_argument(
        "--node",
        nargs="+",
        action="extend",
        default=[],
        metavar="N",
        help="explain only these nodes (default: all)",
    )
    parser.add_argument(
        "--anew",
        action="store_true",
        help="explain as if the pod gave back the devices that it holds and was created anew",
    )
    add_kubernetes(parser, "the cluster's, else the newest known")
    add_site(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Explain, as a table or as the document that the service answers."""
    namespace, name = pod_key(args.pod)
    site = site_of(args)
    cluster = dumped_or_live(args.cluster, readings=PENDING_READINGS)
    frozen = cluster_input(cluster, args.kubernetes, args.feature_gates, site.vocabulary, site.machines)
    snapshot = frozen.snapshot
    pod = snapshot.pods.get((namespace, name))
    if pod is None:
        raise WrongInput(f"--pod: {absent_pod(f'{namespace}/{name}', snapshot.pods)}")
    notes = [*frozen.notes]
    if args.anew:
        where = f" on {pod.node_name}" if pod.node_name else ""
        pod, snapshot, kept = given_back(pod, snapshot)
        notes.append(f"as if {namespace}/{name} gave back what it holds{where} and was created anew")
        notes += [f"claim {claim} stays allocated: others use it, too" for claim in kept]
    names = tuple(dict.fromkeys(args.node)) or tuple(snapshot.nodes)
    notes += [
        f"--node {name} is not in the input{_similar(name, snapshot.nodes)}"
        for name in names
        if name not in snapshot.nodes
    ]
    pending = cluster.objects[PENDING_POD].get((namespace, name))
    explained = _explain(pod, pending, snapshot, names, Settings(worths=site.worths))
    if args.output == "json":
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        print(to_json(explained, indent=True).decode())
    else:
        cards = card_attributes(snapshot, explained.nodes)
        context = Context(pod.node_name, notes, site.vocabulary, _without_rdma(snapshot), cards)
        print("\n".join(explain_table(explained, context, terminal_width())))
    return Exit.FINE


def _explain(
    pod: Pod, pending: PendingPod | None, snapshot: Snapshot, names: Sequence[str], settings: Settings
) -> Explanation:
    evaluation = evaluate(snapshot, pod, Memo(lambda names, score: [score] * len(names)), settings)
    ignored = policy_of(pod, snapshot.namespaces, Policy.PREFERRED).policy is Policy.IGNORE
    with Progress("looking for the best devices on node", len(names)) as progress:

        def best(name: str) -> Best:
            progress.step(name)
            return evaluation.best(name)

        verdicts = evaluation.verdicts(names)
        nodes = explained_nodes(
            names,
            verdicts,
            best,
            evaluation.no_fit,
            evaluation.double_uses,
            score=settings.neutral if ignored else None,
        )
    nomination = shown_nomination(pending, nodes, ranked=not ignored)
    return explanation_of(pod, snapshot.release.version, nodes, evaluation.ignored(verdicts), nomination)


def _without_rdma(snapshot: Snapshot) -> set[str]:
    """The NICs, as ``driver/pool/device``, whose slices say that they do no RDMA."""
    nics = set()
    for slice_ in snapshot.published.values():
        names = snapshot.vocabulary.attributes(slice_.driver)
        if names.rdma:
            nics |= {
                f"{slice_.driver}/{slice_.pool}/{device.name}"
                for device in slice_.devices
                if does_rdma(names, device) is False
            }
    return nics


def pod_key(text: str) -> tuple[str, str]:
    """Namespace and name as ``--pod`` gives them. Raises ``WrongInput``."""
    namespace, slash, name = text.rpartition("/")
    if not name or "/" in namespace or (slash and not namespace):
        raise WrongInput(f"--pod: expected NAMESPACE/NAME, got {text!r}")
    return namespace or _DEFAULT_NAMESPACE, name


def absent_pod(wanted: str, pods: Collection[tuple[str, str]]) -> str:
    """Say that the pod ``wanted`` is not among ``pods``, and which it may have been."""
    if not pods:
        return f"{wanted} is not in the input, which holds no Pod; dump pods too"
    names = [f"{namespace}/{name}" for namespace, name in pods]
    of_that_name = [name for name in names if name.endswith(f"/{wanted.partition('/')[2]}")]
    return f"{wanted} is not in the input{_similar(wanted, names, of_that_name)}"


def _similar(wanted: str, names: Collection[str], first: Sequence[str] = ()) -> str:
    near = list(dict.fromkeys([*sorted(first), *get_close_matches(wanted, sorted(names), n=3)]))[:3]
    if not near:
        return ""
    return f"; did you mean {' or '.join(near)}?"
