"""The documentation does not drift: its blocks parse, its commands exist, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.paths import ROOT

PAGES = [
    page
    for folder in (".", "deploy", "docs", "scheduler-config")
    for page in sorted((ROOT / folder).glob("*.md" if folder == "." else "**/*.md"))
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted|proxy\.golang", re.IGNORECASE)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, *languages: str) -> list[str]:
    return [body for language, body in FENCE.findall(path.read_text()) if language in languages]


def code(path: Path) -> str:
    """Everything a page shows as something to type: shell blocks and inline code."""
    prose = FENCE.sub("", path.read_text())
    return "\n".join([*blocks(path, "sh"), *re.findall(r"`([^`\n]+)`", prose)])


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0]) for requirement in requirements}


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return {
        canonical(package): version
        for package, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


@cache
def help_text(*command: str) -> str:
    program = "import sys; from extender.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, *command, "--help"],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_blocks_parse(path):
    """Fenced JSON and YAML is JSON and YAML."""
    for body in blocks(path, "json"):
        json.loads(body)
    for body in blocks(path, "yaml"):
        list(yaml.safe_load_all(body))


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_fences_are_closed(path):
    """Every code fence that opens also closes, so that the other tests see the blocks."""
    assert len(re.findall(r"^```", path.read_text(), re.MULTILINE)) % 2 == 0


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_relative_links_resolve(path):
    """Links to files of this repository lead to a file or folder, anchors to a heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{short(path)} links to {link}"
        assert target.is_relative_to(ROOT), f"{short(path)} links out of the repository: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            slugs = {
                re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
            }
            assert anchor in slugs, f"{short(path)} links to {link}"


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_make_targets_exist(path):
    """Each `make target` a page shows is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", code(path))) - targets == set()


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_commands_and_options_exist(path):
    """Each `dra-extender command --option` a page shows is in that command's --help."""
    commands = re.compile(r"(?:^|[|;&/]) *dra-extender ([a-z]+)([^\n|;]*)", re.MULTILINE)
    for command, rest in commands.findall(code(path).replace("\\\n", " ")):
        text = help_text(command)
        for option in re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", rest):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), (
                f"{short(path)}: {command} has no {option}"
            )


def test_deployment_arguments_exist():
    """The options in the Deployment's and the image's arguments are options of that command."""
    (deployment,) = yaml.safe_load_all((ROOT / "deploy/base/deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    command, *arguments = container["args"]
    for option in [argument for argument in arguments if argument.startswith("--")]:
        assert option in help_text(command)


def test_every_make_target_is_listed():
    """`make help` shows each target, because each has its one line of description."""
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(re.findall(r"^([a-z0-9-]+):.*## ", text, re.MULTILINE))


def test_ci_runs_what_the_readme_says():
    """The README's test and lint commands are the ones that .ci/run runs."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    for command in ("make test", "make lint"):
        assert command in "\n".join(blocks(ROOT / "README.md", "sh"))
        assert f"run {command}\n" in script.read_text()


def test_every_dependency_has_its_reason():
    """docs/dependencies.md has one row for each runtime dependency of pyproject.toml, and no other."""
    rows = re.findall(
        r"^\| `([^`]+)` \| (\S.*?) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE
    )
    assert requirement_names([name for name, _ in rows]) == requirement_names(
        PROJECT["project"]["dependencies"]
    )
    assert all(len(reason) > 10 or name == "prometheus-client" for name, reason in rows)


def test_locks_hold_what_pyproject_asks_for():
    """Each direct requirement is pinned in its lock, and development uses the runtime's pins."""
    runtime, dev = pins("runtime.txt"), pins("dev.txt")
    assert requirement_names(PROJECT["project"]["dependencies"]) <= set(runtime)
    assert requirement_names(PROJECT["dependency-groups"]["dev"]) <= set(dev)
    assert runtime.items() <= dev.items()
    assert requirement_names(PROJECT["build-system"]["requires"]) == set(pins("build.txt"))


@pytest.mark.parametrize("name", ["build.txt", "runtime.txt", "dev.txt"])
def test_locks_install_from_any_index(name):
    """A lock pins and hashes every package, and names no place to fetch it from."""
    text = (ROOT / "requirements" / name).read_text()
    entries = re.split(r"\n(?=[\w])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE))
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries if entry.strip())
    assert "://" not in text


TEXTS = [*PAGES, ROOT / "Makefile", ROOT / "Dockerfile", ROOT / ".ci/run", ROOT / "pyproject.toml"]


@pytest.mark.parametrize("path", TEXTS, ids=short)
def test_no_package_registry_is_named(path):
    """Installing works with whatever index the machine is set up for, so none is named."""
    assert not REGISTRY_HOSTS.search(path.read_text())
