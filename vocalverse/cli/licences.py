"""Agreeing to licences that forbid a venue's use, or are not known to allow it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vocalverse.release.spec import ReleaseSpec

ALL = "all that are listed"

licences_option: Callable[[Any], Any] = click.option(
    "--accept-licence",
    "accepted",
    multiple=True,
    is_flag=False,
    flag_value=ALL,
    metavar="[LICENCE]",
    help="You have read it, and it lets you judge. May be given several times; without a LICENCE it is all that are"
    " then listed.",
)


def agreed_to(spec: "ReleaseSpec", accepted: Sequence[str]) -> tuple[str, ...]:
    """Licences by their names. Whoever named none agrees to all that restrict the release, and is shown them."""
    from vocalverse.release.licence import restricted

    if ALL not in accepted:
        return tuple(accepted)
    parts = restricted(spec)
    if parts:
        click.echo(f"You agree, for {spec.name}, to:", err=True)
    for part in parts:
        click.echo(f"  {part.licence} ({part.name}; {part.source})", err=True)
    named = (licence for licence in accepted if licence != ALL)
    return tuple(dict.fromkeys([*named, *(part.licence for part in parts)]))
