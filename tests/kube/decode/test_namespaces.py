"""Namespaces: their name and annotations."""

from __future__ import annotations

import pytest

from extender.kube import decode
from extender.kube.decode import DecodeError, Interner
from extender.model import Namespace


@pytest.mark.parametrize(
    ("metadata", "annotations"),
    [
        ('{"name": "team-a", "annotations": {"dra-extender.io/alignment": "ignore"}, "labels": {"a": "b"}}',
         {"dra-extender.io/alignment": "ignore"}),
        ('{"name": "team-a", "annotations": null}', {}),
        ('{"name": "team-a"}', {}),
    ],
)  # fmt: skip
def test_name_and_annotations(metadata, annotations):
    """All else of a namespace is none of our business."""
    data = f'{{"metadata": {metadata}, "spec": {{"finalizers": ["kubernetes"]}}}}'.encode()
    assert decode.namespace(data, Interner()) == Namespace("team-a", annotations)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b'{"metadata": {}}', "metadata.name"),
        (b'{"metadata": {"name": "a", "annotations": {"k": 1}}}', "metadata.annotations"),
    ],
)
def test_what_cannot_be_read_names_the_field(data, field):
    """One error for all that is wrong, as for every kind."""
    with pytest.raises(DecodeError) as caught:
        decode.namespace(data, Interner())
    assert caught.value.field.startswith(field)
