"""Every module can be the first one imported: no imports at run time form a cycle, and none warns."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.paths import ROOT


def modules_of(root: Path, package: str) -> dict[str, Path]:
    """The modules of a package by name, each with its file."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts): path
        for path in (root / package).rglob("*.py")
    }
    return {name.removesuffix(".__init__"): path for name, path in files.items()}


def run_on_import(body: Iterable[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run when the module is imported: none of a function's, none for type checkers."""
    for statement in body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                yield statement
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=other):
                yield from run_on_import(other)
            case _:
                yield from run_on_import(
                    child
                    for field in ("body", "orelse", "handlers", "finalbody", "cases")
                    for child in getattr(statement, field, [])
                )


def names_imported(name: str, path: Path) -> Iterator[str]:
    """What a module imports: modules, or ``module.name`` for a name that may be a module itself."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for found in run_on_import(ast.parse(path.read_text()).body):
        if isinstance(found, ast.Import):
            yield from (alias.name for alias in found.names)
        else:
            above = package[: len(package) - found.level + 1] if found.level else []
            base = [*above, *([found.module] if found.module else [])]
            yield from (".".join([*base, alias.name]) for alias in found.names)


def with_packages(name: str) -> list[str]:
    """A module and the packages that it lies in, which are imported before it."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def import_graph(root: Path, package: str) -> dict[str, set[str]]:
    """
    What importing each module of the package makes Python import.

    A module needs what it names, and the packages of that. Packages that it
    lies in itself do not count: their import has begun before its own.
    """
    modules = modules_of(root, package)
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        begun = set(with_packages(name))
        graph[name] = set()
        for imported in names_imported(name, path):
            target = imported if imported in modules else imported.rpartition(".")[0]
            if target in modules:
                graph[name] |= {target} | (set(with_packages(target)) - begun)
    return graph


def cycle_in(graph: dict[str, set[str]]) -> set[str]:
    """The modules of one cycle; none if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return set(error.args[1])
    return set()


def test_no_imports_form_a_cycle():
    """So no module relies on another one having been imported before it."""
    graph = import_graph(ROOT, "extender")
    assert len(graph) > 300
    assert "extender.core.topology.locate" in graph["extender.core.cluster.node_type"]
    assert not cycle_in(graph)


@pytest.mark.parametrize(
    ("files", "cycle"),
    [
        ({"a": "from .b import x", "b": "import p.a"}, {"p.a", "p.b"}),
        ({"a": "from . import b", "b": "from .c import x", "c": "from p import a"}, {"p.a", "p.b", "p.c"}),
        ({"a": "try:\n    import p.a\nexcept ImportError:\n    pass"}, {"p.a"}),
        ({"__init__": "from .a import x", "a": "from p import y"}, {"p", "p.a"}),
        (
            {"a": "import p.q.c", "q/__init__": "from .b import x", "q/b": "from ..a import x", "q/c": ""},
            {"p.a", "p.q", "p.q.b"},
        ),
        ({"__init__": "from .a import x", "a": "from .b import x", "b": ""}, set()),
        ({"a": "from .b import x", "b": "def f():\n    from .a import x"}, set()),
        ({"a": "from .b import x", "b": "if TYPE_CHECKING:\n    from .a import x"}, set()),
    ],
    ids=[
        "two modules",
        "three modules",
        "within try",
        "a package's own name",
        "a package on the way",
        "a package of its modules",
        "within a function",
        "for type checkers",
    ],
)
def test_a_cycle_would_be_seen(tmp_path, files, cycle):
    """Cycles are found however they are written, and nothing else is."""
    for name, text in {"__init__": "", **files}.items():
        path = tmp_path / "p" / f"{name}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    assert cycle_in(import_graph(tmp_path, "p")) == cycle


def test_no_import_warns():
    """All modules are imported in one process in which a warning is an error."""
    modules = [name for name in modules_of(ROOT, "extender") if not name.endswith("__main__")]
    program = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
