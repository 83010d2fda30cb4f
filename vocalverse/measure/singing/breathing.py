"""How a singer lives on the breath: phrases in it, what is left at their ends, and where it is taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S, Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.runs import frames_between
from vocalverse.measure.singing.breath import Breath
from vocalverse.measure.singing.intake import Intake, find_intakes

_RELEASE_S = 0.06  # a tone that is let go is not one that could not be held
_FALL_S = 0.15  # falls at the end are an ornament, and shorter than a sag
_END_SHARE = 0.2  # of a phrase
_LEAST_END_S = 0.15
_SHORTEST_PHRASE_S = 1.5  # nobody runs out of air before
_LAST_S, _LET_GO_S = 0.3, 0.02  # what a listener remembers of a phrase's end, and what no tone has at its very end
_LAST_OF_S = 1.0  # a shorter phrase is all end
_LOST_DB = -25.0  # softer is gone
_SHORTEST_NOTE_S = 0.5
# Together: softer alone is a diminuendo, flatter alone is intonation.
_SAGS_DB, _SAGS_CENTS = 4.0, 25.0
_IN_WORD_S = 0.08  # of the word lie before and after the breath

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Word:
    """Of the lyrics, in the take's time."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class PhraseEnd:
    """None where the phrase or its last note is too short to tell."""

    phrase: int
    length_s: float
    held_db: float | None  # level of the last fifth against the middle: < 0 is softer
    slope_db_per_s: float | None  # of the level within the last fifth
    last_db: float | None  # its last 0.3 s, the voice on or off, against its voice as a whole
    sag_cents: float | None  # of the last note: its end against its middle, < 0 is flatter

    @property
    def out_of_air(self) -> bool:
        """Level and pitch give way together."""
        if self.held_db is None or self.sag_cents is None:
            return False
        return self.held_db < -_SAGS_DB and self.sag_cents < -_SAGS_CENTS


@dataclass(frozen=True)
class BreathInWord:
    breath: int
    word: int


@dataclass(frozen=True)
class Breathing:
    """None where nothing is sung, or no phrase long enough."""

    breaths: tuple[Breath, ...]
    breaths_per_minute: float | None  # from the first phrase to the end of the last
    breath_db: float | None  # the median breath against the median voice
    intakes: tuple[Intake, ...]  # before phrases that a pause stands before
    ends: tuple[PhraseEnd, ...]
    phrase_s: float | None  # the median
    longest_phrase_s: float | None
    held_db: float | None  # median over the phrases
    out_of_air: int | None  # phrases
    in_words: tuple[BreathInWord, ...] | None  # None without words


def measure_breathing(
    heard: Heard,
    *,
    breaths: Sequence[Breath],
    notes: Sequence[Note],
    phrases: Sequence[Phrase],
    words: Sequence[Word] | None = None,
) -> Breathing:
    in_words = None if words is None else tuple(_in_words(breaths, words, heard.pitch.voiced))
    if not phrases:
        return Breathing(tuple(breaths), None, None, (), (), None, None, None, None, in_words)
    ends = tuple(_end(heard, phrase, notes[phrase.notes.stop - 1], index) for index, phrase in enumerate(phrases))
    lengths_s = [end.length_s for end in ends]
    held_db = [end.held_db for end in ends if end.held_db is not None]
    told = [end for end in ends if end.held_db is not None and end.sag_cents is not None]
    minutes = (phrases[-1].end_s - phrases[0].start_s) / 60
    return Breathing(
        tuple(breaths),
        breaths_per_minute=len(breaths) / minutes if minutes > 0 else None,
        breath_db=-float(np.median([breath.below_voice_db for breath in breaths])) if breaths else None,
        intakes=find_intakes(heard, phrases),
        ends=ends,
        phrase_s=float(np.median(lengths_s)),
        longest_phrase_s=max(lengths_s),
        held_db=float(np.median(held_db)) if held_db else None,
        out_of_air=sum(end.out_of_air for end in told) if told else None,
        in_words=in_words,
    )


def _end(heard: Heard, phrase: Phrase, last: Note, index: int) -> PhraseEnd:
    length_s = phrase.end_s - phrase.start_s
    held_db, slope = _level_at_end(heard, phrase) if length_s >= _SHORTEST_PHRASE_S else (None, None)
    return PhraseEnd(index, length_s, held_db, slope, _last_db(heard, phrase), _sag_cents(heard, last))


def _last_db(heard: Heard, phrase: Phrase) -> float | None:
    """Of a voice that thins out and is heard no more, the silence before the phrase's end counts."""
    if phrase.end_s - phrase.start_s < _LAST_OF_S:
        return None
    _, sung_db = _levels(heard, phrase.start_s, phrase.end_s)
    last = frames_between(phrase.end_s - _LAST_S, phrase.end_s - _LET_GO_S, count=len(heard.dry))
    if not len(sung_db) or not len(heard.dry.level_db[last]):
        return None
    return float(np.maximum(heard.dry.level_db[last] - np.median(sung_db), _LOST_DB).mean())


def _level_at_end(heard: Heard, phrase: Phrase) -> tuple[float | None, float | None]:
    """Against the middle, and the slope a second."""
    length_s = phrase.end_s - phrase.start_s
    stops_s = phrase.end_s - _RELEASE_S
    begins_s = phrase.end_s - max(_END_SHARE * length_s, _LEAST_END_S + _RELEASE_S)
    end_at_s, end_db = _levels(heard, begins_s, stops_s)
    _, middle_db = _levels(heard, phrase.start_s + _END_SHARE * length_s, begins_s)
    if len(end_db) * HOP_S < _LEAST_END_S or not len(middle_db):
        return None, None
    return float(np.median(end_db) - np.median(middle_db)), float(np.polyfit(end_at_s, end_db, 1)[0])


def _levels(heard: Heard, start_s: float, end_s: float) -> tuple[Curve, Curve]:
    """Seconds and dB of the sung frames."""
    here = frames_between(start_s, end_s, count=len(heard.dry))
    sung = np.flatnonzero(heard.pitch.voiced[here]) + here.start
    return sung * HOP_S, heard.dry.level_db[sung].astype(np.float64)


def _sag_cents(heard: Heard, note: Note) -> float | None:
    length_s = note.end_s - note.start_s
    if length_s < _SHORTEST_NOTE_S:
        return None
    count = len(heard.dry)
    stops_s = note.end_s - _FALL_S
    middle = heard.pitch.midi[
        frames_between(note.start_s + 0.25 * length_s, note.start_s + 0.6 * length_s, count=count)
    ]
    end = heard.pitch.midi[frames_between(min(note.start_s + 0.6 * length_s, stops_s - 0.1), stops_s, count=count)]
    if np.isnan(middle).all() or np.isnan(end).all():
        return None
    return 100 * float(np.nanmedian(end) - np.nanmedian(middle))


def _in_words(
    breaths: Sequence[Breath], words: Sequence[Word], voiced: npt.NDArray[np.bool_]
) -> Iterator[BreathInWord]:
    """The word is sung on both sides of the breath."""
    for index, breath in enumerate(breaths):
        for at, word in enumerate(words):
            if not word.start_s < (breath.start_s + breath.end_s) / 2 < word.end_s:
                continue
            before = voiced[frames_between(word.start_s, breath.start_s, count=len(voiced))]
            after = voiced[frames_between(breath.end_s, word.end_s, count=len(voiced))]
            if min(before.sum(), after.sum()) * HOP_S >= _IN_WORD_S:
                yield BreathInWord(index, at)
