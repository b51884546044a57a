"""
``docs/cases.md``: what people asked and what is answered, from the cases. ``python -m tests.cases.page``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tests.cases.case import Case, cases
from tests.paths import DOCS

PAGE = DOCS / "cases.md"
WIDTH = 100

HEAD = """\
# What people asked

These questions come from public bug reports, manuals and discussions of people who run dynamic
resource allocation. Each is a test: a folder of `tests/cases` has a small cluster of our own with
the same facts, the commands, and the right answers as data: devices, outcomes, the order of scores,
codes of reasons and advice. Where Kubernetes' own allocator decides, the test asks it too. The
[glossary](README.md#glossary) explains our terms.

```sh
.venv/bin/python -m pytest tests/cases                      # all; the allocator's part needs Go
dra-extender explain --cluster tests/cases/01-all-nics-of-one-root/cluster.yaml --pod default/all
```

`python -m tests.cases.page` writes this page from the cases.
"""


def page() -> str:
    """The page as it has to be."""
    return "\n".join([HEAD, *(line for folder, case in cases().items() for line in entry(folder.name, case))])


def entry(name: str, case: Case) -> Iterator[str]:
    """A question and its answer."""
    yield f"* **{name}**"
    yield from _item(f"asked: {case.asked}")
    yield from _item(f"answered: {case.answer}")
    yield from _item(f"from: {case.source}")


def _item(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(page() + "\n")
