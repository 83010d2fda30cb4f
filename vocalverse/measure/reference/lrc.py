"""LRC: lyrics with the time of each line, and in some files of each word. No pitches."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.melody import LONGEST_S, Line, Melody, MelodyNote, NoteKind, Offsets, Source
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.text import decode, find_encoding
from vocalverse.measure.reference.tidy import whole_words

_TIME = r"([0-9]{1,4}):([0-9]{1,2}(?:[.:][0-9]{1,6})?)"
_STAMP = re.compile(rf"\s*\[{_TIME}\]")
_WORD_STAMP = re.compile(rf"[<\[]{_TIME}[>\]]")
_TAG = re.compile(r"\s*\[([A-Za-z#_]{1,20}):(.*)\]\s*")
_SIGNED_MS = re.compile(r"[-+]?[0-9]{1,9}")
_LINES_AT_MOST = 5_000
_LETTERS_AT_MOST = 2_000  # of one line
_SUNG_AT_MOST_S = 10.0  # a line before a break of the band ends long before the next one starts
_LAST_LINE_S = 5.0
_WORD_AT_MOST_S = 3.0
_SHORTEST_S = 0.01


@dataclass(frozen=True)
class _Stamped:
    at_s: float
    text: str


def read_lrc(data: bytes, *, options: ReadOptions) -> Melody:
    encoding = find_encoding(data, asked=options.encoding)
    stamped, tags = _read(decode(data, encoding))
    warnings = [encoding.warning] if encoding.warning else []
    # A positive offset shows lyrics earlier.
    offset_ms = tags.get("offset", "").strip()
    offset_s = int(offset_ms) / 1000 if _SIGNED_MS.fullmatch(offset_ms) else 0.0
    at_once = _one_at_a_time(stamped)
    if len(at_once) < len(stamped):
        warnings.append(f"{len(stamped) - len(at_once)} lines with the time of another were left out: translations?")
    return Melody(
        lines=_lines(at_once, offset_s),
        source=Source.LRC,
        title=tags.get("ti"),
        artist=tags.get("ar"),
        language=tags.get("la"),
        octave_is_known=False,
        offsets=Offsets(gap_s=-offset_s),
        warnings=tuple(warnings),
    )


def _read(text: str) -> tuple[list[_Stamped], dict[str, str]]:
    stamped: list[_Stamped] = []
    tags: dict[str, str] = {}
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if len(line) > _LETTERS_AT_MOST:
            raise ReferenceBroken(f"line {number}: {len(line):,} letters in one line, and nobody could sing them.")
        times_s, end = [], 0
        while match := _STAMP.match(line, end):
            times_s.append(_seconds(match))
            end = match.end()
        words = line[end:]
        stamped += [_Stamped(at_s, words) for at_s in times_s]
        if not times_s and (tag := _TAG.fullmatch(line)):
            tags.setdefault(tag[1].lower(), tag[2].strip())
        if len(stamped) > _LINES_AT_MOST:
            raise ReferenceBroken(f"it has more than {_LINES_AT_MOST:,} lines, and no song has as many.")
    return sorted(stamped, key=lambda one: one.at_s), tags


def _seconds(match: re.Match[str]) -> float:
    return 60 * int(match[1]) + float(match[2].replace(":", "."))


def _one_at_a_time(stamped: list[_Stamped]) -> list[_Stamped]:
    """Of lines at one time the first that says something."""
    kept: list[_Stamped] = []
    for one in stamped:
        if not kept or one.at_s - kept[-1].at_s >= _SHORTEST_S:
            kept.append(one)
        elif not kept[-1].text.strip():
            kept[-1] = replace(one, at_s=kept[-1].at_s)
    return kept


def _lines(stamped: list[_Stamped], offset_s: float) -> tuple[Line, ...]:
    if stamped and stamped[-1].at_s - offset_s > LONGEST_S:
        raise ReferenceBroken(f"its last line is at {stamped[-1].at_s / 60:,.0f} min, and no song is that long.")
    ends = [*(after.at_s for _, after in pairwise(stamped)), float("inf")]
    lines = [
        _line(one, end_s, offset_s)
        for one, end_s in zip(stamped, ends, strict=True)
        if _WORD_STAMP.sub("", one.text).strip()
    ]
    return tuple(line for line in lines if line)


def _line(one: _Stamped, next_s: float, offset_s: float) -> Line | None:
    notes = _words(one, next_s, offset_s)
    if notes:
        return Line(notes[0].start_s, notes[-1].end_s, notes)
    sung_s = _LAST_LINE_S if next_s == float("inf") else _SUNG_AT_MOST_S
    start_s, end_s = _shifted(one.at_s, offset_s), _shifted(min(next_s, one.at_s + sung_s), offset_s)
    if end_s - start_s < _SHORTEST_S:
        return None  # an offset put it before the recording
    return Line(start_s, end_s, words=" ".join(_WORD_STAMP.sub("", one.text).split()))


def _words(one: _Stamped, next_s: float, offset_s: float) -> tuple[MelodyNote, ...]:
    """Each word from its stamp to the next one. They have a time and no pitch."""
    stamps = list(_WORD_STAMP.finditer(one.text))
    if not stamps:
        return ()
    times_s = [one.at_s, *(_seconds(stamp) for stamp in stamps), next_s]
    edges = [0, *(edge for stamp in stamps for edge in stamp.span()), len(one.text)]
    pieces = [one.text[edges[index] : edges[index + 1]] for index in range(0, len(edges), 2)]
    notes: list[MelodyNote] = []
    for (start_s, end_s), piece, follows in zip(pairwise(times_s), pieces, [*pieces[1:], " "], strict=True):
        begins, ends = (
            _shifted(max(start_s, one.at_s), offset_s),
            _shifted(min(end_s, start_s + _WORD_AT_MOST_S, next_s), offset_s),
        )
        if piece.strip() and ends - begins >= _SHORTEST_S and (not notes or begins >= notes[-1].end_s):
            ends_word = piece[-1:].isspace() or follows[:1].isspace()
            notes.append(MelodyNote(begins, ends, None, piece.strip(), NoteKind.FREESTYLE, ends_word))
    return whole_words(notes) if notes else ()


def _shifted(at_s: float, offset_s: float) -> float:
    return round(max(0.0, at_s - offset_s), 4)
