"""What is said of a nomination."""

from __future__ import annotations

import json

import pytest

from extender.core.nomination.refusals import Refusal, render_not_nominated
from extender.core.scheduling import NotModelledCode
from extender.model.scheduling import SchedulingPod
from extender.service.explain import ExplainedNomination, explanation_of, read_explanation, to_json
from tests import builders as b
from tests.service.nomination.nominated_cluster import there


def test_explained(cluster):
    """Where the pod is nominated and why there, or why it is not; nothing of pods that run."""
    cluster.create("p")
    nomination = there(cluster.decide())
    cluster.clock.now += 3
    said = there(cluster.nominator.explained(b.pod("p")))
    assert (said.node, said.reason) == (nomination.node, None)
    assert said.message == (
        "nominated 3 s ago: of the nodes that passed, this one ranked first, equally with 1 others"
    )
    cluster.create("q", gated=True)
    said = there(cluster.nominator.explained(b.pod("q")))
    assert (said.node, said.reason, said.message) == (
        None,
        "gated",
        "the pod has scheduling gates: no scheduler looks at it yet",
    )
    cluster.asks["r"] = SchedulingPod("default", "r", volumes=("persistentVolumeClaim",))
    cluster.create("r")
    assert cluster.decide() is None
    said = there(cluster.nominator.explained(b.pod("r")))
    assert (said.reason, said.message) == (
        "volumes",
        "the pod has volumes that decide about nodes: persistentVolumeClaim",
    )
    cluster.write(nomination)
    cluster.bind("p", nomination.node)
    assert cluster.nominator.explained(b.pod("p")) is None


@pytest.mark.parametrize("refusal", sorted({*Refusal} - {*NotModelledCode}))
def test_each_refusal_has_a_text(refusal):
    """For explain; the gaps of the model have their own."""
    assert render_not_nominated(refusal)


def test_the_explanation_has_it():
    """Apart from all else, as JSON and when it is read back; where there is none nothing is said."""
    nomination = ExplainedNomination("x", None, "why")
    plain = explanation_of(b.pod("p"), "1.36.2", {})
    nominated = explanation_of(b.pod("p"), "1.36.2", {}, nomination=nomination)
    assert read_explanation(to_json(nominated)).nomination == nomination
    told = json.loads(to_json(nominated))
    assert told.pop("nomination") == {"node": "x", "reason": None, "message": "why"}
    assert told == json.loads(to_json(plain))
