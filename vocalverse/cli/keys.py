"""`vocalverse keys`: who may talk to the gateway."""

from datetime import timedelta

import click

from vocalverse.agent.options import parse_duration
from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_facts, show_rows
from vocalverse.errors import BadInput

_VENUE_SCOPES = ("upload", "read", "delete", "health")
_HOUSE_SCOPES = ("operator", "metrics")  # of all venues, and so never a venue's


@click.group()
def keys() -> None:
    """API keys. Only a hash of each is kept: what is issued is shown once."""


@keys.command("list")
@click.option("--venue", help="Only this venue's.")
@json_option
def list_(venue: str | None, as_json: bool) -> None:
    """All keys by their prefixes."""
    from vocalverse.store.keys import list_keys
    from vocalverse.store.venues import find_venue

    with operating() as connection:
        rows = list_keys(connection, venue_id=find_venue(connection, venue) if venue else None)
    columns = ("prefix", "venue", "label", "scopes", "created_at", "expires_at", "revoked_at")
    show_rows(rows, columns=columns, as_json=as_json, empty="No key yet: vocalverse keys issue --venue SLUG")


@keys.command()
@click.option("--venue", help="The venue's slug.")
@click.option("--operator", is_flag=True, help="A key for every venue and everything but metrics.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([*_VENUE_SCOPES, "metrics"]),
    help="May be given several times; a venue's key has upload, read, delete and health where nothing is said.",
)
@click.option("--label", default="", help="What it is for, such as the machine's name.")
@click.option("--valid-for", type=parse_duration, metavar="TIME", help="Such as 90d; for ever where nothing is said.")
@json_option
def issue(
    venue: str | None, operator: bool, scopes: tuple[str, ...], label: str, valid_for: float | None, as_json: bool
) -> None:
    """Make a key and show it, this once.

    \b
    For a venue's machines:  vocalverse keys issue --venue blue-note --valid-for 365d
    For yourself:            vocalverse keys issue --operator
    For Prometheus:          vocalverse keys issue --scope metrics
    """
    from vocalverse.store.keys import VENUE_SCOPES, Scope, issue_key
    from vocalverse.store.venues import find_venue

    _check(venue=venue, operator=operator, scopes=scopes)
    granted = tuple(Scope(scope) for scope in (*scopes, *(("operator",) if operator else ()))) or VENUE_SCOPES
    with operating() as connection:
        key = issue_key(
            connection,
            venue_id=find_venue(connection, venue) if venue else None,
            scopes=granted,
            label=label,
            valid_for=timedelta(seconds=valid_for) if valid_for is not None else None,
        )
    if as_json:
        show_facts({"key": key, "venue": venue, "scopes": [scope.value for scope in granted]}, as_json=True)
        return
    click.echo(key)
    click.echo("Shown this once: keep it where only its machine can read it.", err=True)


@keys.command()
@click.argument("prefix")
@json_option
def revoke(prefix: str, as_json: bool) -> None:
    """Refuse a key from now on. PREFIX: as `keys list` shows it, or the whole key."""
    from vocalverse.store.keys import revoke_key

    with operating() as connection:
        revoke_key(connection, prefix)
    click.echo(f"{prefix.split('.', maxsplit=1)[0]}: refused within 5 s.")


def _check(*, venue: str | None, operator: bool, scopes: tuple[str, ...]) -> None:
    house = operator or bool(set(scopes) & set(_HOUSE_SCOPES))
    if venue and house:
        raise BadInput("A venue's key sees its venue only: --operator and --scope metrics go without --venue.")
    if not venue and not operator and set(scopes) != {"metrics"}:
        raise BadInput("Whose key? --venue SLUG for a venue's machines, --operator for yourself, or --scope metrics.")
