"""`vocalverse songs import`: how songs go, so that takes can be held against them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.database import operating
from vocalverse.cli.given import chart, digest, is_sound
from vocalverse.cli.output import json_option, show_done, show_facts
from vocalverse.errors import BadInput
from vocalverse.records import ReferenceKind

if TYPE_CHECKING:
    from vocalverse.measure.reference.guide import Guide
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
@click.option("--voice", "alone", is_flag=True, help="A guide is a voice alone: nothing is separated.")
@json_option
def import_reference(ref: str, file: Path, *, venue: str | None, alone: bool, as_json: bool, **said: Any) -> None:
    """Say how a song goes: FILE is an UltraStar chart, MIDI, MusicXML, LRC for lyrics alone, or somebody singing it.

    A song that is not known yet is added, with title, artist and language as the file has them. What was imported
    before of the same kind, a melody, lyrics or a guide vocal, is replaced. Of a guide vocal its notes and its pitch
    are kept, not its sound; the voice is taken out of the recording before.

    \b
    Example:
      vocalverse songs import my-way my-way.txt
      vocalverse songs import my-way guide.m4a --voice
    """
    from vocalverse.store.song_references import keep_reference
    from vocalverse.store.songs import add_song
    from vocalverse.store.venues import find_venue

    told = told_by(file, alone=alone, **said)
    melody = told.melody
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
            kind=told.kind,
            source=melody.source,
            melody=told.stored,
            sha256=digest(file),
        )
    show_facts({"ref": ref, "kind": told.kind, **_facts(melody)}, as_json=as_json)


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


@dataclass(frozen=True)
class ToldSong:
    """What a file says of a song."""

    kind: ReferenceKind
    melody: "Melody"
    stored: Mapping[str, Any]


def told_by(file: Path, *, alone: bool, **said: Any) -> ToldSong:
    """`alone`: a recording is one of a voice alone. What else is said is of charts and scores."""
    from vocalverse.measure.reference import stored, stored_guide
    from vocalverse.measure.reference.options import ReadOptions
    from vocalverse.measure.reference.read import read_reference

    if is_sound(file):
        if unused := [f"--{name}" for name, value in said.items() if value is not None]:
            raise BadInput(f"{', '.join(unused)}: {file} is a recording, and that is said of charts and scores.")
        guide = _guide(file, alone=alone)
        return ToldSong(ReferenceKind.GUIDE, guide.melody, stored_guide.to_json(guide))
    if alone:
        raise BadInput(f"--voice: {file} is no recording that could be heard, and that is said of guide vocals.")
    melody = read_reference(chart(file), name=str(file), options=ReadOptions(**said))
    kind = ReferenceKind.MELODY if melody.has_pitch else ReferenceKind.LYRICS
    return ToldSong(kind, melody, stored.to_json(melody))


def _guide(file: Path, *, alone: bool) -> "Guide":
    from vocalverse.cli.listener import Listener, Wanted
    from vocalverse.cli.measure_views import bar
    from vocalverse.measure.reference.guide import guide_of

    with bar(1) as shown:
        listened = Listener.open(Wanted(alone=alone)).listen(file, shown.begins(file))
    return guide_of(listened.heard, name=str(file))


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
