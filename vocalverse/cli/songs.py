"""`vocalverse songs`: what is sung."""

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_facts, show_rows

_COLUMNS = ("ref", "title", "artist", "language", "venue")
_venue_option = click.option("--venue", help="The venue whose song it is; everybody's where nothing is said.")


@click.group()
def songs() -> None:
    """Songs that recordings name. One that is not known yet is added by the first recording that names it."""


@songs.command("list")
@click.option("--venue", help="Only this venue's and everybody's.")
@click.option("--like", metavar="TEXT", help="Only those with TEXT in name, title or artist.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
def list_(venue: str | None, like: str | None, limit: int, as_json: bool) -> None:
    """Songs by name."""
    from vocalverse.store.songs import list_songs
    from vocalverse.store.venues import find_venue

    with operating() as connection:
        venue_id = find_venue(connection, venue) if venue else None
        rows = list_songs(connection, venue_id=venue_id, like=like, limit=limit)
    show_rows(rows, columns=_COLUMNS, as_json=as_json, empty="No song: vocalverse songs add REF --title TITLE")


@songs.command()
@click.argument("ref")
@click.option("--title")
@click.option("--artist")
@click.option("--language", metavar="CODE", help="Such as en or de-AT.")
@_venue_option
@json_option
def add(
    ref: str, title: str | None, artist: str | None, language: str | None, venue: str | None, as_json: bool
) -> None:
    """Add a song, or correct what is known of it. REF: the name by which recordings call it."""
    from vocalverse.store.songs import add_song, show_song
    from vocalverse.store.venues import find_venue

    with operating() as connection:
        venue_id = find_venue(connection, venue) if venue else None
        add_song(connection, venue_id=venue_id, ref=ref, title=title, artist=artist, language=language)
        facts = show_song(connection, ref=ref, venue_id=venue_id)
    show_facts(facts, as_json=as_json)


@songs.command()
@click.argument("ref")
@_venue_option
@json_option
def show(ref: str, venue: str | None, as_json: bool) -> None:
    """One song, and how often it was sung."""
    from vocalverse.store.songs import show_song
    from vocalverse.store.venues import find_venue

    with operating() as connection:
        facts = show_song(connection, ref=ref, venue_id=find_venue(connection, venue) if venue else None)
    show_facts(facts, as_json=as_json)
