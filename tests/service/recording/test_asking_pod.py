"""Whose request it is."""

from __future__ import annotations

import json

import pytest

from extender.service.recording.asking_pod import AskingPod, PodScheduled, asking_pod, pod_scheduled

CONDITION = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastProbeTime": None}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Pod": {"metadata": {"uid": "u"}}, "NodeNames": ["a"]}, AskingPod("u", None)),
        ({"PodName": "job", "PodUID": "u", "Node": "a"}, AskingPod("u", None)),
        ({"Pod": None}, AskingPod("", None)),
        (
            {"Pod": {"metadata": {"uid": "u"}, "status": {"conditions": [{"type": "Ready"}, CONDITION]}}},
            AskingPod("u", PodScheduled("PodScheduled", "False", "Unschedulable")),
        ),
    ],
)
def test_requests(body, expected):
    """Filter and prioritize carry the pod, a binding its UID."""
    assert asking_pod(json.dumps(body).encode()) == expected


def test_the_condition_of_a_pod():
    """As a value, which has no times, and as it came."""
    found, data = pod_scheduled(json.dumps({"status": {"conditions": [CONDITION]}}).encode())
    assert found == PodScheduled("PodScheduled", "False", "Unschedulable")
    assert data is not None
    assert json.loads(data) == CONDITION
    assert pod_scheduled(b'{"status": null}') == (None, None)
