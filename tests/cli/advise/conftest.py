"""What tests of advise share: files of claims."""

from __future__ import annotations

import pytest
import yaml


@pytest.fixture
def manifest(tmp_path):
    """Write objects as the YAML stream that people apply; returns the path."""

    def write(*objects):
        path = tmp_path / "claim.yaml"
        path.write_text(yaml.safe_dump_all(objects))
        return path

    return write
