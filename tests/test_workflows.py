"""The workflows of .github say what is true of the project; `make actionlint` checks their syntax."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from tests.paths import ROOT

WORKFLOWS = {path.name: path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def jobs(name):
    return yaml.safe_load(WORKFLOWS[name])["jobs"]


def steps(name):
    return [step for job in jobs(name).values() for step in job.get("steps", [])]


def test_every_python_that_is_declared_is_tested():
    """The versions of the matrix are those of pyproject.toml."""
    declared = re.findall(r"Python :: (3\.\d+)\"", (ROOT / "pyproject.toml").read_text())
    assert jobs("tests.yml")["python"]["strategy"]["matrix"]["python"] == declared


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_a_workflow_runs_exists(name):
    """Make targets, scripts, and files that it reads."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    script = "\n".join(step.get("run", "") for step in steps(name))
    assert set(re.findall(r"^make ([a-z][a-z0-9-]*)", script, re.MULTILINE)) <= targets
    files = re.findall(r"(?<![\w/.-])(?:\.ci|requirements|deploy|extender)/[\w./-]+", script)
    assert [path for path in files if not (ROOT / path).exists()] == []


def test_nothing_but_a_release_may_write():
    """By default a workflow may read the source; a job says what else it needs."""
    for name, text in WORKFLOWS.items():
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
        for job in jobs(name).values():
            writes = {scope for scope, right in job.get("permissions", {}).items() if right == "write"}
            assert writes <= {"packages", "contents"}
            assert "contents" not in writes or name == "release.yml"


def test_only_a_release_publishes():
    """Only the input that the release gives lets chart and image be pushed, and signs in to the registry."""
    publishing = [
        step
        for step in steps("build.yml")
        if "helm push" in step.get("run", "") or "login" in step.get("uses", "")
    ]
    assert len(publishing) == 2
    assert {step["if"] for step in publishing} == {"inputs.publish"}
    (image,) = [step for step in steps("build.yml") if "build-push" in step.get("uses", "")]
    assert image["with"]["push"] == "${{ inputs.publish || false }}"
    callers = [job for name in WORKFLOWS for job in jobs(name).values() if "build.yml" in job.get("uses", "")]
    assert [job["with"] for job in callers] == [{"publish": True}]


def test_the_image_s_context_has_what_it_copies():
    """.dockerignore leaves out everything but what the Dockerfile copies from the source."""
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(" ".join(copied).split()) == sorted(allowed)
