"""`vocalverse songs`: what is sung."""

from pathlib import Path

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_done, show_facts, show_rows
from vocalverse.cli.song_references import forget_reference, import_reference
from vocalverse.errors import BadInput

_LONGEST_DESCRIPTION = 2000  # as of a recording
_COLUMNS = ("ref", "title", "artist", "language", "venue")
_venue_option = click.option("--venue", help="The venue whose song it is; everybody's where nothing is said.")
_shift_option = click.option(
    "--key-shift",
    type=click.IntRange(-12, 12),
    default=0,
    show_default=True,
    help="By how many semitones the venue plays it higher.",
)


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
@click.option("--description", metavar="TEXT", help="How it should be sung, for a release that reads it.")
@_venue_option
@json_option
def add(
    ref: str,
    title: str | None,
    artist: str | None,
    language: str | None,
    description: str | None,
    venue: str | None,
    as_json: bool,
) -> None:
    """Add a song, or correct what is known of it. REF: the name by which recordings call it."""
    _must_be_short(description)
    from vocalverse.store.songs import add_song, describe_song, show_song
    from vocalverse.store.venues import find_venue

    with operating() as connection:
        venue_id = find_venue(connection, venue) if venue else None
        song_id = add_song(connection, venue_id=venue_id, ref=ref, title=title, artist=artist, language=language)
        if description:
            describe_song(connection, song_id, description)
        facts = show_song(connection, ref=ref, venue_id=venue_id)
    show_facts(facts, as_json=as_json)


def _must_be_short(description: str | None) -> None:
    if len(description or "") > _LONGEST_DESCRIPTION:
        raise BadInput(
            f"A description has at most {_LONGEST_DESCRIPTION} letters; this one has {len(description or '')}."
        )


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


@songs.command("add-backing")
@click.argument("ref")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_shift_option
@_venue_option
@json_option
def add_backing(ref: str, file: Path, key_shift: int, venue: str | None, as_json: bool) -> None:
    """Say what is played to a song: recordings of it are then judged with FILE taken out of them.

    A file for each key that is played is best; where there is none for a key, that of the song's own key is tried.
    """
    from vocalverse.audio.decode import decode
    from vocalverse.settings import Settings
    from vocalverse.store.blobs import open_blobs
    from vocalverse.store.song_backings import keep_backing, list_backings
    from vocalverse.store.songs import show_song
    from vocalverse.store.venues import find_venue

    with file.open("rb") as sound:
        decode(sound)  # what cannot be heard is refused here and not by every worker
    settings = Settings.read()
    blobs = open_blobs(settings)
    with operating(settings) as connection:
        song = show_song(connection, ref=ref, venue_id=find_venue(connection, venue) if venue else None)
        replaced = keep_backing(connection, blobs, song_id=song["id"], key_shift=key_shift, path=file)
        kept = list_backings(connection, song["id"])
    if replaced:
        replaced.delete(blobs)
    shifts = ", ".join(f"{backing['key_shift']:+d}" for backing in kept)
    show_done(f"{ref} now has backings for the key shifts {shifts}.", {"ref": ref, "backings": kept}, as_json=as_json)


@songs.command("remove-backing")
@click.argument("ref")
@_shift_option
@_venue_option
@json_option
def forget_backing(ref: str, key_shift: int, venue: str | None, as_json: bool) -> None:
    """Forget what is played to a song in one key."""
    from vocalverse.settings import Settings
    from vocalverse.store.blobs import open_blobs
    from vocalverse.store.song_backings import remove_backing
    from vocalverse.store.songs import show_song
    from vocalverse.store.venues import find_venue

    settings = Settings.read()
    with operating(settings) as connection:
        song = show_song(connection, ref=ref, venue_id=find_venue(connection, venue) if venue else None)
        removed = remove_backing(connection, song_id=song["id"], key_shift=key_shift)
    removed.delete(open_blobs(settings))
    show_done(f"Removed the backing of {ref}.", {"ref": ref, "key_shift": key_shift}, as_json=as_json)


songs.add_command(import_reference)
songs.add_command(forget_reference)
