"""Answers that are remembered by kind of pod, in bounds."""

from __future__ import annotations

from dataclasses import replace

from extender.core.scheduling.remembered_answers import (
    MOST_QUESTIONS,
    RememberedAnswer,
    RememberedAnswers,
    without_name,
)
from tests import builders as b


def test_what_nobody_asks_for_is_forgotten_first():
    """Not what came first: the kind of pod that is asked about again and again stays."""
    answers: RememberedAnswers[RememberedAnswer] = RememberedAnswers()
    first = RememberedAnswer()
    answers.put("first", first)
    for number in range(2 * MOST_QUESTIONS):
        answers.put(number, RememberedAnswer())
        assert answers.get("first") is first
    assert answers.get(MOST_QUESTIONS) is None
    assert answers.get(2 * MOST_QUESTIONS - 1) is not None
    assert len(list(answers)) == MOST_QUESTIONS


def test_a_change_makes_every_answer_stale_there():
    """Until it is judged again, which is for who asks to say."""
    answers: RememberedAnswers[RememberedAnswer] = RememberedAnswers()
    for question in "pq":
        answers.put(question, RememberedAnswer(stale={"a"}))
    answers.change(["b", "c"])
    assert [sorted(answer.stale) for answer in answers] == [["a", "b", "c"]] * 2
    answers.clear()
    assert answers.get("p") is None


def test_pods_of_one_template_ask_alike():
    """Their names, and where they are, do not matter; what they ask for does."""
    pod = b.scheduling_pod("p", cpu="1", labels={"app": "a"})
    other = replace(b.scheduling_pod("q", cpu="1", labels={"app": "a"}), uid="other", nominated_node_name="n")
    assert without_name(pod) == without_name(other)
    assert without_name(pod) != without_name(b.scheduling_pod("p", cpu="2", labels={"app": "a"}))
    assert without_name(pod) != without_name(b.scheduling_pod("p", cpu="1", labels={"app": "b"}))
