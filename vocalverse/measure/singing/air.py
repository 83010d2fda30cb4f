"""Air that is heard along with the tone: who does not close the cords, or presses more breath than they take, has more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S, Heard
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.runs import frames_between
from vocalverse.measure.singing.voice_quality import steady_frames, tone_to_noise_db

_SLOW_SEMITONES_PER_S = 8.0  # faster, harmonics smear over one another and look like noise
_MOST_FRAMES = 2_500  # evenly chosen: a median over more says nothing else
_LEAST_S = 0.3
_BAND_HZ = (2_000.0, 5_000.0)  # there air is louder than tone first
# The same throat has so much less of it an octave higher: harmonics are farther apart.
_LESS_DB_PER_OCTAVE, _FROM_HZ = 4.0, 220.0


@dataclass(frozen=True)
class PhraseAir:
    phrase: int
    air_db: float


@dataclass(frozen=True)
class Air:
    """None where too little is held to tell."""

    held_s: float  # what could be looked at
    air_db: float | None  # noise against tone from 2 to 5 kHz, as it would be at 220 Hz; the median
    phrases: tuple[PhraseAir, ...]


def measure_air(heard: Heard, phrases: Sequence[Phrase]) -> Air:
    steady = steady_frames(heard, semitones_per_s=_SLOW_SEMITONES_PER_S)
    at = np.flatnonzero(steady)
    held_s = len(at) * HOP_S
    if held_s < _LEAST_S:
        return Air(held_s, None, ())
    some = at[:: -(-len(at) // _MOST_FRAMES)]
    hz = heard.pitch.hz[some].astype(np.float64)
    air_db = np.full(len(steady), np.nan)
    air_db[some] = _LESS_DB_PER_OCTAVE * np.log2(hz / _FROM_HZ) - tone_to_noise_db(heard.dry.power[some], hz, _BAND_HZ)
    return Air(held_s, float(np.nanmedian(air_db)), tuple(_by_phrase(air_db, phrases)))


def _by_phrase(air_db: npt.NDArray[np.float64], phrases: Sequence[Phrase]) -> list[PhraseAir]:
    found = []
    for index, phrase in enumerate(phrases):
        here = air_db[frames_between(phrase.start_s, phrase.end_s, count=len(air_db))]
        here = here[np.isfinite(here)]
        if len(here) * HOP_S >= _LEAST_S:
            found.append(PhraseAir(index, float(np.median(here))))
    return found
