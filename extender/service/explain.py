"""
The explanation: predictions, alignment and reasons per node.

One set of classes is the document in both directions: the service and ``explain`` make it from verdicts,
``to_json`` encodes it, and whoever asked over HTTP reads it back with ``read_explanation``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import orjson

from extender.core.prediction.behind import behind_best
from extender.core.prediction.evaluate import Certainty, Outcome
from extender.core.prediction.ignored import IgnoredCode
from extender.core.prediction.no_fit.sentence import fit_sentence
from extender.core.reasons import ReasonCode, reason, render

from .fit import ExplainedFit, explained_fit, no_fit_of
from .machine_facts import SOURCE, facts_sentence

if TYPE_CHECKING:
    from extender.core.cluster.double_use import DoubleUse
    from extender.core.prediction.evaluate import Best, NodeVerdict, PredictedDevice
    from extender.core.prediction.ignored import Ignored
    from extender.core.prediction.no_fit.causes import NoFit
    from extender.core.topology.machine_facts import FactsUse
    from extender.model import Pod

API_VERSION = "dra-extender.io/v1alpha1"


class ExplainedDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """``allocated``: the claim has the device already. ``listed``: a slice of the node lists it."""

    claim: str
    request: str
    driver: str
    pool: str
    device: str
    allocated: bool = False
    listed: bool = True

    @property
    def id(self) -> str:
        """The device as ``driver/pool/device``."""
        return f"{self.driver}/{self.pool}/{self.device}"


class ExplainedPair(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """
    Two devices as ``driver/pool/device``; ``kinds`` such as ``gpu-nic``, ``worth`` 0..1. ``one_card``:
    they are parts of one card, and the claims want two. ``source``: ``machine-facts`` where these tell the
    distance, and nothing that is published.
    """

    a: str
    b: str
    kinds: str
    distance: str
    worth: float
    one_card: bool = False
    source: str | None = None


class ExplainedAlignment(msgspec.Struct, frozen=True, rename="camel"):
    """
    Alignments 0..1, ``None`` where there is nothing to align.

    ``best``: of any allowed choice of devices; ``best_complete``: all choices were tried.
    """

    predicted: float | None
    best: float | None
    best_complete: bool
    pairs: tuple[ExplainedPair, ...]


class ExplainedChange(msgspec.Struct, frozen=True):
    """A number without the pod and with it."""

    before: int
    after: int


class ExplainedFragmentation(msgspec.Struct, frozen=True, rename="camel"):
    """Free pairs of the node, those that first fit reaches, and those that the pod takes."""

    intact_groups: ExplainedChange
    first_fit_groups: ExplainedChange
    own_groups: int


class ExplainedCardEntry(msgspec.Struct, frozen=True):
    """
    One device of a card that is in use twice, as ``driver/pool/device``; ``part``: a slice of the card.

    ``holders``: pods as ``namespace/name``, none for a device that this pod would get.
    """

    device: str
    part: bool
    holders: tuple[str, ...]


class ExplainedFacts(msgspec.Struct, frozen=True):
    """
    What became of facts of machines on a node; ``problem`` is ``None`` where they are used.

    ``origin``: the file and line of ``machine``, or ``built in``.
    """

    machine: str
    origin: str
    problem: str | None
    message: str


class ExplainedNode(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """
    ``reason`` is a code and ``message`` its sentence, both ``None`` where devices are predicted.

    ``fit``: what each request finds, where counting devices says more than the reason. ``passed_over``:
    alternatives of ``firstAvailable`` that come before those used. ``behind``: why the node ranks below
    the best one, ``preference``, ``alignment`` or ``free-pairs``. ``double_uses``: cards of which the
    pod has a device, whole or a slice, and another pod has one too. ``facts``: of the machine type that the
    node's labels name, if that is known.
    """

    outcome: str
    certainty: str
    reason: str | None
    message: str | None
    devices: tuple[ExplainedDevice, ...]
    score: int
    alignment: ExplainedAlignment
    fragmentation: ExplainedFragmentation | None
    fit: ExplainedFit | None
    passed_over: int = 0
    behind: str | None = None
    double_uses: tuple[tuple[ExplainedCardEntry, ...], ...] = ()
    facts: ExplainedFacts | None = None


class ExplainedAttempt(msgspec.Struct, frozen=True):
    """
    What becomes of a scheduling attempt on all these nodes; ``nodes`` counts them by outcome.

    One node that aborts the attempt does so for all of them.
    """

    outcome: str
    nodes: Mapping[str, int]


class ExplainedIgnored(msgspec.Struct, frozen=True):
    """What the release takes no notice of; see ``Ignored``. ``message``: as a sentence."""

    code: str
    gate: str
    by: tuple[str, ...]
    nodes: tuple[str, ...]
    message: str


class ExplainedNomination(msgspec.Struct, frozen=True):
    """
    The ``node`` that a pending pod is nominated for, or the ``reason`` why it is not; ``None`` for the other.
    """

    node: str | None
    reason: str | None
    message: str


class Explanation(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """
    ``pod`` as ``namespace/name``; ``kubernetes`` is the modelled release.

    ``nomination``: of a pending pod where pods are nominated.
    """

    api_version: str
    kind: str
    pod: str
    kubernetes: str
    attempt: ExplainedAttempt
    ignored: tuple[ExplainedIgnored, ...]
    nodes: Mapping[str, ExplainedNode]
    nomination: ExplainedNomination | None = None


read_explanation = msgspec.json.Decoder(Explanation).decode
"""Decode the JSON of an explanation."""


def to_json(explanation: Explanation, *, indent: bool = False) -> bytes:
    """Encode an explanation; ``indent`` by two, for people."""
    return orjson.dumps(msgspec.to_builtins(explanation), option=orjson.OPT_INDENT_2 if indent else None)


def explanation_of(
    pod: Pod,
    kubernetes: str,
    nodes: Mapping[str, ExplainedNode],
    ignored: Iterable[Ignored] = (),
    nomination: ExplainedNomination | None = None,
) -> Explanation:
    """Wrap ``nodes`` into the document; ``kubernetes`` is the modelled release."""
    name = f"{pod.namespace}/{pod.name}"
    told = tuple(map(_ignored, ignored))
    return Explanation(API_VERSION, "Explanation", name, kubernetes, _attempt(nodes), told, nodes, nomination)


def _ignored(ignored: Ignored) -> ExplainedIgnored:
    message = _IGNORED[ignored.code].format(by=", ".join(ignored.by), gate=ignored.gate)
    return ExplainedIgnored(ignored.code, ignored.gate, ignored.by, ignored.nodes, message)


_IGNORED: dict[IgnoredCode, str] = {
    IgnoredCode.TAINTS: (
        "this release ignores the taints of devices ({by}), because feature gate {gate} is off: it "
        "allocates devices with taints that the claim does not tolerate"
    ),
    IgnoredCode.DISTINCT_ATTRIBUTE: (
        "distinctAttribute ({by}) has no effect on this release: it takes any two devices for different"
    ),
}


def _attempt(nodes: Mapping[str, ExplainedNode]) -> ExplainedAttempt:
    counts = {outcome.value: 0 for outcome in Outcome}
    for node in nodes.values():
        counts[node.outcome] += 1
    worst_first = (Outcome.ERROR, Outcome.ALLOCATED, Outcome.UNKNOWN, Outcome.UNSCHEDULABLE)
    outcome = next((each for each in worst_first if counts[each]), Outcome.UNSCHEDULABLE)
    return ExplainedAttempt(outcome, counts)


def explained_nodes(
    names: Iterable[str],
    verdicts: Mapping[str, NodeVerdict],
    best: Callable[[str], Best],
    no_fit: Callable[[str, NodeVerdict], NoFit | None],
    double_uses: Callable[[str, NodeVerdict], Sequence[DoubleUse]],
    *,
    score: int | None,
) -> dict[str, ExplainedNode]:
    """
    Explain each name, in order.

    ``best`` answers the best achievable alignment on a node, and whether that is
    certain or only the best that was found; ``no_fit`` and ``double_uses`` answer as ``Evaluation`` does.
    ``score`` replaces the score of every node where the pod's policy makes all nodes equal.
    """
    why = behind_best(verdicts) if score is None else {}
    return {
        name: _node(
            verdicts[name],
            best(name),
            no_fit(name, verdicts[name]),
            double_uses(name, verdicts[name]),
            score=score,
            behind=why.get(name),
        )
        for name in names
    }


def unknown_nodes(names: Iterable[str], score: int) -> dict[str, ExplainedNode]:
    """Explain that nothing is known about any name yet: the cluster is not listed completely."""
    why = reason(ReasonCode.NODE_UNKNOWN)
    node = ExplainedNode(
        outcome=Outcome.UNKNOWN,
        certainty=Certainty.EXACT,
        reason=why.code,
        message=render(why),
        devices=(),
        score=score,
        alignment=ExplainedAlignment(None, None, best_complete=True, pairs=()),
        fragmentation=None,
        fit=None,
    )
    return dict.fromkeys(names, node)


def _node(
    verdict: NodeVerdict,
    best: Best,
    no_fit: NoFit | None,
    double_uses: Sequence[DoubleUse],
    *,
    score: int | None,
    behind: str | None,
) -> ExplainedNode:
    fit = None if no_fit is None else explained_fit(no_fit)
    predicted = None if verdict.alignment is None else verdict.alignment.predicted
    return ExplainedNode(
        outcome=verdict.outcome,
        certainty=verdict.certainty,
        reason=None if verdict.reason is None else verdict.reason.code,
        message=_message(verdict, no_fit),
        devices=tuple(map(_device, verdict.devices)),
        score=verdict.score if score is None else score,
        alignment=ExplainedAlignment(predicted, best.rating, best.complete, _pairs(verdict)),
        fragmentation=_fragmentation(verdict),
        fit=fit,
        passed_over=verdict.passed_over,
        behind=behind,
        double_uses=tuple(
            tuple(ExplainedCardEntry(str(entry.id), entry.part, entry.holders) for entry in use.entries)
            for use in double_uses
        ),
        facts=None if verdict.facts is None else _facts(verdict.facts),
    )


def _facts(use: FactsUse) -> ExplainedFacts:
    return ExplainedFacts(use.machine, use.origin, use.problem, facts_sentence(use))


def shared_message(node: ExplainedNode) -> str:
    """The message of a node without the names of its own claims and pools; empty if there is none."""
    message = node.message or ""
    if node.fit is None:
        return message
    no_fit = no_fit_of(node.fit)
    own = fit_sentence(no_fit, named=True)
    return message.removesuffix(own) + fit_sentence(no_fit, named=False)


def _message(verdict: NodeVerdict, no_fit: NoFit | None) -> str | None:
    """The reason, with what each request finds on the node where that is known."""
    if verdict.reason is None:
        return None
    special = "" if no_fit is None else fit_sentence(no_fit, named=True)
    general = render(verdict.reason)
    if not special:
        return general
    return special if verdict.reason.code is ReasonCode.NO_FIT else f"{general}; {special}"


def _device(device: PredictedDevice) -> ExplainedDevice:
    id_ = device.result.id
    return ExplainedDevice(
        device.claim, device.result.request, id_.driver, id_.pool, id_.device, device.allocated, device.listed
    )


def _fragmentation(verdict: NodeVerdict) -> ExplainedFragmentation | None:
    fragmentation = verdict.fragmentation
    if fragmentation is None:
        return None
    before, after = fragmentation.before, fragmentation.after
    return ExplainedFragmentation(
        ExplainedChange(before.intact, after.intact),
        ExplainedChange(before.first_fit, after.first_fit),
        fragmentation.own,
    )


def _pairs(verdict: NodeVerdict) -> tuple[ExplainedPair, ...]:
    pairs = () if verdict.alignment is None else verdict.alignment.pairs
    return tuple(
        ExplainedPair(
            str(verdict.devices[pair.a].result.id),
            str(verdict.devices[pair.b].result.id),
            pair.kinds,
            pair.distance,
            pair.worth,
            pair.one_card,
            SOURCE if pair.by_facts else None,
        )
        for pair in pairs
    )
