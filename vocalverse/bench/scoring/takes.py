"""The takes that are judged: made ones, and where recordings lie, theirs. Nothing of them is copied.

A folder may hold `mir1k` (left the backing, right the voice), `ssvd`, `ravdess_song` and `gtsinger` (voices alone) and
`ultrastar` (whole songs with their charts, of which some have an instrumental).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.bench.hearing.data import RATE_HZ, level, read
from vocalverse.bench.made_song import make_song, tones_of
from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.ultrastar import read_ultrastar
from vocalverse.measure.reference.ultrastar_header import header_of
from vocalverse.samples.make import TAKES
from vocalverse.synthesis.attacks import CALIBRATION, GENERATORS, Kind, attacks
from vocalverse.synthesis.material import Material, over
from vocalverse.synthesis.throat import Voice

MADE_BEAT_S = 0.05  # all lengths of a made song are whole beats
HONEST = "honest"
_SEED = 5
_RMS = 0.05
_VOICES = (Voice(), Voice(tract=1.17, breathiness_db=-24), Voice(wobble_cents=15, tilt_db_per_octave=-9))
_OVER_BACKING = (Kind.WHISTLE, Kind.HUM, Kind.MONOTONE, Kind.TALK)
ATTACKS_EACH = 1 + len(GENERATORS) + sum(one.kind in _OVER_BACKING for one in GENERATORS.values())
CLIPS = 5  # kinds of them among recordings
_MUSIC = "immich_memories_music"  # under MIT


@dataclass(frozen=True)
class Take:
    kind: str
    name: str
    mix: Samples  # [frames, 2] at 44.1 kHz
    honest: bool
    calibrated: bool  # thresholds were set on such takes
    melody: Melody | None = None
    beat_s: float = MADE_BEAT_S
    guide: Samples | None = None  # what the singer may have played back
    alone: bool = False  # a voice, and nothing else: no ear is needed
    generated: bool = False  # its name is that of its generator


def made_takes(count: int, *, length_s: float) -> Iterator[Take]:
    """Voices alone, of singers who sing well."""
    for number in range(count):
        song = make_song(length_s, seed=number, voice=_VOICES[number % len(_VOICES)])
        yield Take("made", f"singer {number}", song.dry, honest=True, calibrated=True, melody=song.melody, alone=True)


def made_attacks(count: int, *, length_s: float) -> Iterator[Take]:
    """Of every generator, alone and over a backing; before them the honest take that they are made of."""
    for number in range(count):
        song = make_song(length_s, seed=number)
        tones = tones_of(song.melody, np.random.default_rng(number))
        backing = song.mix - song.wet
        yield Take(HONEST, f"made {number}", song.mix, honest=True, calibrated=True, melody=song.melody)
        for attack in attacks(Material(tones, song.wet, backing, length_s), seed=number):
            known = attack.generator in CALIBRATION
            one = Take(
                attack.kind.value,
                attack.generator,
                attack.samples,
                honest=False,
                calibrated=known,
                melody=song.melody,
                guide=attack.guide,
                generated=True,
            )
            yield one
            if attack.kind in _OVER_BACKING:
                yield replace(one, name=f"{attack.generator}, over a backing", mix=over(attack.samples, backing))


def sample_takes() -> Iterator[Take]:
    """The two amateurs that come with the package."""
    for path in TAKES:
        yield Take("samples", path.stem, _stereo(read(path)), honest=True, calibrated=True)


def music(count: int) -> Iterator[Take]:
    """Backings under MIT, where their package is installed."""
    found = find_spec(_MUSIC)
    folder = Path(found.origin).parent if found and found.origin else None
    for path in _some(folder, ("**/*.mp3", "**/*.ogg", "**/*.opus", "**/*.flac", "**/*.m4a"), count) if folder else ():
        yield Take("MIT music", path.stem, _stereo(read(path)), honest=False, calibrated=True)


def recordings(folder: Path, count: int) -> Iterator[Take]:
    """Of each kind that lies there `count`, always the same ones. None of them has set a threshold."""
    for path in _some(folder / "mir1k", ("*.opus",), count):
        backing, voice = (level(channel, _RMS, path=path) for channel in read(path).T)
        yield _recorded("MIR-1K, voice and backing", path, _stereo((backing + voice)[:, None]), honest=True)
        yield _recorded("MIR-1K, backing alone", path, _stereo(backing[:, None]), honest=False)
    for kind in ("ssvd", "ravdess_song", "gtsinger"):
        for path in _some(folder / kind, ("**/*.opus", "**/*.flac", "**/*.wav"), count):
            yield _recorded(kind, path, _stereo(read(path)), honest=True)


def songs(folder: Path, count: int, *, longest_s: float) -> Iterator[Take]:
    """Whole ones, with their charts."""
    for path in _some(folder / "ultrastar", ("*/audio.mp3",), count):
        yield _charted("whole songs", path, longest_s, honest=True)


def instrumentals(folder: Path, *, longest_s: float) -> Iterator[Take]:
    for path in sorted((folder / "ultrastar").glob("*/instrumental.mp3")):
        yield _charted("instrumentals", path, longest_s, honest=False)


def _recorded(kind: str, path: Path, mix: Samples, *, honest: bool) -> Take:
    return Take(kind, path.stem, mix, honest=honest, calibrated=False)


def _charted(kind: str, path: Path, longest_s: float, *, honest: bool) -> Take:
    """As much of the chart as is heard; none where it cannot be read."""
    sound, chart = _stereo(read(path))[: round(longest_s * RATE_HZ)], path.with_name("song.txt")
    take = Take(kind, path.parent.name, sound, honest=honest, calibrated=False)
    try:
        melody = read_ultrastar(chart.read_bytes(), options=ReadOptions())
        lines = tuple(line for line in melody.lines if line.end_s <= longest_s)
        beat_s = header_of(chart.read_text(errors="replace").splitlines()).s_per_beat
        return replace(take, melody=replace(melody, lines=lines), beat_s=beat_s)
    except (OSError, ReferenceBroken):
        return take


def _some(folder: Path, patterns: Sequence[str], count: int) -> list[Path]:
    paths = sorted(path for pattern in patterns for path in folder.glob(pattern))
    drawn = np.random.default_rng(_SEED).permutation(len(paths))[:count]
    return [paths[at] for at in sorted(drawn)]


def _stereo(sound: Samples) -> Samples:
    return sound[:, :2] if sound.shape[1] >= 2 else np.repeat(sound, 2, axis=1)
