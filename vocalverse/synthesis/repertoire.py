"""What the singer does: a song; and a hum, a whistle and talk, which are none."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vocalverse.synthesis.singing import Consonant, Place, Sung, Tone, Vibrato, Vowel, sing
from vocalverse.synthesis.throat import Voice


def hum(tones: Sequence[Tone], *, place: Place = Place(), seed: int = 0) -> Sung:
    closed = [replace(tone, vowel=Vowel.HUM) for tone in tones]
    return sing(closed, voice=Voice(tilt_db_per_octave=-14), place=place, seed=seed)


def whistle(tones: Sequence[Tone], *, place: Place = Place(), seed: int = 0) -> Sung:
    """Give it tones above C6 (84)."""
    return sing(tones, voice=Voice(tilt_db_per_octave=-45, breathiness_db=-18), place=place, seed=seed)


def talk(seconds: float, *, midi: float = 48.0, place: Place = Place(), seed: int = 0) -> Sung:
    """Syllables that glide, in phrases that sink."""
    rng = np.random.default_rng(seed)
    tones: list[Tone] = []
    spoken_s = 0.0
    while spoken_s < seconds:
        count = int(rng.integers(5, 12))
        for at in range(count):
            length_s = float(rng.uniform(0.09, 0.25))
            tones.append(
                Tone(
                    midi + 4 - 7 * at / count + float(rng.normal(0, 1.5)),
                    length_s,
                    rest_s=float(rng.uniform(0.3, 0.6)) if at == 0 else 0.0,
                    drift_cents=float(rng.normal(-150, 250)),
                    portamento_s=0.08,
                    vowel=list(Vowel)[rng.integers(5)],
                    level_db=float(rng.normal(0, 3)),
                    swell_db=-6.0,
                    consonant=(None, *Consonant)[rng.integers(4)],
                )
            )
            spoken_s += length_s + tones[-1].rest_s
    return sing(tones, voice=Voice(jitter=0.01, shimmer=0.05), place=place, seed=seed)


def song(count: int, *, seed: int = 0, voice: Voice = Voice(), place: Place = Place(), midi: float = 57.0) -> Sung:
    """A line of `count` tones as somebody might sing it: phrases with breaths, syllables, vibrato on the long ones."""
    rng = np.random.default_rng(seed)
    scale = np.asarray((0, 2, 4, 5, 7, 9, 11, 12))
    degree, tones = 3, []
    for index in range(count):
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, 7))
        starts = index % 7 == 0
        length_s = float(rng.choice((0.2, 0.3, 0.45, 0.9)))
        tones.append(
            Tone(
                midi + float(scale[degree]),
                length_s,
                rest_s=0.7 if starts else 0.0,
                breath_s=0.35 if starts else 0.0,
                vibrato=Vibrato(float(rng.uniform(5, 6.5)), float(rng.uniform(30, 80))) if length_s > 0.6 else None,
                scoop_cents=float(rng.choice((0.0, 0.0, 150.0))),
                vowel=list(Vowel)[rng.integers(5)],
                level_db=float(rng.normal(0, 2)),
                consonant=(None, *Consonant)[rng.integers(4)],
            )
        )
    return sing(tones, voice=voice, place=place, seed=seed)
