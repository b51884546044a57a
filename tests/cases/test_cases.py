"""
What people asked, each case by its name: the product's answer, and what Kubernetes' allocator says.

The second needs the oracles (``make oracle``).
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache

import pytest

from extender.cli import main
from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.service import wire
from tests.cases.allocator import asked_for, asked_of, devices_of, request_of
from tests.cases.answers import named, of_advise, of_audit, of_explain, of_refusal, order_of, parsed
from tests.cases.case import FOLDERS, cases, questions
from tests.differential.allocation_compare import VERSIONS, end_of
from tests.oracle.client import Oracle
from tests.oracle.releases import oracle_path

ALL = list(questions())
REFUSED = 2
ENDLESS = 2.0
"""Seconds after which a search of the real allocator counts as one without an end."""

RUNS = 10
"""How often an allocator that walks pools at random is asked; the cases have few pools."""

IN_ORDER = frozenset({"1.36", "1.37"})
"""The releases that do not walk pools at random."""

ENDS = {"allocated": "allocated", "unschedulable": "does not fit", "error": "error"}
VIEWS = {"explain": of_explain, "advise": of_advise, "audit": of_audit}


def argv_of(asked):
    """The command as a person types it."""
    question = asked.question
    words = [question.command, "--cluster", asked.cluster, "--kubernetes", asked.version, "-o", "json"]
    if question.pod:
        words += ["--pod", f"default/{question.pod}"]
    if question.file:
        words += ["-f", asked.folder / question.file]
    if question.gates:
        words += ["--feature-gates", question.gates]
    return [str(word) for word in words]


def answer_of(asked, capsys):
    """The answer in the words of a case, and the exit status."""
    if asked.question.command == "prioritize":
        return prioritized(asked), 0
    status = main_status(argv_of(asked))
    printed = capsys.readouterr()
    if status == REFUSED:
        return of_refusal(printed.err, asked.question.expect.get("names", ())), status
    return VIEWS[asked.question.command](parsed(printed.out)), status


def main_status(argv):
    try:
        return main(argv)
    except SystemExit as stop:
        return stop.code


def prioritized(asked):
    """The order of the nodes by the scores that kube-scheduler gets for them."""
    snapshot = cluster_input(read_cluster([str(asked.cluster)]), asked.version, asked.gates).snapshot
    pod = snapshot.pods["default", asked.question.pod]
    evaluation = evaluate(
        snapshot, pod, Memo(wire.host_priorities), Settings(score_max=asked.question.score_max)
    )
    scores = {name: verdict.score for name, verdict in evaluation.verdicts(tuple(snapshot.nodes)).items()}
    return {"order": order_of(scores)}


def test_every_folder_is_a_case():
    """A folder without a case would be an input that nobody tries."""
    folders = {path for path in FOLDERS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(cases())


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.id)
def test_answer(asked, capsys):
    """The product answers as the case says is right."""
    answer, status = answer_of(asked, capsys)
    expected = asked.question.expect
    assert named(answer, expected) == expected
    assert status == asked.question.status


def minor_of(version):
    return ".".join(version.split(".")[:2])


def can_be_asked(asked):
    """Whether an oracle is of the question's release, and the allocator alone decides the answer."""
    version, question = asked.version, asked.question
    of_a_release = version in VERSIONS or version in VERSIONS.values()
    return question.command == "explain" and of_a_release and question.allocator == "asked"


PLACED = [
    (asked, node) for asked in ALL if can_be_asked(asked) for node in asked.question.expect.get("nodes", ())
]


@pytest.fixture(scope="module")
def oracles():
    """Ask for the oracle of a minor; each is started once."""
    with ExitStack() as stack:

        @cache
        def of(minor):
            if oracle_path(minor) is None:
                pytest.skip(f"the oracle of {minor} is not built: run 'make oracle' (needs Go)")
            return stack.enter_context(Oracle(minor))

        yield of


@pytest.mark.parametrize(("asked", "node"), PLACED, ids=[f"{asked.id}-{node}" for asked, node in PLACED])
def test_kubernetes_agrees(asked, node, oracles):
    """Kubernetes' own allocator gives the devices that the case says, or none, or does not end."""
    minor = minor_of(asked.version)
    oracle = oracles(minor)
    request = request_of(asked, node, frozenset(oracle.version()["features"]))
    expected = asked.question.expect["nodes"][node]
    if node in asked.question.endless:
        # One of its own: given up or not, such a search goes on until its process ends.
        with Oracle(minor) as another:
            assert asked_of(another, request, runs=1, seconds=ENDLESS) == [{"timeout": True}]
        return
    answers = asked_of(oracle, request, runs=1 if minor in IN_ORDER else RUNS, seconds=20)
    assert {end_of(answer)[0] for answer in answers} == {ENDS[expected["outcome"]]}
    if "devices" in expected and expected["outcome"] == "allocated":
        found = [devices_of(answer) for answer in answers]
        assert asked_for(request, expected["devices"]) in found
        assert len(found) == 1 or expected.get("certainty") == "order-dependent"
