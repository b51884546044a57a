"""The pod of an attempt is decoded once, and what is remembered of it does not show."""

from __future__ import annotations

import orjson
import pytest

from extender.service.http.pods import MOST_BYTES, PodDecoder
from extender.service.wire import BadRequest


def text(name, **spec):
    return orjson.dumps({"metadata": {"name": name, "namespace": "default"}, "spec": spec})


def test_the_same_text_is_the_same_pod():
    """Filter and prioritize send it one after the other; another text is another pod."""
    pods = PodDecoder()
    first = pods.decode(text("a"))
    assert pods.decode(text("a")) is first
    assert pods.decode(text("b")).name == "b"
    again = pods.decode(text("a"))
    assert again == first
    assert again is not first


def test_a_large_pod_is_not_kept():
    """Nor does it push out the one that is."""
    pods = PodDecoder()
    kept = pods.decode(text("a"))
    large = text("b", nodeName="n" * MOST_BYTES)
    assert pods.decode(large) is not pods.decode(large)
    assert pods.decode(text("a")) is kept


def test_a_text_that_is_no_pod_is_told_each_time():
    """What cannot be decoded is not remembered."""
    pods = PodDecoder()
    for _ in range(2):
        with pytest.raises(BadRequest) as caught:
            pods.decode(b'{"metadata": 1}')
        assert caught.value.field == "Pod.metadata"
