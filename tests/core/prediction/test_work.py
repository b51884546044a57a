"""Claims whose selectors cost much: what a request works for them, and what the next one does."""

from __future__ import annotations

import pytest

from extender.cel import Selector
from extender.core.allocator.budget import PIECE_UNITS, Turn, TurnOver
from extender.core.allocator.solutions import Best
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction import ready_answers
from extender.core.prediction.evaluate import Evaluation, Memo, Outcome, Settings, evaluate
from extender.core.reasons import ReasonCode
from tests import builders as b

NODES = [f"n{number}" for number in range(4)]
UUID = "device.attributes['example.com'].uuid"


def costly(side: int) -> str:
    """A selector that takes about six units per cell of a square, on each GPU."""
    return f"lists.range({side}).all(x, lists.range({side}).all(y, {UUID} != ''))"


COSTLY, HOPELESS = costly(50), costly(180)


@pytest.fixture
def asked(monkeypatch):
    """The costly selectors that are evaluated, device by device."""
    calls = []
    matches = Selector.matches

    def counted(selector, device, work):
        if "range" in selector.expression:
            calls.append(selector.expression)
        return matches(selector, device, work)

    monkeypatch.setattr(Selector, "matches", counted)
    return calls


def cluster(selector: str) -> Snapshot:
    """Four nodes with two GPUs each, all of which differ in what the selector reads."""
    machines = [
        b.machine(
            name,
            [b.device(f"gpu-{number}", "r0", uuid=b.text(f"{name}-{number}")) for number in range(2)],
            [b.device("nic-0", "r0")],
        )
        for name in NODES
    ]
    gpu = b.request("gpu", "gpu", selectors=(selector,))
    return b.snapshot(*machines, claims=[b.claim("c", b.spec(gpu, b.request("nic", "nic")))])


def fresh() -> Memo[str]:
    return Memo(lambda names, score: [f"{name}={score}" for name in names])


def ask(snapshot: Snapshot, memo: Memo[str], units: int = 500_000) -> Evaluation[str]:
    return evaluate(snapshot, b.pod("p", "c"), memo, Settings(request_units=units))


def outcomes(evaluation: Evaluation[str]) -> list[Outcome]:
    return [verdict.outcome for verdict in evaluation.verdicts(NODES).values()]


def test_past_the_budget_nodes_are_unknown_and_nothing_is_evaluated(asked):
    """The first nodes by name are judged; the rest say why they are not."""
    evaluation = ask(cluster(COSTLY), fresh(), units=PIECE_UNITS)
    verdicts = evaluation.verdicts(NODES[::-1])
    known = [name for name in NODES if verdicts[name].outcome is Outcome.ALLOCATED]
    assert known == NODES[: len(known)]
    assert 0 < len(known) < len(NODES)
    last = verdicts[NODES[-1]]
    assert (last.outcome, last.score) == (Outcome.UNKNOWN, 50)
    assert last.reason is not None
    assert last.reason.code is ReasonCode.REQUEST_WORK
    # The device at which the budget ends is judged to the end.
    assert len(asked) <= 2 * len(known) + 2


def test_a_claim_does_not_pay_twice_for_what_was_too_much(asked):
    """The same request again, by entries or by verdicts, evaluates nothing and gets the same answer."""
    snapshot, memo = cluster(COSTLY), fresh()
    first = ask(snapshot, memo, units=PIECE_UNITS)
    answers = first.entries(NODES), outcomes(first)
    assert asked
    asked.clear()
    again = ask(snapshot, memo, units=PIECE_UNITS)
    assert (again.entries(NODES), outcomes(again)) == answers
    assert asked == []


def test_a_selector_beyond_the_limit_of_a_device_is_unknown_there(asked):
    """It takes no more than its limit, says so, and is not evaluated again for the device."""
    snapshot, memo = cluster(HOPELESS), fresh()
    for _ in range(2):
        verdict = ask(snapshot, memo).verdicts(["n0"])["n0"]
        assert verdict.outcome is Outcome.UNKNOWN
        assert verdict.reason is not None
        assert verdict.reason.code is ReasonCode.CEL_UNKNOWN
        assert dict(verdict.reason.params)["detail"].startswith(f"the budget of {PIECE_UNITS} units")
    assert len(asked) == 2


def test_claims_that_take_too_long_to_compile_are_unknown_everywhere():
    """And are compiled once."""
    memo = fresh()
    selectors = tuple(" && ".join([f"{number} != {other}" for other in range(400)]) for number in range(30))
    gpu = b.request("gpu", "gpu", selectors=selectors)
    snapshot = cluster("true").with_claims([b.claim("c", b.spec(gpu, b.request("nic", "nic")))])
    for _ in range(2):
        verdicts = ask(snapshot, memo).verdicts(NODES)
        assert {verdict.outcome for verdict in verdicts.values()} == {Outcome.UNKNOWN}
        reason = verdicts["n0"].reason
        assert reason is not None
        assert reason.code is ReasonCode.NOT_MODELLED


def test_a_turn_ends_and_the_next_one_goes_on(asked):
    """What is done within a turn is remembered, so that turns come to an end, and to the same answer."""
    snapshot, memo = cluster(COSTLY), fresh()
    turns = 0
    while True:
        turns += 1
        evaluation = ask(snapshot, memo)
        try:
            verdicts = evaluation.verdicts(NODES, evaluation.budget(Turn(25_000)))
        except TurnOver:
            continue
        break
    assert turns > 2
    assert verdicts == ask(snapshot, fresh()).verdicts(NODES)


@pytest.mark.parametrize("ask_for", ["entries", "shortfalls"])
def test_many_nodes_are_no_work_for_a_turn(ask_for, monkeypatch):
    """However little each takes; those that are known do not count."""
    monkeypatch.setattr(ready_answers, "MOST_IN_A_TURN", 3)
    evaluation = ask(cluster("true"), fresh())
    answer = getattr(evaluation, ask_for)
    with pytest.raises(TurnOver):
        answer(NODES, Turn(1_000_000))
    answer(NODES[:3], Turn(1_000_000))
    answer(NODES, Turn(1_000_000))


def test_what_does_not_fit_into_a_turn_is_not_remembered():
    """A search or a selector that was cut off may come to something else with more time."""
    snapshot, memo = cluster(COSTLY), fresh()
    evaluation = ask(snapshot, memo)
    for _ in range(2):
        with pytest.raises(TurnOver):
            evaluation.verdicts(NODES, evaluation.budget(Turn(5_000)))
    assert ask(snapshot, memo).verdicts(NODES) == ask(snapshot, fresh()).verdicts(NODES)


def test_the_best_devices_are_looked_for_within_the_budget():
    """Past it none are known, also where they are remembered; nodes of one view pay once."""
    far = b.machine("far", [b.device("gpu-0", "r0")], [b.device("nic-0", "r1"), b.device("nic-1", "r0")])
    snapshot, memo = b.snapshot(far, *(b.pair_node(name, ["r0"], ["r0"]) for name in NODES)), fresh()
    snapshot = snapshot.with_claims([b.claim("c")])
    for _ in range(2):
        evaluation = ask(snapshot, memo)
        budget = evaluation.budget()
        assert evaluation.best("n0", budget).rating == 1.0
        assert budget.left < budget.steps
        budget.spend(budget.left)
        assert evaluation.best("n3", budget).rating == 1.0
        assert evaluation.best("far", budget) == Best(None, complete=False)
