"""What people name as the song that takes are held against: a chart, somebody singing it, or a song in the database."""

from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.cli.given import chart, is_sound
from vocalverse.errors import NotFound, ReferenceBroken
from vocalverse.records import Progress, no_progress

if TYPE_CHECKING:
    from vocalverse.assess.song import KnownSong, References
    from vocalverse.cli.listener import Listener


def known_song(
    said: str, listener: "Listener", *, venue: str | None = None, progress: Progress = no_progress
) -> "KnownSong":
    """A file goes before a song of that name."""
    from vocalverse.assess.song import KnownSong, know_song

    path = Path(said)
    if not path.exists():
        return know_song(in_database(said, venue))
    if is_sound(path):
        from vocalverse.measure.reference.guide import guide_of

        guide = guide_of(listener.listen(path, progress).heard, name=said)
        return KnownSong(guide.melody, guide.contour)
    from vocalverse.measure.reference.read import read_reference

    return KnownSong(read_reference(chart(path), name=said), None)


def in_database(ref: str, venue: str | None) -> "References":
    """How the song of that name goes: a melody at least, or a guide."""
    from vocalverse.assess.song import know_song
    from vocalverse.cli.database import operating
    from vocalverse.settings import Settings

    settings = Settings.read()
    if not settings.database_url:
        raise NotFound(
            f"--song {ref}: there is no such file, and no database in which a song of that name could be: "
            "VOCALVERSE_DATABASE_URL names one."
        )
    from vocalverse.store.song_references import references
    from vocalverse.store.songs import show_song
    from vocalverse.store.venues import find_venue

    with operating(settings) as connection:
        song = show_song(connection, ref=ref, venue_id=find_venue(connection, venue) if venue else None)
        found = references(connection, song["id"])
    if know_song(found).melody is None:
        raise ReferenceBroken(
            f"Of the song {ref} nothing tells how it goes: `vocalverse songs import {ref} FILE` does."
        )
    return found
