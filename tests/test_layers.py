"""The layers hold, and every module can be the first one imported."""

from __future__ import annotations

import pkgutil
import shutil
import subprocess
import sys

import pytest

import extender
from tests.paths import ROOT

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(extender.__path__, "extender.")
    if not module.name.endswith("__main__")
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: PLW1510 - the tests look at the exit status themselves
        [sys.executable, "-W", "error", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600
    )


def test_import_contracts_are_kept():
    """Every contract of ``[tool.importlinter]`` is kept: layers, pure core."""
    linter = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = run("-c", linter)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_forbidden_import_would_be_seen(tmp_path):
    """The contracts are not vacuous: breaches of three of them are found, each by name."""
    shutil.copytree(
        ROOT / "extender", tmp_path / "extender", ignore=shutil.ignore_patterns("__pycache__", "data")
    )
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    core = tmp_path / "extender" / "core"
    (core / "reasons.py").write_text("import asyncio\n")
    (core / "topology" / "upwards.py").write_text("from ..allocator import search\n")
    (core / "homeless").mkdir()
    (core / "homeless" / "__init__.py").touch()
    linter = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, "-c", linter], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "extender.core.reasons -> asyncio" in done.stdout
    assert "extender.core.topology.upwards -> extender.core.allocator.search" in done.stdout
    assert "homeless" in done.stdout


@pytest.mark.parametrize("package", ["model", "cel", "core", "kube", "service", "cli"])
def test_every_module_can_be_imported_first(package):
    """No module relies on another one having been imported before it, nor warns on import."""
    modules = [name for name in MODULES if name.split(".")[1] == package]
    assert modules, f"extender.{package} has no modules"
    alone = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    for loaded in [key for key in sys.modules if key.partition('.')[0] == 'extender']:\n"
        "        del sys.modules[loaded]\n"
    )
    done = run("-c", alone, *modules)
    assert done.returncode == 0, done.stderr
