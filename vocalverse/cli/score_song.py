"""How the song goes that takes are judged by, as a worker would be told of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.cli.given import is_sound
from vocalverse.cli.measure_song import in_database
from vocalverse.cli.song_references import told_by

if TYPE_CHECKING:
    from vocalverse.assess.song import References


def references_of(said: str, *, venue: str | None, alone: bool) -> "References":
    """A file goes before a song of that name. `alone`: a guide is a voice alone, as the takes are."""
    path = Path(said)
    if not path.exists():
        return in_database(said, venue)
    told = told_by(path, alone=alone and is_sound(path))
    return {told.kind: told.stored}
