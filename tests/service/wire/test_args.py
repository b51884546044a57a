"""Arguments are decoded alike, whatever was decoded before and whichever names are known."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.service.wire import ArgsDecoder, BadRequest

NAMES = st.lists(st.sampled_from(["a", "b", "node-1", "node-2.rack", "-", "A"]), max_size=4)


def body(names, pod="p"):
    return orjson.dumps({"Pod": {"metadata": {"name": pod}}, "Nodes": None, "NodeNames": names})


def answer(decoder, names, known):
    try:
        return decoder.decode(body(names), known).names
    except BadRequest as error:
        return error.field


@given(st.lists(NAMES, min_size=1, max_size=4), st.sets(st.sampled_from(["a", "b", "node-1"])))
def test_what_is_known_does_not_show(requests, known):
    """Neither nodes that the cluster has nor lists of before change an answer."""
    used = ArgsDecoder()
    for names in requests:
        assert answer(used, names, dict.fromkeys(known, 1)) == answer(ArgsDecoder(), names, {})


def test_only_unknown_names_are_looked_at():
    """A node of the cluster has a right name, whatever it is; one wrong name among them is told."""
    known = {"Of_A_Dump": 1, "a": 1}
    assert ArgsDecoder().decode(body(["a", "Of_A_Dump"]), known).names == ("a", "Of_A_Dump")
    with pytest.raises(BadRequest, match=r"^NodeNames\[1\]: is not a name"):
        ArgsDecoder().decode(body(["a", "B"]), known)


def test_too_many_known_names_are_too_many():
    """The limit counts names, known or not."""
    with pytest.raises(BadRequest, match="has 2 names, more than 1"):
        ArgsDecoder(1).decode(body(["a", "b"]), {"a": 1, "b": 1})
