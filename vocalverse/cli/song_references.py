"""`vocalverse songs import`: how songs go, so that takes can be held against them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.database import operating
from vocalverse.cli.given import chart
from vocalverse.cli.output import json_option, show_done, show_facts
from vocalverse.records import ReferenceKind

if TYPE_CHECKING:
    from vocalverse.measure.reference.melody import Melody

_venue_option = click.option("--venue", help="The venue whose song it is; everybody's where nothing is said.")


@click.command("import")
@click.argument("ref")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_venue_option
@click.option("--part", metavar="NAME", help="The track of a MIDI file or the part of a score that is sung.")
@click.option("--channel", type=click.IntRange(1, 16), help="The channel of a MIDI file that is sung.")
@click.option("--verse", type=click.IntRange(1, 99), help="The verse of a score.")
@click.option("--encoding", metavar="NAME", help="Of a text, where it is guessed wrongly; such as cp1252.")
@json_option
def import_reference(ref: str, file: Path, *, venue: str | None, as_json: bool, **said: Any) -> None:
    """Say how a song goes: FILE is an UltraStar chart, MIDI, MusicXML, or LRC for lyrics alone.

    A song that is not known yet is added, with title, artist and language as the file has them. What was imported
    before of the same kind, a melody or lyrics, is replaced.
    """
    from hashlib import sha256

    from vocalverse.measure.reference.options import ReadOptions
    from vocalverse.measure.reference.read import read_reference
    from vocalverse.measure.reference.stored import to_json
    from vocalverse.store.song_references import keep_reference
    from vocalverse.store.songs import add_song
    from vocalverse.store.venues import find_venue

    data = chart(file)
    melody = read_reference(data, name=str(file), options=ReadOptions(**said))
    kind = ReferenceKind.MELODY if melody.has_pitch else ReferenceKind.LYRICS
    with operating() as connection:
        venue_id = find_venue(connection, venue) if venue else None
        song_id = add_song(
            connection,
            venue_id=venue_id,
            ref=ref,
            title=melody.title,
            artist=melody.artist,
            language=melody.language,
            replaces=False,
        )
        keep_reference(
            connection,
            song_id=song_id,
            kind=kind,
            source=melody.source,
            melody=to_json(melody),
            sha256=sha256(data).digest(),
        )
    show_facts({"ref": ref, "kind": kind, **_facts(melody)}, as_json=as_json)


@click.command("remove-reference")
@click.argument("ref")
@click.argument("kind", type=click.Choice([kind.value for kind in ReferenceKind]))
@_venue_option
@json_option
def forget_reference(ref: str, kind: str, *, venue: str | None, as_json: bool) -> None:
    """Forget a song's melody, lyrics or guide vocal."""
    from vocalverse.store.song_references import remove_reference
    from vocalverse.store.songs import show_song
    from vocalverse.store.venues import find_venue

    with operating() as connection:
        song = show_song(connection, ref=ref, venue_id=find_venue(connection, venue) if venue else None)
        remove_reference(connection, song_id=song["id"], kind=ReferenceKind(kind))
    show_done(f"Removed the {kind} of {ref}.", {"ref": ref, "kind": kind}, as_json=as_json)


def _facts(melody: "Melody") -> Mapping[str, object]:
    pitches = [note.midi for note in melody.notes if note.midi is not None]
    return {
        "source": melody.source,
        "title": melody.title,
        "artist": melody.artist,
        "language": melody.language,
        "lines": len(melody.lines),
        "notes": len(melody.notes),
        "duration_s": round(melody.duration_s, 3),
        "lowest_midi": min(pitches, default=None),
        "highest_midi": max(pitches, default=None),
        "singers": len(melody.singers),
        "warnings": list(melody.warnings),
    }
