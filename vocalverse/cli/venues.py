"""`vocalverse venues`: who sings, and who may read the reports of it."""

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_done, show_facts, show_rows


@click.group()
def venues() -> None:
    """Venues, and who may read their reports."""


@venues.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All venues, with what waits for them."""
    from vocalverse.store.venues import list_venues

    with operating() as connection:
        rows = list_venues(connection)
    columns = ("slug", "name", "machines", "seen_at", "waiting", "disabled_at")
    show_rows(rows, columns=columns, as_json=as_json, empty="No venue yet: vocalverse venues add SLUG --name NAME")


@venues.command()
@click.argument("slug")
@click.option("--name", help="What people call it; the slug where nothing is said.")
@json_option
def add(slug: str, name: str | None, as_json: bool) -> None:
    """Make a venue, or rename one. SLUG: small letters, digits, - and _."""
    from vocalverse.store.venues import checked_slug, ensure_venue

    with operating() as connection:
        venue_id = ensure_venue(connection, slug=checked_slug(slug), name=name or slug)
    show_facts({"slug": slug, "name": name or slug, "id": venue_id}, as_json=as_json)


@venues.command()
@click.argument("slug")
@json_option
def disable(slug: str, as_json: bool) -> None:
    """Refuse the venue's keys from now on. What it has sent stays and is judged."""
    from vocalverse.store.venues import disable_venue

    with operating() as connection:
        disable_venue(connection, slug)
    sentence = f"{slug}: its keys are refused within 5 s. `vocalverse venues enable {slug}` takes that back."
    show_done(sentence, {"slug": slug, "disabled": True}, as_json=as_json)


@venues.command()
@click.argument("slug")
@json_option
def enable(slug: str, as_json: bool) -> None:
    """Let the venue's keys count again."""
    from vocalverse.store.venues import disable_venue

    with operating() as connection:
        disable_venue(connection, slug, disabled=False)
    show_done(f"{slug}: its keys count again.", {"slug": slug, "disabled": False}, as_json=as_json)


@venues.command()
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG...")
@click.option("--login", help="The login's name: vv_report_…; made of the first SLUG where nothing is said.")
@click.option("--replace", is_flag=True, help="Give a login that is there a new password and these venues.")
@json_option
def reporter(slugs: tuple[str, ...], login: str | None, replace: bool, as_json: bool) -> None:
    """Make a login for SQL that reads the reports of these venues and nothing else.

    Its address is shown once, password and all.
    """
    from vocalverse.settings import Settings
    from vocalverse.store.reporters import make_reporter

    settings = Settings.read()
    role = login or f"vv_report_{slugs[0].replace('-', '_')}"
    with operating(settings) as connection:
        url = make_reporter(connection, settings.database_url, role=role, slugs=slugs, replace=replace)
    show_facts({"login": role, "venues": list(slugs), "url": url}, as_json=as_json)
    if not as_json:
        click.echo(f'Shown this once. Try: psql "{url}" -c "SELECT * FROM report_recordings LIMIT 5"', err=True)
