"""The program: commands, options, exit status."""

from __future__ import annotations

import subprocess
import sys

import pytest

from extender import __version__
from extender.cli.program import COMMANDS


def test_no_command_is_wrong_usage(run):
    """Without a command the usage goes to stderr and the status is 2."""
    ran = run()
    assert ran.status == 2
    assert "COMMAND" in ran.err


def test_an_unknown_command_is_wrong_usage(run):
    """An unknown command is status 2 and the known ones are listed."""
    ran = run("dance")
    assert ran.status == 2
    assert all(command in ran.err for command in COMMANDS)


def test_an_unknown_option_is_wrong_usage(run):
    """An unknown option is status 2 and is named."""
    ran = run("demo", "--shiny")
    assert ran.status == 2
    assert "--shiny" in ran.err


def test_options_follow_the_command(run, cluster_file):
    """An option before the command is wrong usage."""
    assert run("--cluster", cluster_file, "explain", "--pod", "default/job-1").status == 2


def test_options_are_not_guessed_from_a_beginning(run, cluster_file):
    """Abbreviated options are refused, so that adding an option never changes a script."""
    assert run("explain", "--clus", cluster_file, "--pod", "default/job-1").status == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    """--help prints the command's options with status 0."""
    ran = run(command, "--help")
    assert ran.status == 0
    assert f"dra-extender {command}" in ran.out


def test_the_list_of_commands_has_one_line_each(run):
    """--help lists every command with what it does."""
    ran = run("--help")
    assert ran.status == 0
    assert all(text in ran.out for text in COMMANDS.values())


def test_the_version_is_the_package_s(run):
    """--version prints the version."""
    assert run("--version").out == f"dra-extender {__version__}\n"


def test_it_runs_as_a_module():
    """``python -m extender`` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "extender", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"dra-extender {__version__}\n"


def test_a_reader_that_leaves_is_no_error(cluster_file):
    """When the reader of a pipe is gone the program ends quietly, as other filters do."""
    command = [sys.executable, "-m", "extender", "explain", "--cluster", cluster_file, "--pod", "job-1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        errors = program.stderr.read()
        assert program.wait(timeout=60) == 141
    assert errors == b""
