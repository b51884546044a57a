"""
YAML to JSON, document by document.

What kubectl prints means the same to every YAML version. Of what people write,
scalars are read as YAML 1.2 does: ``on`` and ``12:30`` are text, a date is text,
a leading zero makes no octal number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import yaml

try:
    from yaml import CSafeLoader as _FastestLoader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as _FastestLoader  # type: ignore[assignment]


class YAMLError(ValueError):
    """A YAML stream that cannot be read; the text names the line where it is known."""


class _Loader(_FastestLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012  replaces the table of YAML 1.1


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
    return node


def yaml_documents(text: str) -> Iterator[bytes]:
    """Yield each document as JSON; empty ones are left out. Raises ``YAMLError``."""
    try:
        for document in yaml.load_all(text, _Loader):
            if document is not None:
                yield msgspec.json.encode(document)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except yaml.YAMLError as error:
        raise YAMLError(f"not YAML: {' '.join(str(error).split())}") from None
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise YAMLError(f"no JSON can say what this YAML says: {error}") from None


def _not_yaml(error: yaml.MarkedYAMLError) -> YAMLError:
    mark = error.problem_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return YAMLError(f"{where}not YAML: {error.problem or error.context}")
