"""What is known of a take's song, read from what was kept of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from vocalverse.errors import ReferenceBroken
from vocalverse.records import ReferenceKind, Remark, TextKind

if TYPE_CHECKING:
    from vocalverse.measure.reference.guide import Contour
    from vocalverse.measure.reference.melody import Melody

References = Mapping[ReferenceKind, Mapping[str, Any]]  # as the store has them

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class KnownSong:
    melody: "Melody | None"
    guide: "Contour | None"  # how somebody sang it whom the singer may play back
    remarks: tuple[Remark, ...] = ()
    text: Mapping[TextKind, str] = field(default_factory=dict)  # its lyrics, where it has any


def know_song(references: References) -> KnownSong:
    """Its melody, else the notes of its guide, else its lyrics. What cannot be read is as if it were not there."""
    from vocalverse.measure.reference import stored, stored_guide

    broken: list[ReferenceKind] = []

    def read(kind: ReferenceKind, reader: Callable[[Any], _Read]) -> _Read | None:
        try:
            return reader(references[kind]) if kind in references else None
        except ReferenceBroken:
            broken.append(kind)
            return None

    guide = read(ReferenceKind.GUIDE, stored_guide.from_json)
    melody = read(ReferenceKind.MELODY, stored.from_json) or (guide.melody if guide else None)
    lyrics = read(ReferenceKind.LYRICS, stored.from_json)
    words = _words(melody) or _words(lyrics)
    return KnownSong(
        melody=melody or lyrics,
        guide=guide.contour if guide else None,
        remarks=(Remark.REFERENCE_UNREADABLE,) if broken else (),
        text={TextKind.LYRICS: words} if words else {},
    )


def _words(song: "Melody | None") -> str:
    return "\n".join(line.text for line in song.lines if line.text) if song else ""
