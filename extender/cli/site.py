"""What a site says about its hardware: the attribute names of its drivers, and the worths of distances."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from extender.core.alignment.worths import DEFAULT_WORTHS, Worths
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from extender.kube.files.site_file import SiteFileError
from extender.kube.files.vocabulary_file import read_vocabulary
from extender.kube.files.worths_file import read_worths

from .exit_status import WrongInput


@dataclass(frozen=True, slots=True)
class Site:
    """What counts where the site says nothing is what is built in."""

    vocabulary: Vocabulary = DEFAULT_VOCABULARY
    worths: Worths = DEFAULT_WORTHS


def add_site(parser: argparse.ArgumentParser) -> None:
    """Add ``--vocabulary`` and ``--worths``."""
    parser.add_argument(
        "--vocabulary",
        metavar="FILE",
        help="YAML or JSON file that maps the attributes of drivers to PCIe roots, NUMA nodes and so on "
        "(default: the built-in vocabulary)",
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
    except SiteFileError as error:
        raise WrongInput(str(error)) from error
    return Site(vocabulary, worths)
