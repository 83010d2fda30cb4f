"""The colour of a voice: how clear it is, how open, how far it carries, and how still all that is.

Everything is a ratio within the same moments, so that neither the microphone's gain nor the singer's distance counts, and
an average over much that is sung, so that no vowel does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import BIN_HZ, HOP_S, Floats, Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.runs import frames_between, runs
from vocalverse.measure.singing.voice_quality import steady_frames, tone_to_noise_db

_LEAST_S = 1.0  # of loud voice in a take: a mean over fewer vowels tells the vowel
_LEAST_IN_PHRASE_S = 0.5
_LOUD_DB = 12.0  # below the loud frames: soft ones are dull in everybody
_EDGE = 3  # frames at either end of a stretch: attacks and releases

_HARMONICS, _HIGHEST_HZ = 3.5, 2_200.0  # as many of every voice: what shakes the pitch shakes higher ones more
_CLEARER_DB_PER_OCTAVE = 2.5  # of pitch, in anybody
_CLEARER_FROM_HZ = 220.0
_HELD_SEMITONES_PER_S = 6.0  # slower than vibrato between its turns
_ROUGH_DB, _ROUGH_S = 9.0, 0.05

_LOWEST_HZ, _BODY_HZ, _OPEN_HZ, _TOP_HZ = 80.0, 575.0, 1_500.0, 4_000.0
_ABOVE_FIRST = 1.4  # the lowest harmonic is body, however high it is
_HIGHEST_SUNG_HZ = 750.0  # higher, no harmonic lies between it and `_OPEN_HZ`
_CARRYING_HZ = 2_000.0

_TONE_S = 0.2  # at least, within a note: its colour
_MOVES_SLOWLY = 2  # degree of what a vowel's own movement takes

_TAIL = range(5, 12)  # frames behind the voice: behind what the window smears of it, before the next consonant
_BEFORE_TAIL, _CLOSED = 20, 3  # frames: of voice, and of a gap that is none

Curve = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Balance:
    """Of a stretch: where its power lies."""

    loud_s: float  # what was looked at
    open_db: float  # up to 1.5 kHz against the body below, beyond what any source has there at that pitch
    carries_db: float  # 2 to 4 kHz against all below


@dataclass(frozen=True)
class PhraseColour:
    phrase: int
    clear_db: float | None
    rough_share: float | None
    balance: Balance | None


@dataclass(frozen=True)
class ToneColour:
    note: int
    start_s: float
    end_s: float
    wavers_db: float  # RMS of what lies above the body against it, the slow course of that aside


@dataclass(frozen=True)
class Colour:
    """None where too little is sung to tell."""

    held_s: float  # of voice that neither begins nor ends nor slides
    clear_db: float | None  # tone against noise in the lowest harmonics, as it would be at 220 Hz; the median
    rough_share: float | None  # of `held_s`: hoarse, creaking or hissing rather than tone
    balance: Balance | None
    phrases: tuple[PhraseColour, ...]
    tones: tuple[ToneColour, ...]
    wavers_db: float | None  # the tones' median
    tail_db: float | None  # what sounds on when the voice has stopped, against it: the room, and what was not separated


@dataclass(frozen=True)
class _Bands:
    """[loud frames]: shares of each one's power."""

    at: Places
    body: Curve
    opened: Curve
    low: Curve
    carrying: Curve
    body_of_source: Curve  # these of a bare source's
    opened_of_source: Curve


def measure_colour(heard: Heard, notes: Sequence[Note], phrases: Sequence[Phrase]) -> Colour:
    voiced, level_db = heard.pitch.voiced, heard.dry.level_db
    if not voiced.any():
        return Colour(0.0, None, None, None, (), (), None, None)
    loud = voiced & (level_db > np.percentile(level_db[voiced], 95) - _LOUD_DB)
    bands = _bands(heard, loud & (heard.pitch.hz < _HIGHEST_SUNG_HZ))
    held = steady_frames(heard, semitones_per_s=_HELD_SEMITONES_PER_S)
    clear_db = _clear_db(heard, held)
    clear, rough_share = _clarity(clear_db, least_s=_LEAST_S)
    tones = tuple(tone for index, note in enumerate(notes) if (tone := _tone(heard, note, index)))
    return Colour(
        held_s=float(held.sum() * HOP_S),
        clear_db=clear,
        rough_share=rough_share,
        balance=_balance(bands, slice(0, len(voiced)), least_s=_LEAST_S),
        phrases=tuple(_phrase(phrase, index, bands, clear_db) for index, phrase in enumerate(phrases)),
        tones=tones,
        wavers_db=float(np.median([tone.wavers_db for tone in tones])) if tones else None,
        tail_db=_tail_db(heard),
    )


def _clear_db(heard: Heard, held: Bools) -> Curve:
    """[frames], not a number where nothing is held."""
    hz = heard.pitch.hz[held].astype(np.float64)
    bins = np.arange(round(_HIGHEST_HZ / BIN_HZ) + 1) * BIN_HZ
    lowest = heard.dry.power[held, : len(bins)] * (bins < _HARMONICS * hz[:, None])
    clear_db = np.full(len(held), np.nan)
    higher_db = _CLEARER_DB_PER_OCTAVE * np.log2(np.maximum(hz, 1.0) / _CLEARER_FROM_HZ)
    clear_db[held] = tone_to_noise_db(lowest, hz, (0.0, _HIGHEST_HZ)) - higher_db
    return clear_db


def _clarity(clear_db: Curve, *, least_s: float) -> tuple[float | None, float | None]:
    """The median, and what share is rough. None where too little is known."""
    known = clear_db[np.isfinite(clear_db)]
    if len(known) * HOP_S < least_s:
        return None, None
    roughs = (len(run) for run in runs(clear_db < _ROUGH_DB, closing=1) if len(run) * HOP_S >= _ROUGH_S)
    return float(np.median(known)), min(1.0, sum(roughs) / len(known))


def _phrase(phrase: Phrase, index: int, bands: _Bands, clear_db: Curve) -> PhraseColour:
    there = frames_between(phrase.start_s, phrase.end_s, count=len(clear_db))
    clear, rough_share = _clarity(clear_db[there], least_s=_LEAST_IN_PHRASE_S)
    return PhraseColour(index, clear, rough_share, _balance(bands, there, least_s=_LEAST_IN_PHRASE_S))


def _bands(heard: Heard, loud: Bools) -> _Bands:
    hz = heard.pitch.hz[loud].astype(np.float64)
    edge_hz = np.maximum(_BODY_HZ, _ABOVE_FIRST * hz)
    all_of_it = 10 ** (heard.dry.level_db[loud, None].astype(np.float64) / 10)
    below = np.cumsum(heard.dry.power[loud, : _bin(_TOP_HZ) + 1], axis=1, dtype=np.float64)
    below /= np.maximum(all_of_it, 1e-20)  # every moment counts as much as the next
    edge = below[np.arange(len(hz)), np.rint(edge_hz / BIN_HZ).astype(np.intp)]
    lowest, opened, low, top = (below[:, _bin(at_hz)] for at_hz in (_LOWEST_HZ, _OPEN_HZ, _CARRYING_HZ, _TOP_HZ))
    return _Bands(
        at=np.flatnonzero(loud),
        body=edge - lowest,
        opened=opened - edge,
        low=low - lowest,
        carrying=top - low,
        body_of_source=_source(hz, _LOWEST_HZ, edge_hz),
        opened_of_source=_source(hz, edge_hz, _OPEN_HZ),
    )


def _balance(bands: _Bands, there: slice, *, least_s: float) -> Balance | None:
    here = slice(*np.searchsorted(bands.at, (there.start, there.stop)))
    loud_s = (here.stop - here.start) * HOP_S
    if loud_s < least_s:
        return None
    usual_db = _decibels(bands.opened_of_source[here], bands.body_of_source[here])
    return Balance(
        float(loud_s),
        open_db=_decibels(bands.opened[here], bands.body[here]) - usual_db,
        carries_db=_decibels(bands.carrying[here], bands.low[here]),
    )


def _source(hz: Curve, low_hz: Curve | float, high_hz: Curve | float) -> Curve:
    """[frames]: the power between two frequencies of harmonics that fall by 6 dB per octave, as at the lips."""
    order = np.arange(1, 1 + int(_OPEN_HZ / max(float(hz.min(initial=_OPEN_HZ)), _LOWEST_HZ)))
    at_hz = hz[:, None] * order
    inside = (at_hz >= np.reshape(low_hz, (-1, 1))) & (at_hz < np.reshape(high_hz, (-1, 1)))
    return np.asarray((inside / np.square(order)).sum(axis=1))


def _tone(heard: Heard, note: Note, index: int) -> ToneColour | None:
    there = frames_between(note.start_s, note.end_s, count=len(heard.dry))
    there = slice(there.start + _EDGE, there.stop - _EDGE)
    bright_db = _bright_db(heard.dry.power[there])[heard.pitch.voiced[there]]
    if len(bright_db) * HOP_S < _TONE_S:
        return None
    at = np.linspace(-1, 1, len(bright_db))
    course = np.polynomial.polynomial.polyfit(at, bright_db, _MOVES_SLOWLY)
    wavers_db = float(np.std(bright_db - np.polynomial.polynomial.polyval(at, course)))
    return ToneColour(index, note.start_s, note.end_s, wavers_db)


def _bright_db(power: Floats) -> Curve:
    lowest, body, top = (_bin(edge) for edge in (_LOWEST_HZ, _BODY_HZ, _TOP_HZ))
    above, below = power[:, body:top].sum(axis=1), power[:, lowest:body].sum(axis=1)
    decibels: Curve = 10 * np.log10(np.maximum(above, 1e-20) / np.maximum(below, 1e-20)).astype(np.float64)
    return decibels


def _tail_db(heard: Heard) -> float | None:
    """The median over the stretches of voice that a rest follows."""
    voiced, power = heard.pitch.voiced, 10 ** (heard.dry.level_db.astype(np.float64) / 10)
    tails_db = []
    for stretch in runs(voiced, closing=_CLOSED):
        tail = slice(stretch.stop + _TAIL.start, stretch.stop + _TAIL.stop)
        if len(stretch) >= _BEFORE_TAIL and tail.stop <= len(voiced) and not voiced[stretch.stop : tail.stop].any():
            sung = float(np.median(power[stretch.start : stretch.stop]))
            tails_db.append(10 * np.log10(max(float(power[tail].mean()), 1e-12) / max(sung, 1e-12)))
    return float(np.median(tails_db)) if tails_db else None


def _decibels(part: Curve, other: Curve) -> float:
    return 10 * float(np.log10(max(part.sum(), 1e-12) / max(other.sum(), 1e-12)))


def _bin(hz: float) -> int:
    return round(hz / BIN_HZ)
