"""The import contracts hold, and a breach would be seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the ``pyproject.toml`` in the folder."""
    linter = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", linter],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_import_contracts_are_kept():
    """Every contract of ``[tool.importlinter]`` is kept: layers, pure core."""
    done = lint_imports(ROOT)
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
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert "extender.core.reasons -> asyncio" in done.stdout
    assert "extender.core.topology.upwards -> extender.core.allocator.search" in done.stdout
    assert "homeless" in done.stdout
