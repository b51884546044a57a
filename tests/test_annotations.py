"""Who is annotated in the tests: what other files import, and no test and no fixture."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.paths import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(tree: ast.Module | ast.ClassDef) -> Iterator[Function]:
    """The functions of a module and the methods of its classes."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions_of(node)


def parameters_of(function: Function) -> list[ast.arg]:
    """All but ``self`` and ``cls``."""
    declared = function.args
    stars = [each for each in (declared.vararg, declared.kwarg) if each is not None]
    every = [*declared.posonlyargs, *declared.args, *declared.kwonlyargs, *stars]
    return [each for each in every if each.arg not in {"self", "cls"}]


def is_annotated(function: Function) -> bool:
    """Whether anything in the signature is."""
    return function.returns is not None or any(each.annotation for each in parameters_of(function))


def is_wholly_annotated(function: Function) -> bool:
    return function.returns is not None and all(each.annotation for each in parameters_of(function))


def is_test_or_fixture(function: Function) -> bool:
    fixture = any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list)
    return fixture or function.name.startswith("test_")


def imported_names(modules: Mapping[str, ast.Module]) -> set[tuple[str, str]]:
    """Module and name of what other modules import; ``*`` for a module that is imported itself."""
    found = set()
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    found.add((whole, "*") if whole in modules else (node.module, alias.name))
    return found


def breaches(modules: Mapping[str, ast.Module]) -> list[str]:
    """The functions that are annotated and should not be, or the other way round."""
    imported = imported_names(modules)
    found = []
    for name, tree in modules.items():
        for function in functions_of(tree):
            public = (name, "*") in imported and not function.name.startswith("_")
            if is_test_or_fixture(function):
                if is_annotated(function):
                    found.append(f"{name}.{function.name} is a test or a fixture: leave the annotations out")
            elif (public or (name, function.name) in imported) and not is_wholly_annotated(function):
                found.append(f"{name}.{function.name} is imported elsewhere: annotate all of it")
    return found


def parsed(folder: Path) -> dict[str, ast.Module]:
    """The modules of a folder of tests by their name in it."""
    files = sorted((folder / "tests").rglob("*.py"))
    return {
        ".".join(path.relative_to(folder).with_suffix("").parts): ast.parse(path.read_text())
        for path in files
    }


def test_annotations_are_where_they_are_wanted():
    """On the functions that files share; tests and fixtures get what pytest gives them."""
    assert breaches(parsed(ROOT)) == []


def test_a_breach_would_be_seen(tmp_path):
    """Of both kinds, in plain and in asynchronous functions."""
    files = {
        "shared": "def named(a: int):\n    pass\n\n\ndef _own(a):\n    pass\n",
        "other": "def used(a, *, b: int) -> int:\n    pass\n\n\ndef alone(a):\n    pass\n",
        "test_it": "from tests import shared\nfrom tests.other import used\n\n\n"
        "async def test_one(x: int):\n    pass\n\n\n@pytest.fixture\ndef two() -> int:\n    pass\n",
    }
    (tmp_path / "tests").mkdir()
    for name, text in files.items():
        (tmp_path / "tests" / f"{name}.py").write_text(text)
    assert [breach.split(" is ")[0] for breach in breaches(parsed(tmp_path))] == [
        "tests.other.used",
        "tests.shared.named",
        "tests.test_it.test_one",
        "tests.test_it.two",
    ]
