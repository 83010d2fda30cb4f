"""MusicXML: the part that is sung, as it is sung, with its repeats, verses and tempos."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from xml.etree.ElementTree import Element

from vocalverse.errors import NotFound, ReferenceBroken
from vocalverse.measure.reference.clock import Clock, Tempo
from vocalverse.measure.reference.melody import NOTES_AT_MOST, Melody, MelodyNote, NoteKind, Source
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.score_order import Marks, played_order
from vocalverse.measure.reference.score_part import Lyric, Measure, Written, read_part
from vocalverse.measure.reference.tidy import split_at_rests, tidy
from vocalverse.measure.reference.xml import parse_xml, unzip_score

_S_PER_QUARTER = 0.5  # where a score says no tempo
_SUNG = re.compile(r"voc|voice|melod|sing|sopran|lead|chant|gesang|canto|歌|主旋律|メロ|ボーカル", re.IGNORECASE)
_TOUCHES_S = 0.02  # a melisma or a tie goes on without a rest


@dataclass(frozen=True)
class _Part:
    id: str
    name: str
    measures: Sequence[Measure]

    @property
    def syllables(self) -> int:
        return sum(bool(note.lyrics) for measure in self.measures for note in measure.notes)

    @property
    def notes(self) -> int:
        return sum(len(measure.notes) for measure in self.measures)

    @property
    def voice(self) -> str:
        """The one of its voices with most lyrics, then with most notes."""
        voices = Counter[str]()
        for measure in self.measures:
            for note in measure.notes:
                voices[note.voice] += 1 + 1_000_000 * bool(note.lyrics)
        return max(sorted(voices), key=voices.__getitem__)


def read_musicxml(data: bytes, *, options: ReadOptions) -> Melody:
    root = parse_xml(unzip_score(data) if data.startswith(b"PK") else data)
    parts = _parts(root)
    part, guessed = _choose([part for part in parts if part.notes], options)
    tempos_told = any(measure.tempos for one in parts for measure in one.measures)
    sung = tidy(split_at_rests(_sung(parts, part, options.verse)))
    return Melody(
        lines=sung.lines,
        source=Source.MUSICXML,
        title=_text(root, "work/work-title") or _text(root, "movement-title"),
        artist=_text(root, "identification/creator"),
        language=_language(root),
        warnings=(
            *([guessed] if guessed else []),
            *([] if tempos_told else ["It says no tempo: 120 quarter notes in a minute were taken."]),
            *sung.warnings,
        ),
    )


def _parts(root: Element) -> list[_Part]:
    if root.tag not in ("score-partwise", "score-timewise"):
        raise ReferenceBroken(f"<{root.tag[:40]}> is no score: MusicXML has <score-partwise> or <score-timewise>.")
    written: dict[str, list[Element]] = {}
    if root.tag == "score-partwise":
        for part in root.findall("part"):
            written.setdefault(part.get("id", ""), []).extend(part.findall("measure"))
    for measure in root.findall("measure"):  # of a timewise score: the same the other way round
        for part in measure.findall("part"):
            part.set("number", measure.get("number", ""))
            written.setdefault(part.get("id", ""), []).append(part)
    names = {one.get("id", ""): " ".join(one.findtext("part-name", "").split()) for one in root.iter("score-part")}
    return [_Part(id, names.get(id, "")[:80], read_part(measures)) for id, measures in written.items()]


def _choose(parts: Sequence[_Part], options: ReadOptions) -> tuple[_Part, str | None]:
    """The part that is sung, and a warning where that was guessed."""
    listed = ", ".join(f"{number} {part.name or part.id!r}" for number, part in enumerate(parts[:20], 1))
    if not parts:
        raise ReferenceBroken("there is no note in it.")
    if asked := (options.part or "").strip().casefold():
        for number, part in enumerate(parts, 1):
            if asked in (part.id.casefold(), part.name.casefold(), str(number)):
                return part, None
        raise NotFound(f"No such part with notes. There are: {listed}.")
    best = max(parts, key=lambda part: part.syllables)
    if best.syllables:
        others = sum(part.syllables > best.syllables / 2 for part in parts) - 1
        return best, f"Part {best.name or best.id!r} was taken; others have lyrics too: {listed}." if others else None
    named = next((part for part in parts if _SUNG.search(part.name)), None)
    if named or len(parts) == 1:
        return named or parts[0], None
    return parts[0], f"No part has lyrics, and the first was taken. There are: {listed}."


def _sung(parts: Sequence[_Part], part: _Part, verse: int | None) -> list[MelodyNote]:
    """The notes of one part in seconds, in the order in which the score is played."""
    lengths, clock = _time(parts)
    starts_q = [0.0, *accumulate(lengths)]
    marks = [_marks_of_all(parts, index) for index in range(len(lengths))]
    voice = part.voice
    sung: list[MelodyNote] = []
    now_s = 0.0
    for played in played_order(marks):
        zero_s = clock.seconds(starts_q[played.measure])
        measure = part.measures[played.measure] if played.measure < len(part.measures) else Measure("")
        for written in measure.notes:
            if written.voice == voice:
                at_q = starts_q[played.measure] + written.at_q
                start_s = now_s + clock.seconds(at_q) - zero_s
                end_s = now_s + clock.seconds(at_q + written.quarters) - zero_s
                _sing(sung, MelodyNote(start_s, end_s, written.midi), written, verse or played.visit)
        now_s += clock.seconds(starts_q[played.measure + 1]) - zero_s
        if len(sung) > NOTES_AT_MOST:
            raise ReferenceBroken(f"with its repeats it has more than {NOTES_AT_MOST:,} notes, as no song has.")
    if not sung:
        raise ReferenceBroken("there is no note that is sung in it.")
    return sung


def _time(parts: Sequence[_Part]) -> tuple[list[float], Clock]:
    """How long each measure is in quarter notes, and when each quarter note of the written score sounds."""
    count = max(len(part.measures) for part in parts)
    at_each = [[part.measures[index] for part in parts if index < len(part.measures)] for index in range(count)]
    lengths = [_length(measures) for measures in at_each]
    starts_q = [0.0, *accumulate(lengths)]
    tempos = [Tempo(0.0, _S_PER_QUARTER)]
    for start_q, measures in zip(starts_q, at_each, strict=False):
        for one in measures:
            tempos += [Tempo(start_q + tempo.at, tempo.s_per_unit) for tempo in one.tempos]
    return lengths, Clock.of(tempos)


def _length(measures: Sequence[Measure]) -> float:
    """A part may leave a measure short, or overfill it by a mistake; where all of them do, it is meant so."""
    lengths = [one.quarters for one in measures if one.notes] or [one.quarters for one in measures]
    told = measures[0].told_quarters
    return told if min(lengths) <= told < max(lengths) else max(lengths)


def _marks_of_all(parts: Sequence[_Part], index: int) -> Marks:
    """Some programs write the marks of the order into the first part alone."""
    marks = [part.measures[index].marks for part in parts if index < len(part.measures)]
    return Marks(
        forward=any(one.forward for one in marks),
        backward_times=max(one.backward_times for one in marks),
        endings=frozenset().union(*(one.endings for one in marks)),
        jumps=frozenset().union(*(one.jumps for one in marks)),
        targets=frozenset().union(*(one.targets for one in marks)),
    )


def _sing(sung: list[MelodyNote], note: MelodyNote, written: Written, verse: int) -> None:
    before = sung[-1] if sung else None
    if before is None or abs(note.start_s - before.end_s) >= _TOUCHES_S:
        before = None
    elif written.goes_on and before.midi == note.midi:
        sung[-1] = replace(before, end_s=note.end_s)
        return
    lyric = _lyric(written, verse)
    sung.append(
        replace(
            note,
            text=lyric.text if lyric else "",
            kind=NoteKind.NORMAL if note.midi is not None else NoteKind.RAP,
            ends_word=lyric is not None and lyric.ends_word,
            continues=lyric is None and before is not None and bool(before.text or before.continues),
        )
    )


def _lyric(written: Written, verse: int) -> Lyric | None:
    """Of the verse; where it has none of its own, as in a refrain, of the one before it."""
    told = [number for number in written.lyrics if number <= verse] or list(written.lyrics)[:1]
    return written.lyrics[max(told)] if told else None


def _text(root: Element, path: str) -> str | None:
    return " ".join((root.findtext(path) or "").split())[:200] or None


def _language(root: Element) -> str | None:
    for tag in ("lyric-language", "lyric", "text"):
        for element in root.iter(tag):
            if language := element.get("xml:lang"):
                return language[:40]
    return None
