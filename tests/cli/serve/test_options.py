"""The options of ``serve``: one table from which the parser, the documentation and the checks are made."""

from __future__ import annotations

import argparse

import pytest

from extender.cli.serve import command
from extender.cli.serve.options import OPTIONS, markdown
from extender.cli.site import site_of
from extender.service.config import Config
from tests.paths import ROOT


@pytest.fixture
def parser():
    made = argparse.ArgumentParser(prog="serve", allow_abbrev=False)
    command.add_arguments(made)
    return made


def test_the_documentation_has_the_table():
    """docs/cli.md shows what the command on the page prints."""
    assert markdown() in (ROOT / "docs/cli.md").read_text()


def test_names_are_unique():
    """Each option has one row."""
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)


def test_without_options_the_configuration_is_the_default(parser):
    """The parser has no defaults of its own: what it yields is ``Config()``."""
    args = parser.parse_args([])
    assert command.config_of(args, site_of(args)) == Config()


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_help_has_its_text_and_default(parser, option, monkeypatch):
    """``--help`` says what the row says."""
    monkeypatch.setenv("COLUMNS", "1000")
    text = " ".join(parser.format_help().split())
    assert option.name in text
    assert " ".join(option.full_help.split()) in text


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_row_names_where_the_value_goes(parser, option):
    """Every option sets the argument that its row names."""
    word = {"S": "7.5", "N": "7", "MIB": "7"}.get(option.metavar, "7:7")
    word = list(option.choices)[-1] if option.choices else word
    given = [word] if option.metavar else []
    args = parser.parse_args([option.name, *given])
    assert getattr(args, option.argument) != getattr(parser.parse_args([]), option.argument)
