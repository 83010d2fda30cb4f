"""Singing out of numbers whose faults are known, for recipes to learn from.

Every fault is drawn by itself; level, length, pitch, throat and melody are drawn apart from all of them, so that no label
can be told from those.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from vocalverse.synthesis.singing import RATE_HZ, Place, Tone, Vibrato, Vowel, sing
from vocalverse.synthesis.throat import Voice

FAULTS = ("breath", "technique", "timbre", "emotion")
_FILE_RATE_HZ = 16_000
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)


@dataclass(frozen=True)
class Take:
    id: str
    audio: Path
    singer: str
    song: str
    fault: Mapping[str, float]  # 0, none at all, to 1


@dataclass(frozen=True)
class _Singer:
    tract: float
    midi: float
    tilt_db: float
    level_dbfs: float


def make_takes(folder: Path, *, singers: int = 16, songs: int = 5, seed: int = 0) -> tuple[Take, ...]:
    """Nobody sings another one's song."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Take] = []
    for number in range(singers):
        rng = np.random.default_rng((seed, number))
        female = bool(number % 2)
        tract, midi = (1.15, 64.0) if female else (1.0, 52.0)
        singer = _Singer(
            tract * rng.uniform(0.95, 1.05), midi + rng.uniform(-3, 3), rng.uniform(-6.5, -5.5), rng.uniform(-26, -14)
        )
        made += [_take(folder, f"singer{number:02}", f"song{number:02}-{song}", singer, rng) for song in range(songs)]
    return tuple(made)


def write_manifest(
    path: Path,
    takes: Sequence[Take],
    judged: Mapping[str, str],
    *,
    shuffled: bool = False,
    raters: Sequence[str] = ("ann", "ben"),
    extra: Mapping[str, Mapping[str, object]] | None = None,
    seed: int = 0,
) -> Path:
    """`judged` names for each dimension the fault that it is about. Shuffled, every score is another clip's."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(takes)) if shuffled else np.arange(len(takes))
    lines: list[object] = [{"scale": [1, 5]}]
    for take, other in zip(takes, order, strict=True):
        ratings = [
            {"dimension": dimension, "rater": rater, "value": _score(takes[other].fault[fault], at, rng)}
            for dimension, fault in judged.items()
            for at, rater in enumerate(raters)
        ]
        line = {"id": take.id, "audio": str(take.audio), "singer": take.singer, "song": take.song}
        lines.append(line | {"licence": "CC0-1.0", "ratings": ratings} | dict((extra or {}).get(take.id, {})))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def _score(fault: float, rater: int, rng: np.random.Generator) -> float:
    """In halves; one rater is stricter than the other."""
    said = 5 - 4 * fault + (0.25 if rater % 2 else -0.25) + rng.normal(0, 0.2)
    return float(np.clip(np.round(2 * said) / 2, 1, 5))


def _take(folder: Path, singer: str, song: str, who: _Singer, rng: np.random.Generator) -> Take:
    fault = dict(zip(FAULTS, rng.uniform(0, 1, len(FAULTS)).tolist(), strict=True))
    voice = Voice(
        tract=who.tract,
        tilt_db_per_octave=who.tilt_db - 8 * fault["timbre"],
        ring_db=15 * (1 - fault["timbre"]),
        breathiness_db=-36 + 26 * fault["breath"],
        wobble_cents=4 + 80 * fault["technique"],
        jitter=0.002 + 0.06 * fault["technique"],
        shimmer=0.3 * fault["technique"],
    )
    sung = sing(_tones(who, fault, rng), voice=voice, place=Place(noise_dbfs=-80), seed=int(rng.integers(1 << 31)))
    path = folder / f"{song}.wav"
    mono = soxr.resample(sung.samples[:, 0], RATE_HZ, _FILE_RATE_HZ)
    level = 10 ** ((who.level_dbfs + rng.uniform(-3, 3)) / 20)
    soundfile.write(path, mono * level / np.sqrt(np.mean(np.square(mono))), _FILE_RATE_HZ)
    return Take(song, path, singer, song, fault)


def _tones(who: _Singer, fault: Mapping[str, float], rng: np.random.Generator) -> list[Tone]:
    """Two phrases. Whoever expresses more swells more, and lets long notes swing."""
    degree, tones = 3, []
    for number in range(int(rng.integers(7, 11))):
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, 7))
        begins = number in (0, 4)
        moved = 1 - fault["emotion"]
        tones.append(
            Tone(
                who.midi + _SCALE[degree],
                length_s=float(rng.uniform(0.3, 0.55)),
                rest_s=0.25 if begins else 0.0,
                breath_s=0.12 if begins else 0.0,
                breath_db=-35 + 20 * fault["breath"],
                vibrato=Vibrato(extent_cents=10 + 70 * moved, onset_s=0.1),
                vowel=list(Vowel)[int(rng.integers(5))],
                level_db=moved * float(rng.uniform(-9, 3)),
                swell_db=moved * float(rng.uniform(-8, 8)),
            )
        )
    return tones
