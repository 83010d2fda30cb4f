"""A made singer over a made backing, as an ear would have taken them apart, and the chart that was sung."""

from dataclasses import dataclass

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.measure.reference.melody import Melody
from vocalverse.samples.music import Key, backing
from vocalverse.synthesis.melodies import melody
from vocalverse.synthesis.singing import RATE_HZ, Consonant, Place, Tone, Vibrato, Vowel, sing
from vocalverse.synthesis.throat import Voice

_LINE_S = 4.6  # about, with the rest behind it
_BREATH_S, _REST_S = 0.3, 1.0
_LONG_S = 0.6
_ROOM_T60_S, _ROOM_DRR_DB = 0.4, 6.0
_BACKING_GAIN = 0.3
_REMNANT = 10 ** (-30 / 20)  # of the backing, that an ear leaves in a voice


@dataclass(frozen=True)
class Song:
    """All [frames, 2] at 44.1 kHz."""

    melody: Melody
    dry: Samples
    wet: Samples
    mix: Samples


def chart_of(length_s: float, *, seed: int = 0) -> Melody:
    return melody(max(1, round(length_s / _LINE_S)), seed=seed, rest_s=_REST_S)


def make_song(length_s: float, *, seed: int = 0, voice: Voice = Voice()) -> Song:
    """The same for the same seed."""
    rng, chart = np.random.default_rng(seed), chart_of(length_s, seed=seed)
    place = Place(t60_s=_ROOM_T60_S, drr_db=_ROOM_DRR_DB, noise_dbfs=-70)
    sung = sing(tones_of(chart, rng), voice=voice, place=place, seed=seed)
    frames = round(length_s * RATE_HZ)
    music = _BACKING_GAIN * backing(Key(tonic=9, minor=True), frames, rng).astype(np.float32)[:, None]
    dry, wet = (_as_long(part, frames) for part in (sung.dry, sung.samples))
    return Song(chart, dry + _REMNANT * music, wet + _REMNANT * music, wet + music)


def _as_long(sound: Samples, frames: int) -> Samples:
    return np.pad(sound[:frames], ((0, max(0, frames - len(sound))), (0, 0)))


def tones_of(chart: Melody, rng: np.random.Generator) -> list[Tone]:
    """As written, with what a singer adds: breaths, syllables, vibrato on what is long."""
    tones, at_s = [], 0.0
    for line in chart.lines:
        for note in line.notes:
            assert note.midi is not None  # of a melody out of numbers
            rest_s = note.start_s - at_s
            length_s = note.end_s - note.start_s
            begins = note is line.notes[0]
            tones.append(
                Tone(
                    note.midi + float(rng.normal(0, 0.15)),
                    length_s,
                    rest_s=rest_s if begins else 0.0,
                    breath_s=_BREATH_S if begins else 0.0,
                    vibrato=Vibrato() if length_s > _LONG_S else None,
                    vowel=list(Vowel)[rng.integers(5)],
                    level_db=float(rng.normal(0, 2)),
                    consonant=(None, *Consonant)[rng.integers(4)],
                )
            )
            at_s = note.end_s
    return tones
