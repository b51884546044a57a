"""
YAML to JSON, document by document.

What kubectl prints means the same to every YAML version. Of what people write,
scalars are read as YAML 1.2 does: ``on`` and ``12:30`` are text, a date is text,
a leading zero makes no octal number. Aliases and merge keys may repeat a part of the text, within a bound.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

import msgspec
import yaml

try:
    from yaml import CSafeLoader as _FastestLoader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as _FastestLoader  # type: ignore[assignment]


MOST_REPEATED = 16 << 20
"""
How many bytes of JSON the aliases and merge keys of one document may add to what is written, about. kubectl
writes none, people write few; each level of aliases to aliases multiplies what a file stands for.
"""

_NODE_BYTES = 8
"""Counted for each value besides its text: an empty mapping takes memory, too."""


class YAMLError(ValueError):
    """A YAML stream that cannot be read; the text names the line where it is known."""


class _Loader(_FastestLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012  replaces the table of YAML 1.1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        """Refuse a key that stands twice, as kubectl does; a merge key is there to be overridden."""
        written = len(node.value)
        merges = any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value)
        mapping: dict[Hashable, object] = super().construct_mapping(node, deep)
        if len(mapping) < written and not merges:
            keys = [key.value for key, _ in node.value]
            twice = next((key for number, key in enumerate(keys) if key in keys[:number]), "")
            line = node.start_mark.line + 1
            raise YAMLError(f"line {line}: the key {twice} stands twice in one object; remove one")
        return mapping


for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern})$"), _first)


def yaml_node(data: bytes) -> yaml.Node | None:
    """
    Parse one document, JSON included, to nodes that know their line; ``None`` if there is none.

    Raises ``YAMLError``, also for more than one document.
    """
    try:
        node: yaml.Node | None = yaml.compose(data, _Loader)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YAMLError(f"not YAML: {' '.join(str(error).split())}") from None
    if node is not None and b"*" in data:
        _bound(node)
    return node


def yaml_documents(text: str) -> Iterator[bytes]:
    """Yield each document as JSON; empty ones are left out. Raises ``YAMLError``."""
    aliases = "*" in text
    try:
        loader = _Loader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                if aliases and node is not None:
                    _bound(node)
                document = loader.construct_document(node)
                if document is not None:
                    yield msgspec.json.encode(document)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except yaml.YAMLError as error:
        raise YAMLError(f"not YAML: {' '.join(str(error).split())}") from None
    except YAMLError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise YAMLError(f"no JSON can say what this YAML says: {error}") from None


def _bound(root: yaml.Node) -> None:
    """
    Raise ``YAMLError`` if aliases repeat too much of a document, or one is within what it stands for.

    A node that aliases name is one object, wherever it stands: each is visited once.
    """
    sizes: dict[int, int] = {}
    begun: set[int] = set()
    pending = [root]
    written = 0
    while pending:
        node = pending[-1]
        children = _children(node)
        if id(node) in sizes:
            pending.pop()
        elif id(node) in begun:
            own = _NODE_BYTES + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
            written += own
            sizes[id(node)] = own + sum(sizes[id(child)] for child in children)
            pending.pop()
        else:
            begun.add(id(node))
            for child in children:
                if id(child) in begun and id(child) not in sizes:
                    line = child.start_mark.line + 1
                    raise YAMLError(f"line {line}: an alias within what it stands for; write it out")
            pending += [child for child in children if id(child) not in sizes]
    if sizes[id(root)] - written > MOST_REPEATED:
        raise YAMLError(
            f"aliases (*) and merge keys (<<) repeat more than {MOST_REPEATED >> 20} MiB of a document;"
            " write it without them, as kubectl get -o yaml does"
        )


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _not_yaml(error: yaml.MarkedYAMLError) -> YAMLError:
    mark = error.problem_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return YAMLError(f"{where}not YAML: {error.problem or error.context}")
