"""What a mouth does instead of singing: it whistles, hums, or stays on one note."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.signal import butter, sosfilt

from vocalverse.measure.pitch.track import hz_of
from vocalverse.synthesis import repertoire
from vocalverse.synthesis.material import Material, Mono, levelled, seed_of
from vocalverse.synthesis.singing import RATE_HZ, Consonant, Place, Sound, Tone, Vowel, sing
from vocalverse.synthesis.throat import Voice

_WHISTLED_ABOVE = 84  # midi, C6
_NOSE_HZ = 550
_GLIDE_S = 0.03


def sine_whistle(material: Material, rng: np.random.Generator) -> Sound:
    """One line, a little unsteady."""
    midi, gate = _curves(_high(material.melody))
    unsteady = 0.1 * np.sin(2 * np.pi * (5.2 * np.arange(len(midi)) / RATE_HZ + rng.uniform()))
    return levelled(np.sin(2 * np.pi * np.cumsum(hz_of(midi + unsteady)) / RATE_HZ) * gate)


def breathy_whistle(material: Material, rng: np.random.Generator) -> Sound:
    """With the noise of its air around the line."""
    return repertoire.whistle(_high(material.melody), place=Place(noise_dbfs=-65), seed=seed_of(rng)).samples


def hum_of_one_note(material: Material, rng: np.random.Generator) -> Sound:
    return repertoire.hum(_on_one_note(material.melody), seed=seed_of(rng)).samples


def hum_of_the_melody(material: Material, rng: np.random.Generator) -> Sound:
    return repertoire.hum(material.melody, seed=seed_of(rng)).samples


def muffled_hum(material: Material, rng: np.random.Generator) -> Sound:
    return _through_the_nose(material.melody, rng)


def muffled_hum_of_one_note(material: Material, rng: np.random.Generator) -> Sound:
    return _through_the_nose(_on_one_note(material.melody), rng)


def vowel_on_one_note(material: Material, rng: np.random.Generator) -> Sound:
    tones = [replace(tone, vowel=Vowel.A, consonant=None) for tone in _on_one_note(material.melody)]
    return sing(tones, seed=seed_of(rng)).samples


def words_on_one_note(material: Material, rng: np.random.Generator) -> Sound:
    """Chanted: every syllable another vowel."""
    vowels, sounds = [vowel for vowel in Vowel if vowel is not Vowel.HUM], list(Consonant)
    tones = [
        replace(tone, vowel=vowels[rng.integers(len(vowels))], consonant=sounds[rng.integers(len(sounds))])
        for tone in _on_one_note(material.melody)
    ]
    return sing(tones, voice=Voice(tract=1.15, wobble_cents=12), seed=seed_of(rng)).samples


def _through_the_nose(tones: Sequence[Tone], rng: np.random.Generator) -> Sound:
    """Pulses that a steep low-pass leaves two or three harmonics of."""
    midi, gate = _curves(tones)
    at = np.arange(0, len(midi), RATE_HZ // 10)
    unsteady = np.interp(np.arange(len(midi)), at, rng.normal(0, 0.12, len(at)))
    turned = np.cumsum(hz_of(midi + unsteady)) / RATE_HZ
    heard = sosfilt(butter(4, _NOSE_HZ, fs=RATE_HZ, output="sos"), (2 * (turned % 1) - 1) * gate)
    return levelled(heard + 0.002 * rng.standard_normal(len(heard)))


def _curves(tones: Sequence[Tone]) -> tuple[Mono, Mono]:
    """[samples] each: pitch, and 0 to 1 where it sounds, gliding from one to the next."""
    lengths = [(round(tone.rest_s * RATE_HZ), round(tone.length_s * RATE_HZ)) for tone in tones]
    midi = np.concatenate([np.full(sum(both), tone.midi) for tone, both in zip(tones, lengths, strict=True)])
    gate = np.concatenate([np.repeat((0.0, 1.0), both) for both in lengths])
    return _smooth(midi), _smooth(gate)


def _smooth(curve: Mono) -> Mono:
    shape = np.hanning(round(_GLIDE_S * RATE_HZ) | 1)
    smooth: Mono = np.convolve(np.pad(curve, len(shape) // 2, mode="edge"), shape / shape.sum(), "valid")
    return smooth


def _high(tones: Sequence[Tone]) -> list[Tone]:
    lift = 12 * int(np.ceil((_WHISTLED_ABOVE - min(tone.midi for tone in tones)) / 12))
    return [replace(tone, midi=tone.midi + lift, consonant=None) for tone in tones]


def _on_one_note(tones: Sequence[Tone]) -> list[Tone]:
    middle = float(np.median([tone.midi for tone in tones]))
    return [replace(tone, midi=middle, scoop_cents=0.0, fall_cents=0.0, turn_cents=0.0) for tone in tones]
