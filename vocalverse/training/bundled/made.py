"""Singers out of numbers: anybody may use what is learnt from them."""

from pathlib import Path

import numpy as np
import soundfile

from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.synthesis.throat import Voice
from vocalverse.training.bundled.material import Material
from vocalverse.training.manifest import Clip

LICENCE = "Apache-2.0"  # VocalVerse's own

_TAKE, _SONG = 16, 36  # tones: about ten seconds, and twenty
_OTHERS = 500  # from this number on
_LOWEST_MIDI, _SPAN = 48.0, 10.0  # of the lowest tones, between a bass and a high voice


def made(count: int, folder: Path) -> Material:
    """No two have the same throat, nor the same song."""
    return Material(to_damage=tuple(_take(number, _TAKE, folder) for number in range(count)))


def made_songs(count: int, folder: Path) -> tuple[Clip, ...]:
    """By singers who are not among the others."""
    return tuple(_take(number, _SONG, folder) for number in range(_OTHERS, _OTHERS + count))


def _take(number: int, tones: int, folder: Path) -> Clip:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng([7, number])
    high = float(random.uniform())
    midi = _LOWEST_MIDI + _SPAN * high
    sung = song(tones, seed=number, voice=_voice(high, random), midi=float(round(midi)))
    name = f"made-{number:03}"
    audio = folder / f"{name}.flac"
    soundfile.write(audio, sung.dry[:, 0], RATE_HZ, format="FLAC", subtype="PCM_16")
    return Clip(name, audio, singer=name, song=name, licence=LICENCE, synthetic=True)


def _voice(high: float, random: np.random.Generator) -> Voice:
    """High voices come from short throats, more or less."""
    return Voice(
        tract=1.0 + 0.18 * high + float(random.uniform(-0.04, 0.04)),
        tilt_db_per_octave=float(random.uniform(-9, -5)),
        breathiness_db=float(random.uniform(-36, -24)),
        jitter=float(random.uniform(0, 0.006)),
        shimmer=float(random.uniform(0, 0.04)),
        wobble_cents=float(random.uniform(4, 18)),
        ring_db=float(random.uniform(0, 8)),
    )
