"""What a site says of its hardware: attribute names of drivers, facts of machines, worths of distances."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from extender.core.alignment.worths import DEFAULT_WORTHS, Worths
from extender.core.topology.known_machines import BUILT_IN_FACTS
from extender.core.topology.machine_facts import MachineFacts
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from extender.kube.files.machines_file import read_machines
from extender.kube.files.site_file import SiteFileError
from extender.kube.files.vocabulary_file import read_vocabulary
from extender.kube.files.worths_file import read_worths

from .exit_status import WrongInput

_NONE = "none"


@dataclass(frozen=True, slots=True)
class Site:
    """What counts where the site says nothing is what is built in."""

    vocabulary: Vocabulary = DEFAULT_VOCABULARY
    worths: Worths = DEFAULT_WORTHS
    machines: MachineFacts = BUILT_IN_FACTS


def add_site(parser: argparse.ArgumentParser) -> None:
    """Add ``--vocabulary``, ``--machines`` and ``--worths``."""
    parser.add_argument(
        "--vocabulary",
        metavar="FILE",
        help="YAML or JSON file that maps the attributes of drivers to PCIe roots, NUMA nodes and so on "
        "(default: the built-in vocabulary)",
    )
    parser.add_argument(
        "--machines",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="YAML or JSON files that say where the devices of machine types are, in addition to the "
        "built-in facts; 'none' turns the built-in facts off",
    )
    parser.add_argument(
        "--worths",
        metavar="FILE",
        help="YAML or JSON file with the worth, 0 to 1, of each distance between devices "
        "(default: the built-in worths)",
    )


def site_of(args: argparse.Namespace) -> Site:
    """Read the files that the options of ``add_site`` name. Raises ``WrongInput``."""
    site = Site()
    vocabulary, worths = site.vocabulary, site.worths
    try:
        if args.vocabulary is not None:
            vocabulary = read_vocabulary(args.vocabulary, vocabulary)
        if args.worths is not None:
            worths = read_worths(args.worths, worths)
        machines = _machines(args.machines)
    except SiteFileError as error:
        raise WrongInput(str(error)) from error
    return Site(vocabulary, worths, machines)


def _machines(named: Sequence[str]) -> MachineFacts:
    """The types of the files before those that are built in. Raises ``SiteFileError``."""
    own = [type_ for path in named if path != _NONE for type_ in read_machines(path)]
    return MachineFacts((*own, *(() if _NONE in named else BUILT_IN_FACTS.types)))
