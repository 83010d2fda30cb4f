"""`vocalverse data export`: recordings of venues, to be rated and learnt from."""

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_done
from vocalverse.cli.places import require_writable
from vocalverse.errors import BadInput, BlobMissing, NotFound

if TYPE_CHECKING:
    from vocalverse.store.blobs import BlobStore
    from vocalverse.store.learning import Consented
    from vocalverse.training.manifest import Clip

_MANIFEST, _RATINGS, _SOUND = "takes.jsonl", "ratings.csv", "sound"
_FACTS = ("id", "audio", "singer", "song", "licence", "language", "room", "text")
_TO_FILL_IN = ("rater", "breath", "technique", "timbre", "emotion")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--venue", help="Only this venue's.")
@click.option("--song", metavar="REF", help="Only those of this song.")
@click.option("--since", type=click.DateTime(), metavar="DATE", help="Only those that came in since then.")
@json_option
def export(folder: Path, *, venue: str | None, song: str | None, since: datetime | None, as_json: bool) -> None:
    """Copy recordings that may be learnt from into FOLDER, with a manifest and a table for raters to fill in.

    Only those whose singers let their sound be kept and learnt from. They may take that back, or be deleted: export
    anew before you train anew, and delete the old copy. Who has no pseudonym counts as a singer of their own.

    \b
    Example:
      vocalverse data export to-rate --venue blue-note
      vocalverse data import csv to-rate/ratings.csv --out to-rate/rated.jsonl    # when it is filled in
    """
    from vocalverse.settings import Settings
    from vocalverse.store.blobs import open_blobs
    from vocalverse.store.learning import consented
    from vocalverse.store.venues import find_venue
    from vocalverse.training.manifest import Manifest
    from vocalverse.training.manifest_files import write

    require_writable(folder, "FOLDER")
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty: export into a new folder.")
    settings = Settings.read()
    with operating(settings) as connection:
        found = consented(connection, venue_id=find_venue(connection, venue) if venue else None, song=song, since=since)
    clips = list(_copied(found, open_blobs(settings), folder / _SOUND))
    if not clips:
        raise NotFound("There is no recording that may be learnt from: singers have to let it be kept and learnt from.")
    write(Manifest(tuple(clips)), folder / _MANIFEST)
    (folder / _RATINGS).write_text(_table(clips, folder), encoding="utf-8")
    singers = len({clip.singer for clip in clips})
    show_done(
        f"{len(clips)} recordings of {singers} singers are in {folder}. Have {_RATINGS} filled in, a line for each who"
        " rates.",
        {"folder": str(folder), "clips": len(clips), "singers": singers, "without_sound": len(found) - len(clips)},
        as_json=as_json,
    )


def _copied(found: "Sequence[Consented]", blobs: "BlobStore", folder: Path) -> "Iterator[Clip]":
    """But for those that were deleted in the meantime."""
    from vocalverse.store.blobs import AUDIO

    for one in found:
        audio = folder / str(one.id)
        try:
            with blobs.open(one.venue_id, one.id, AUDIO) as source:
                folder.mkdir(parents=True, exist_ok=True)
                with audio.open("wb") as target:
                    shutil.copyfileobj(source, target)
        except BlobMissing:
            continue
        yield _clip(one, audio)


def _clip(one: "Consented", audio: Path) -> "Clip":
    from vocalverse.listening.export import LICENCE
    from vocalverse.training.manifest import Clip

    return Clip(
        id=str(one.id),
        audio=audio,
        singer=f"{one.venue_id}/{one.singer or one.id}",
        song=one.song or f"song of {one.id}",
        licence=LICENCE,
        language=one.language or "",
        room=f"{one.venue_id}/{one.room}" if one.room else "",
        text=one.text or "",
    )


def _table(clips: "Sequence[Clip]", folder: Path) -> str:
    from vocalverse.measure.sheets import harmless
    from vocalverse.training.manifest import Manifest
    from vocalverse.training.manifest_files import as_rows

    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow((*_FACTS, *_TO_FILL_IN))
    for row in as_rows(Manifest(tuple(clips)), folder):
        writer.writerow([*(harmless(row.get(fact, "")) for fact in _FACTS), *[""] * len(_TO_FILL_IN)])
    return written.getvalue()
