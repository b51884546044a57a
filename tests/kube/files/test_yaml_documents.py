"""YAML that stands for more than it is long."""

from __future__ import annotations

import json

import pytest

from extender.kube.files.yaml_documents import YAMLError, yaml_documents, yaml_node
from tests.quickest import quickest_seconds


def repeated(levels, width):
    """Lists of aliases of lists of aliases."""
    text = "x:\n- &a0 lol\n"
    for level in range(1, levels + 1):
        text += f"- &a{level} [{','.join([f'*a{level - 1}'] * width)}]\n"
    return text


MERGED = (
    "a: &a {"
    + ", ".join(f"k{index}: 1" for index in range(1000))
    + "}\n"
    + "".join(f"b{index}: {{<<: [{', '.join(['*a'] * 200)}]}}\n" for index in range(200))
)
LONG_TEXT = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]\n"


@pytest.mark.parametrize(
    "text", [repeated(9, 9), repeated(6, 20), repeated(100, 2), MERGED, LONG_TEXT], ids=range(5)
)
def test_aliases_repeat_within_a_bound(text):
    """A short file is no large one, and is refused before it takes time or memory."""

    def refused():
        for read in (lambda: list(yaml_documents(text)), lambda: yaml_node(text.encode())):
            with pytest.raises(
                YAMLError, match=r"merge keys \(<<\) repeat more than 16 MiB of a document; write"
            ):
                read()

    assert quickest_seconds(refused) < 5


@pytest.mark.parametrize("text", ["items: &a [*a]\n", "&a {kind: List, items: [*a]}\n", "a: &a {<<: *a}\n"])
def test_alias_within_itself(text):
    """What would have no end is refused with its line."""
    for read in (lambda: list(yaml_documents(text)), lambda: yaml_node(text.encode())):
        with pytest.raises(YAMLError, match="line 1: an alias within what it stands for"):
            read()


def test_aliases_as_people_write_them():
    """A part that is used again, merged into a mapping or alone, in one document of several."""
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\n---\n{z: '*'}\n---\n- [&b 1, *b]\n"
    assert [json.loads(each) for each in yaml_documents(text)] == [
        {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}},
        {"z": "*"},
        [[1, 1]],
    ]


def test_what_is_written_out_has_no_bound():
    """The bound is on what aliases add."""
    text = "*" * 100 + "\n"
    with pytest.raises(YAMLError):
        list(yaml_documents(text))
    entries = "".join(f"- {'x' * 1000} # *\n" for _ in range(20_000))
    (document,) = yaml_documents(entries)
    assert len(document) > 16 << 20


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_has_a_bound(opening):
    """Lists within lists are refused in words."""
    with pytest.raises(YAMLError, match=r"nesting depth|no JSON can say"):
        list(yaml_documents(opening * 50_000 + "1"))


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "b: {a: 1, c: 2, a: 3}\n", "- - a: 1\n    a: 1\n"])
def test_a_key_that_stands_twice(text):
    """kubectl refuses it, and it would hide the first value."""
    with pytest.raises(YAMLError, match="line 1: the key a stands twice"):
        list(yaml_documents(text))


def test_a_merged_key_may_be_overridden():
    assert list(yaml_documents("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n")) == [
        b'{"a":{"b":1,"c":2},"d":{"b":3,"c":2}}'
    ]
