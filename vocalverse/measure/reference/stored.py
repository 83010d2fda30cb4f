"""How a melody is stored: one JSON object with a version, in which lines and notes are rows.

```
{"version": 1, "source": "ultrastar", "title": …, "artist": …, "language": …, "octave_is_known": false,
 "gap_s": 2.72, "starts_s": null, "ends_s": null, "warnings": […],
 "lines": [[start_s, end_s, singers, words, [[start_s, end_s, midi, text, kind, flags], …]], …]}
```
`singers` is 1, 2, or 12 for both. `words` is the text of a line without notes. `midi` is null where the pitch does
not count. `kind` is UltraStar's letter. `flags` adds 1 where a word ends and 2 where the note goes on with the
syllable of the one before.
"""

from typing import Any

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.melody import BOTH, Line, Melody, MelodyNote, NoteKind, Offsets, Source

VERSION = 1

LETTERS = {
    NoteKind.NORMAL: ":",
    NoteKind.GOLDEN: "*",
    NoteKind.RAP: "R",
    NoteKind.GOLDEN_RAP: "G",
    NoteKind.FREESTYLE: "F",
}
_KINDS = {letter: kind for kind, letter in LETTERS.items()}
_SINGERS = {1: frozenset({1}), 2: frozenset({2}), 12: BOTH}
_SINGERS_STORED = {singers: stored for stored, singers in _SINGERS.items()}
_ENDS_WORD, _CONTINUES = 1, 2


def to_json(melody: Melody) -> dict[str, Any]:
    return {
        "version": VERSION,
        "source": melody.source.value,
        "title": melody.title,
        "artist": melody.artist,
        "language": melody.language,
        "octave_is_known": melody.octave_is_known,
        "gap_s": melody.offsets.gap_s,
        "starts_s": melody.offsets.starts_s,
        "ends_s": melody.offsets.ends_s,
        "warnings": list(melody.warnings),
        "lines": [
            [line.start_s, line.end_s, _SINGERS_STORED[line.singers], line.words, [_row(note) for note in line.notes]]
            for line in melody.lines
        ],
    }


def _row(note: MelodyNote) -> list[Any]:
    flags = _ENDS_WORD * note.ends_word + _CONTINUES * note.continues
    return [note.start_s, note.end_s, note.midi, note.text, LETTERS[note.kind], flags]


def from_json(stored: Any) -> Melody:
    """The melody as it was. Raises ReferenceBroken for what this version did not write."""
    version = stored.get("version") if isinstance(stored, dict) else None
    if version != VERSION:
        raise ReferenceBroken(f"A stored melody of version {version!r}; {VERSION} is the one known. Import it anew.")
    try:
        return Melody(
            lines=tuple(_line(row) for row in stored["lines"]),
            source=Source(stored["source"]),
            title=stored["title"],
            artist=stored["artist"],
            language=stored["language"],
            octave_is_known=bool(stored["octave_is_known"]),
            offsets=Offsets(float(stored["gap_s"]), stored["starts_s"], stored["ends_s"]),
            warnings=tuple(map(str, stored["warnings"])),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ReferenceBroken(f"A stored melody is not whole ({error!r}): import the song anew.") from None


def _line(row: Any) -> Line:
    start_s, end_s, singers, words, notes = row
    return Line(float(start_s), float(end_s), tuple(_note(note) for note in notes), _SINGERS[singers], str(words))


def _note(row: Any) -> MelodyNote:
    start_s, end_s, midi, text, letter, flags = row
    return MelodyNote(
        start_s=float(start_s),
        end_s=float(end_s),
        midi=None if midi is None else float(midi),
        text=str(text),
        kind=_KINDS[letter],
        ends_word=bool(flags & _ENDS_WORD),
        continues=bool(flags & _CONTINUES),
    )
