"""One part of a MusicXML score as it is written: its notes measure by measure, in quarter notes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.clock import Tempo, seconds_per_beat
from vocalverse.measure.reference.score_order import Marks

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_UNITS = {  # in quarter notes
    "breve": 8.0,
    "whole": 4.0,
    "half": 2.0,
    "quarter": 1.0,
    "eighth": 0.5,
    "16th": 0.25,
    "32nd": 0.125,
}
_NUMBER = re.compile(r"[-+]?[0-9]{0,9}(?:\.[0-9]{0,9})?")
_SPOKEN_HEADS = ("x", "cross", "circle-x", "slash")
_JUMPS = ("dacapo", "dalsegno", "tocoda", "fine")
_TARGETS = ("segno", "coda")
_TIMES_AT_MOST = 20
_MEASURES_AT_MOST = 10_000


@dataclass(frozen=True)
class Lyric:
    text: str
    ends_word: bool


@dataclass(frozen=True)
class Written:
    """A note."""

    at_q: float  # in quarter notes from its measure's start
    quarters: float
    midi: float | None  # None for what is spoken
    voice: str
    lyrics: Mapping[int, Lyric]  # by verse
    goes_on: bool  # tied from the one before


@dataclass
class Measure:
    name: str
    marks: Marks = field(default_factory=Marks)
    notes: list[Written] = field(default_factory=list)
    tempos: list[Tempo] = field(default_factory=list)  # in quarter notes from its start
    quarters: float = 0.0
    told_quarters: float = 4.0  # by the time signature


@dataclass
class _State:
    """What goes on from measure to measure."""

    divisions: float = 1.0  # of a quarter note
    semitones: float = 0.0  # from what is written to what sounds
    measure_quarters: float = 4.0  # as the time signature says
    endings: frozenset[int] = frozenset()


def read_part(measures: Sequence[Element]) -> list[Measure]:
    if len(measures) > _MEASURES_AT_MOST:
        raise ReferenceBroken(f"a part of more than {_MEASURES_AT_MOST:,} measures, as no song has.")
    state = _State()
    return [_MeasureReader(element, state, number).read() for number, element in enumerate(measures, 1)]


class _MeasureReader:
    def __init__(self, element: Element, state: _State, number: int) -> None:
        self.element, self.state = element, state
        self.measure = Measure((element.get("number") or str(number))[:20])
        self.at_q = self.chord_q = 0.0

    def read(self) -> Measure:
        try:
            for element in self.element:
                self._take(element)
        except ReferenceBroken as error:
            raise ReferenceBroken(f"measure {self.measure.name}: {error}") from None
        self.measure.told_quarters = self.state.measure_quarters
        if not self.measure.quarters:
            self.measure.quarters = self.state.measure_quarters
        self.measure.notes.sort(key=lambda note: note.at_q)
        self.measure.marks.endings |= self.state.endings
        if self.measure.marks.ends_ending:
            self.state.endings = frozenset()
        return self.measure

    def _take(self, element: Element) -> None:
        match element.tag:
            case "note":
                self._note(element)
            case "backup":
                self._move(-self._duration(element))
            case "forward":
                self._move(self._duration(element))
            case "attributes":
                self._attributes(element)
            case "barline":
                self._barline(element)
            case "direction":
                self._direction(element)
            case "sound":
                self._sound(element)

    def _move(self, quarters: float) -> None:
        self.at_q = max(0.0, self.at_q + quarters)
        self.measure.quarters = max(self.measure.quarters, self.at_q)

    def _duration(self, element: Element) -> float:
        quarters = number(element.findtext("duration", "0")) / self.state.divisions
        if quarters < 0:
            raise ReferenceBroken("a duration below nothing.")
        return quarters

    def _note(self, element: Element) -> None:
        if element.find("grace") is not None or element.find("cue") is not None:
            return
        quarters = self._duration(element)
        if element.find("chord") is None:
            self.chord_q = self.at_q
            self._move(quarters)
        if element.find("rest") is not None or not quarters:
            return
        written = Written(
            at_q=self.chord_q,
            quarters=quarters,
            midi=self._midi(element),
            voice=element.findtext("voice", "1").strip(),
            lyrics=_lyrics(element),
            goes_on=any(tie.get("type") == "stop" for tie in element.iter("tie")),
        )
        self._keep(written, chord=element.find("chord") is not None)

    def _keep(self, written: Written, *, chord: bool) -> None:
        """Of a chord its highest note, which is the melody's, with the lyrics of whichever has them."""
        notes = self.measure.notes
        if not (chord and notes and notes[-1].voice == written.voice and notes[-1].at_q == written.at_q):
            notes.append(written)
            return
        top = max(notes[-1], written, key=lambda note: -1.0 if note.midi is None else note.midi)
        notes[-1] = replace(top, lyrics=notes[-1].lyrics or written.lyrics)

    def _midi(self, element: Element) -> float | None:
        pitch = element.find("pitch")
        if pitch is None or element.findtext("notehead", "").strip() in _SPOKEN_HEADS:
            return None
        step = pitch.findtext("step", "").strip()
        if step not in _STEPS:
            raise ReferenceBroken(f"a note called {step[:10]!r}.")
        octave, alter = number(pitch.findtext("octave", "")), number(pitch.findtext("alter", "0"))
        midi = 12 * (octave + 1) + _STEPS[step] + alter + self.state.semitones
        if not 0 <= midi <= 127:
            raise ReferenceBroken(f"the note {step}{octave:g} would sound at {midi:g}, and MIDI goes from 0 to 127.")
        return midi

    def _attributes(self, element: Element) -> None:
        if (told := element.findtext("divisions")) is not None:
            self.state.divisions = number(told)
            if self.state.divisions <= 0:
                raise ReferenceBroken("a quarter note has to have divisions.")
        if (transpose := element.find("transpose")) is not None:
            octaves = number(transpose.findtext("octave-change", "0"))
            self.state.semitones = number(transpose.findtext("chromatic", "0")) + 12 * octaves
        time = element.find("time")
        if time is not None and time.find("beats") is not None:
            beats = sum(number(part) for part in time.findtext("beats", "4").split("+"))
            self.state.measure_quarters = 4 * beats / max(1.0, number(time.findtext("beat-type", "4")))

    def _barline(self, element: Element) -> None:
        marks = self.measure.marks
        ending, repeat = element.find("ending"), element.find("repeat")
        if ending is not None:
            if ending.get("type") == "start":
                told = re.findall(r"[0-9]{1,2}", ending.get("number", ""))
                self.state.endings = frozenset(min(_TIMES_AT_MOST, max(1, int(one))) for one in told)
            else:
                marks.ends_ending = True
        if repeat is not None and repeat.get("direction") == "forward":
            marks.forward = True
        elif repeat is not None:
            told_times = repeat.get("times", "2")
            marks.backward_times = min(_TIMES_AT_MOST, int(told_times)) if re.fullmatch("[0-9]{1,4}", told_times) else 2

    def _direction(self, element: Element) -> None:
        sounds = element.findall("sound")
        for sound in sounds:
            self._sound(sound)
        if any(sound.get("tempo") for sound in sounds):
            return  # the mark says the same in other words
        for mark in element.iter("metronome"):
            if (tempo := _metronome(mark)) is not None:
                self.measure.tempos.append(Tempo(self.at_q, tempo))

    def _sound(self, element: Element) -> None:
        marks = self.measure.marks
        if told := element.get("tempo"):
            self.measure.tempos.append(Tempo(self.at_q, seconds_per_beat(number(told))))
        marks.jumps |= {name for name in _JUMPS if element.get(name, "no") != "no"}
        marks.targets |= {name for name in _TARGETS if element.get(name, "no") != "no"}


def number(text: str) -> float:
    """Neither NaN, nor infinity, nor a number of a hundred digits."""
    text = text.strip()
    if not _NUMBER.fullmatch(text) or not any(map(str.isdigit, text)):
        raise ReferenceBroken(f"{text[:40]!r} is no number.")
    return float(text)


def _metronome(mark: Element) -> float | None:
    """Seconds per quarter note, of a mark like ♩. = 60; None where it is no such mark ("♩ = ♪", "ca. 80")."""
    unit = _UNITS.get(mark.findtext("beat-unit", "").strip())
    told = re.search(r"[0-9]{1,4}(?:\.[0-9]{1,4})?", mark.findtext("per-minute", ""))
    if unit is None or told is None:
        return None
    dots = len(mark.findall("beat-unit-dot"))
    return seconds_per_beat(float(told[0]) * unit * (2 - 0.5 ** min(dots, 4)))


def _lyrics(note: Element) -> dict[int, Lyric]:
    lyrics: dict[int, Lyric] = {}
    for element in note.iter("lyric"):
        text = _lyric_text(element)
        verse = re.search(r"[0-9]{1,3}$", element.get("number", "1"))
        syllabic = [part.text for part in element.findall("syllabic")]
        ends_word = not syllabic or syllabic[-1] in ("single", "end")
        if text:
            lyrics.setdefault(int(verse[0]) if verse else 1, Lyric(text, ends_word))
    return lyrics


def _lyric_text(lyric: Element) -> str:
    """Of two syllables on one note, both."""
    parts = [(part.text or "") if part.tag == "text" else " " for part in lyric if part.tag in ("text", "elision")]
    return " ".join("".join(parts).split())
