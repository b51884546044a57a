"""``renew``: renew the certificates of the Helm chart that end soon, under the authority that it made."""

from __future__ import annotations

import argparse
import asyncio
import re
from datetime import UTC, datetime

from extender.kube.api.connection import connect
from extender.kube.api.errors import LiveError
from extender.kube.api.lease import own_namespace

from ..exit_status import Exit, WrongInput
from .renewal import Wanted, read_authority, renew

MOST_DAYS = 825
"""As the chart has it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--authority", required=True, metavar="NAME", help="Secret with the authority's certificate and key"
    )
    parser.add_argument(
        "--certificate",
        required=True,
        action="append",
        type=_wanted,
        metavar="NAME=HOST",
        help="Secret with a certificate of that authority, and the host that it is for (repeatable)",
    )
    parser.add_argument(
        "--days",
        type=_days,
        default=365,
        metavar="N",
        help="days for which a renewed certificate is valid (default: 365)",
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="of these Secrets (default: that of the service account)"
    )
    parser.add_argument("--kubeconfig", metavar="FILE", help="kubeconfig file of the live cluster")
    parser.add_argument("--context", metavar="NAME", help="context in the kubeconfig")


def run(args: argparse.Namespace) -> int:
    """Renew what is due. One that cannot be renewed does not keep the others from it."""
    try:
        failed = asyncio.run(_renew(args))
    except LiveError as error:
        raise WrongInput(str(error)) from error
    if failed:
        raise WrongInput("; ".join(failed))
    return Exit.FINE


async def _renew(args: argparse.Namespace) -> list[str]:
    """Print what was done; what could not be done."""
    namespace, failed = args.namespace or own_namespace(), []
    async with connect(args.context, args.kubeconfig) as connection:
        now = datetime.now(UTC)
        authority = await read_authority(connection, namespace, args.authority, now)
        for wanted in args.certificate:
            try:
                print(await renew(connection, namespace, authority, wanted, args.days, now), flush=True)
            except LiveError as error:
                failed.append(str(error))
    return failed


def _wanted(text: str) -> Wanted:
    match = re.fullmatch(r"([a-z0-9.-]{1,253})=([a-z0-9.-]{1,253})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected NAME=HOST in small letters, got {text!r}")
    return Wanted(*match.groups())


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_DAYS} days, got {text!r}")
    return days
