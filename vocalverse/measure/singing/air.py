"""Air that is heard along with the tone: who does not close the cords, or presses more breath than they take, has more.

What sounds between the tones as well is the room's and the microphone's, and is taken off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import BIN_HZ, HOP_S, Heard
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.runs import frames_between
from vocalverse.measure.singing.voice_quality import steady_frames, tone_to_noise_db

_SLOW_SEMITONES_PER_S = 8.0  # faster, harmonics smear over one another and look like noise
_MOST_FRAMES = 2_500  # evenly chosen: a median over more says nothing else
_LEAST_S = 0.3
_BAND_HZ = (2_000.0, 5_000.0)  # there air is louder than tone first
_STILL_SHARE = 25  # percentile of what is not sung: the noise that is always there
_LEAST_OWN = 0.1  # of the noise along with a tone: what is taken off is not known better
# The same throat has so much less of it an octave higher: harmonics are farther apart.
_LESS_DB_PER_OCTAVE, _FROM_HZ = 4.0, 220.0

Curve = npt.NDArray[np.float64]  # [frames]


@dataclass(frozen=True)
class PhraseAir:
    phrase: int
    air_db: float


@dataclass(frozen=True)
class Air:
    """None where too little is held to tell."""

    held_s: float  # what could be looked at: held, and with more air of its own than the recording has noise
    air_db: float | None  # noise against tone from 2 to 5 kHz, as it would be at 220 Hz; the median
    phrases: tuple[PhraseAir, ...]


def measure_air(heard: Heard, phrases: Sequence[Phrase]) -> Air:
    steady = steady_frames(heard, semitones_per_s=_SLOW_SEMITONES_PER_S)
    at = np.flatnonzero(steady)
    if len(at) * HOP_S < _LEAST_S:
        return Air(0.0, None, ())
    some = at[:: -(-len(at) // _MOST_FRAMES)]
    hz = heard.pitch.hz[some].astype(np.float64)
    band = slice(round(_BAND_HZ[0] / BIN_HZ), round(_BAND_HZ[1] / BIN_HZ) + 1)
    power = heard.dry.power[:, band].sum(axis=1, dtype=np.float64)
    tone_to_noise = 10 ** (tone_to_noise_db(heard.dry.power[some], hz, _BAND_HZ) / 10)
    noise = power[some] / (1 + tone_to_noise)
    always = float(np.percentile(power[~heard.pitch.voiced], _STILL_SHARE)) if not heard.pitch.voiced.all() else 0.0
    own = np.maximum(noise - always, _LEAST_OWN * noise)
    air_db = np.full(len(steady), np.nan)
    own_db = 10 * np.log10(np.maximum(own, 1e-20) / np.maximum(power[some] - noise, 1e-20))
    air_db[some] = own_db + _LESS_DB_PER_OCTAVE * np.log2(hz / _FROM_HZ)
    told_s = len(at) * HOP_S * float(np.mean(own > always))
    return Air(told_s, float(np.nanmedian(air_db)), tuple(_by_phrase(air_db, phrases)))


def _by_phrase(air_db: Curve, phrases: Sequence[Phrase]) -> list[PhraseAir]:
    found = []
    for index, phrase in enumerate(phrases):
        here = air_db[frames_between(phrase.start_s, phrase.end_s, count=len(air_db))]
        here = here[np.isfinite(here)]
        if len(here) * HOP_S >= _LEAST_S:
            found.append(PhraseAir(index, float(np.median(here))))
    return found
