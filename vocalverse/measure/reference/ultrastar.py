"""UltraStar's charts: a text file with a beat grid, notes as numbers of beats, and a syllable for each.

After the published description of the format. Pitch 0 is C4, but charts are often octaves off.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.clock import Clock, Tempo
from vocalverse.measure.reference.melody import BOTH, NOTES_AT_MOST, SOLO, Melody, MelodyNote, NoteKind, Source
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.text import decode, find_encoding
from vocalverse.measure.reference.tidy import Tidied, joined_duet, tidy
from vocalverse.measure.reference.ultrastar_header import NUMBER, Header, beat_s, declared, header_of, number

_KINDS = {
    ":": NoteKind.NORMAL,
    "*": NoteKind.GOLDEN,
    "R": NoteKind.RAP,
    "G": NoteKind.GOLDEN_RAP,
    "F": NoteKind.FREESTYLE,
}
_NOTE = re.compile(rf"([:*RGF])[ \t]*({NUMBER})[ \t]+({NUMBER})[ \t]+({NUMBER})(?:[ \t](.*))?", re.DOTALL)
_BREAK = re.compile(rf"-[ \t]*(?:({NUMBER})(?:[ \t]+({NUMBER}))?)?")
_TEMPO = re.compile(rf"B[ \t]*({NUMBER})[ \t]+({NUMBER})")
_SINGER = re.compile(r"P[ \t]*([123])[ \t]*:?")
_LINES_AT_MOST = 100_000
_LETTERS_AT_MOST = 2_000  # of one line
_MIDDLE_C = 60
_OCTAVE = 12


@dataclass
class _Voice:
    """What one singer's section has told so far."""

    lines: list[list[MelodyNote]] = field(default_factory=lambda: [[]])
    shift_beats: float = 0.0  # of a relative chart
    reached_beats: float = float("-inf")  # where the last line started

    def start_line(self) -> None:
        if self.lines[-1]:
            self.lines.append([])


@dataclass
class _Chart:
    header: Header
    tempos: list[Tempo]
    voices: dict[int, _Voice] = field(default_factory=dict)
    singing: frozenset[int] = SOLO
    strange: Counter[str] = field(default_factory=Counter)
    notes: int = 0
    ended: bool = False

    def heard(self) -> list[_Voice]:
        return [self.voices.setdefault(singer, _Voice()) for singer in sorted(self.singing)]


def read_ultrastar(data: bytes, *, options: ReadOptions) -> Melody:
    encoding = find_encoding(
        data,
        asked=options.encoding,
        declared=declared(data, b"ENCODING"),
        language=declared(data, b"LANGUAGE"),
    )
    lines = re.split(r"\r\n|\n|\r", decode(data, encoding))
    if len(lines) > _LINES_AT_MOST:
        raise ReferenceBroken(f"it has {len(lines):,} lines, and no chart is that long.")
    chart = _read(lines)
    header = chart.header
    voices = {singer: _in_seconds(voice, chart, singer) for singer, voice in chart.voices.items()}
    first, second = (voices.get(singer, Tidied((), Counter())) for singer in (1, 2))
    shift = _octaves_into_range([note for tidied in (first, second) for line in tidied.lines for note in line.notes])
    melody_lines = joined_duet(first.lines, second.lines)
    return Melody(
        lines=tuple(replace(line, notes=tuple(_shifted(note, shift) for note in line.notes)) for line in melody_lines),
        source=Source.ULTRASTAR,
        title=header.title,
        artist=header.artist,
        language=header.language,
        octave_is_known=False,
        offsets=header.offsets,
        warnings=_warnings(chart, encoding.warning, first, second, shift),
    )


def _read(lines: Sequence[str]) -> _Chart:
    header = header_of(list(lines))
    chart = _Chart(header, [Tempo(0.0, header.s_per_beat)])
    for line, text in enumerate(lines, 1):
        _take(chart, text.lstrip(), line)
        if chart.ended:
            break
    return chart


def _take(chart: _Chart, text: str, line: int) -> None:
    """One line of the file."""
    if len(text) > _LETTERS_AT_MOST:
        raise ReferenceBroken(f"line {line}: {len(text):,} letters in one line, and no chart has as many.")
    match text[:1]:
        case "" | "#":
            return
        case ":" | "*" | "R" | "G" | "F":
            _take_note(chart, text, line)
        case "-":
            _take_break(chart, text, line)
        case "B" if match := _TEMPO.fullmatch(text.rstrip()):
            shift = chart.heard()[0].shift_beats
            chart.tempos.append(Tempo(shift + number(match[1], line=line), beat_s(match[2], line=line)))
        case "P" if match := _SINGER.fullmatch(text.rstrip()):
            chart.singing = BOTH if match[1] == "3" else frozenset({int(match[1])})
            for voice in chart.heard():
                voice.start_line()
        case "E" if not text[1:].strip():
            chart.ended = True
        case _:
            chart.strange[f"Line {line} is neither a note nor anything else of a chart, and was left out."] += 1


def _take_note(chart: _Chart, text: str, line: int) -> None:
    if not (match := _NOTE.fullmatch(text)):
        raise ReferenceBroken(
            f"line {line}: {text[:40]!r} should be a note: its kind, its beat, its length, its pitch and a syllable."
        )
    chart.notes += 1
    if chart.notes > NOTES_AT_MOST:
        raise ReferenceBroken(f"line {line}: more than {NOTES_AT_MOST:,} notes, and no song has as many.")
    at, beats, pitch = (number(match[group], line=line) for group in (2, 3, 4))
    kind, written = _KINDS[match[1]], match[5] or ""
    for voice in chart.heard():
        start = voice.shift_beats + at
        if not voice.lines[-1]:
            if start < voice.reached_beats:
                raise ReferenceBroken(
                    f"line {line}: time runs backwards, to beat {start:g} from beat {voice.reached_beats:g}. "
                    "If every line of this chart counts from its own start, it needs #RELATIVE:YES."
                )
            voice.reached_beats = start
        _end_word_before(voice, written)
        voice.lines[-1].append(
            MelodyNote(
                start_s=start,  # beats, until all tempos are known
                end_s=start + beats,
                midi=_MIDDLE_C + pitch if kind.has_pitch else None,
                text=written.replace("~", "").strip(),
                kind=kind,
                ends_word=written[-1:].isspace(),
                continues=written.lstrip().startswith("~"),
            )
        )


def _end_word_before(voice: _Voice, written: str) -> None:
    """A blank before a syllable starts a word, and so ends the one before. A tilde starts none."""
    notes = voice.lines[-1]
    if notes and written[:1].isspace() and not written.lstrip().startswith("~"):
        notes[-1] = replace(notes[-1], ends_word=True)


def _take_break(chart: _Chart, text: str, line: int) -> None:
    if not (match := _BREAK.fullmatch(text.rstrip())):
        raise ReferenceBroken(f"line {line}: {text[:40]!r} should end a line: a hyphen and the beat.")
    for voice in chart.heard():
        voice.start_line()
        if chart.header.relative:  # the second number says where the next line counts from
            if not (told := match[2] or match[1]):
                raise ReferenceBroken(f"line {line}: a #RELATIVE chart has to say where its next line starts.")
            voice.shift_beats += number(told, line=line)


def _in_seconds(voice: _Voice, chart: _Chart, singer: int) -> Tidied:
    clock = Clock.of(chart.tempos, zero_s=chart.header.offsets.gap_s)
    return tidy(
        [
            [replace(note, start_s=clock.seconds(note.start_s), end_s=clock.seconds(note.end_s)) for note in line]
            for line in voice.lines
        ],
        singers=frozenset({singer}),
    )


def _octaves_into_range(notes: Sequence[MelodyNote]) -> int:
    """Some count their pitches from elsewhere. The octave is nobody's promise, so any that MIDI knows will do."""
    pitches = [note.midi for note in notes if note.midi is not None]
    if not pitches or (min(pitches) >= 0 and max(pitches) <= 127):
        return 0
    return -_OCTAVE * round((median(pitches) - _MIDDLE_C) / _OCTAVE)


def _shifted(note: MelodyNote, semitones: int) -> MelodyNote:
    return note if note.midi is None else replace(note, midi=note.midi + semitones)


def _warnings(chart: _Chart, encoding: str | None, first: Tidied, second: Tidied, shift: int) -> tuple[str, ...]:
    strange = sorted(chart.strange)
    return (
        *([encoding] if encoding else []),
        *strange[:3],
        *([f"{len(strange) - 3} more lines were left out."] if len(strange) > 3 else []),
        *([] if chart.ended else ["It has no E at its end: perhaps it was cut off."]),
        *([f"Its pitches were moved by {shift // _OCTAVE:+d} octaves, into those of voices."] if shift else []),
        *dict.fromkeys((*first.warnings, *second.warnings)),
    )
