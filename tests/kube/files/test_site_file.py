"""Files that a site writes: values know their line, and what is wrong is said with its fix."""

from __future__ import annotations

import pytest

from extender.kube.files.site_file import SiteFileError, SiteValue, read_site_file


@pytest.fixture
def written(tmp_path):
    """Write a file and read it."""

    def write(content: str | bytes) -> SiteValue:
        path = tmp_path / "site.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_site_file(str(path))

    return write


def refusal(call, *args):
    with pytest.raises(SiteFileError) as caught:
        call(*args)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["a: {b: [x, y]}\nc: 0.5\n", '{"a": {"b": ["x", "y"]},\n "c": 0.5}', "a:\n  b:\n  - x\n  - y\nc: 0.5"],
    ids=["flow", "JSON", "block"],
)
def test_yaml_and_json_say_the_same(written, content):
    """A file may be YAML in any style, or JSON."""
    top = written(content).mapping("things")
    assert [item.text("an item") for item in top["a"].mapping("things")["b"].texts("items")] == ["x", "y"]
    assert top["c"].number("a number") == 0.5


def test_a_value_knows_the_line_of_its_key(written):
    """A block that begins below its key is named by the key's line, an item by its own."""
    top = written("a:\n  b:\n  - x\n  - y\n").mapping("things")
    inner = top["a"].mapping("things")["b"]
    assert (top["a"].line, inner.line, [item.line for item in inner.texts("items")]) == (1, 2, [3, 4])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; see docs/alignment.md for what it may hold"),
        ("# nothing\n", "the file is empty; see docs/alignment.md for what it may hold"),
        ("a: [\n", "line 2, column 1: not YAML"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: not YAML: but found another document"),
        (b"a: \xff", "not YAML"),
    ],
)
def test_what_is_no_document_is_refused(written, content, message):
    """The text names the file, and the place where there is one."""
    text = refusal(written, content)
    assert "site.yaml: " in text
    assert message in text


def test_a_file_that_is_not_there(tmp_path):
    """The system's own words, after the name of the file."""
    assert refusal(read_site_file, str(tmp_path / "none")).endswith("none: No such file or directory")


def test_a_key_given_twice_is_refused(written):
    """YAML would let the last one win, in silence."""
    text = refusal(written("a: 1\nb: 2\na: 3\n").mapping, "things")
    assert text.endswith("line 3: the file: a is given twice, before in line 1; leave out one of the two")


def test_an_unknown_key_is_refused(written):
    """The nearest known one is named, and all that are known."""
    text = refusal(written("numo: 1\n").mapping, "fields", ("numa", "root"))
    assert text.endswith("line 1: the file: unknown field numo; did you mean numa? (known: numa, root)")


@pytest.mark.parametrize(
    ("content", "read", "message"),
    [
        ("k: 1", lambda value: value.text("a kind"), "expected a kind, got a number (1); put it in quotes"),
        ("k: yes", lambda value: value.boolean(), "expected true or false, got a text (yes)"),
        ("k: x", lambda value: value.texts("names"), "expected a list of names, such as [x], got a text (x)"),
        (
            "k: {}",
            lambda value: value.texts("names"),
            "expected a list of names, such as [NAME], got a mapping",
        ),
        ("k: true", lambda value: value.number("a share"), "expected a share, got true or false (true)"),
        ("k: '1'", lambda value: value.number("a share"), "expected a share, got a text (1)"),
        ("k: [1]", lambda value: value.mapping("pairs"), "expected a mapping of pairs, got a list"),
        ("k:", lambda value: value.mapping("pairs"), "expected a mapping of pairs, got nothing ()"),
    ],
)
def test_a_value_of_another_type_is_refused(written, content, read, message):
    """What was expected, what is there."""
    text = refusal(read, written(content).mapping("things")["k"])
    assert text.endswith(f"line 1: k: {message}")


def test_booleans_and_numbers_are_those_of_yaml_1_2(written):
    """``on`` is a text, ``True`` is true, a leading zero makes no octal number."""
    top = written("a: True\nb: false\nc: 1\nd: .5\n").mapping("things")
    assert (top["a"].boolean(), top["b"].boolean()) == (True, False)
    assert (top["c"].number("n"), top["d"].number("n")) == (1.0, 0.5)
