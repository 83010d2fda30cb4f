"""Agreeing by name to licences that forbid a venue's use."""

from collections.abc import Callable
from typing import Any

import click

licences_option: Callable[[Any], Any] = click.option(
    "--accept-licence",
    "accepted",
    multiple=True,
    metavar="LICENCE",
    help="You have read it, and it lets you judge in a venue. May be given several times.",
)
