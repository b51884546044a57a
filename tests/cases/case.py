"""
What people asked, and what is right, as data.

A folder ``NN-name`` holds ``case.yaml`` and the inputs that it names. ``case.yaml``:

* ``asked``, ``answer``: a sentence each, for ``docs/cases.md``; ``source``: where people met it;
* ``questions``: each with ``command``, ``kubernetes`` (the releases that give the same answer) and
  ``expect``; ``pod`` or ``file``, ``cluster``, ``gates``, ``status`` and ``scoreMax`` as the command
  has them; ``allocator`` where Kubernetes' own allocator cannot be asked, with the reason, and ``endless``.

``expect`` names the parts of the answer that count, as ``answers.py`` puts them. What it does not
name may be anything, but for the names of nodes and pods and for ``warnings``, which are all there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

FOLDERS = Path(__file__).parent


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """
    One command and its answer on each of the releases ``kubernetes``.

    ``pod`` is in the namespace ``default``. ``allocator``: ``asked`` says that the allocator of
    Kubernetes gives the same devices or none, everything else why it is not asked. ``endless``: the
    nodes where it does not end.
    """

    command: Literal["explain", "advise", "audit", "prioritize"]
    kubernetes: tuple[str, ...]
    expect: dict[str, Any]
    pod: str = ""
    file: str = ""
    cluster: str = "cluster.yaml"
    gates: str = ""
    status: int = 0
    score_max: int = 100
    allocator: str = "asked"
    endless: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder's ``case.yaml``."""

    asked: str
    answer: str
    source: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Asked:
    """A question on one release."""

    folder: Path
    question: Question
    version: str

    @property
    def id(self) -> str:
        """The name of the test."""
        subject = self.question.pod or self.question.file or Path(self.question.cluster).stem
        parts = (self.folder.name, self.question.command, subject, self.version, self.question.gates)
        more = (str(self.question.score_max),) if self.question.command == "prioritize" else ()
        return "-".join(part for part in (*parts, *more) if part)

    @property
    def cluster(self) -> Path:
        return self.folder / self.question.cluster

    @property
    def gates(self) -> dict[str, bool]:
        """The feature gates that the question sets."""
        pairs = (text.split("=") for text in self.question.gates.split(",") if text)
        return {name: value == "true" for name, value in pairs}


def cases() -> dict[Path, Case]:
    """Every case by its folder, in the order of names."""
    return {
        path.parent: msgspec.convert(yaml.safe_load(path.read_text()), Case)
        for path in sorted(FOLDERS.glob("*/case.yaml"))
    }


def questions() -> Iterator[Asked]:
    """Every question on every release that it names."""
    for folder, case in cases().items():
        for question in case.questions:
            for version in question.kubernetes:
                yield Asked(folder, question, version)
