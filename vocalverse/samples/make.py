"""Recordings as a venue's machine writes them: a voice and its backing in one room, a little late."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy.signal import fftconvolve

from vocalverse.samples.music import RATE_HZ, Signal, backing, key_of

TAKES = tuple(Path(__file__).parent / "takes" / name for name in ("vocadito_10.flac", "vocadito_14.flac"))


@dataclass(frozen=True)
class Sample:
    """A recording that is made of a take."""

    name: str  # of its song
    take: Path
    seed: int
    worse_than: str | None = None  # the sample that it is, sung worse

    @property
    def chart(self) -> Path:
        """How its song goes."""
        return self.take.with_suffix(".txt")


SAMPLES = (
    Sample("sample-1", TAKES[0], seed=1),
    Sample("sample-2", TAKES[1], seed=2),
    Sample("sample-2-worse", TAKES[1], seed=2, worse_than="sample-2"),
)

_COUNT_IN_S = 2 * 60 / 84  # two beats of the backing before the voice
_ENDING_S = 1.0
_LATENCY_S = 0.045
_REVERB_S = 0.35  # until the room has fallen by 60 dB
_ROOM_SHARE = 0.2
_BACKING_GAIN = 0.35
_NOISE_RMS = 10 ** (-66 / 20)
_PEAK = 10 ** (-3 / 20)


def _as_sung(sung: Signal) -> Signal:
    return sung


def make_recording(
    take: Path,
    out: Path,
    *,
    seed: int,
    backing_out: Path | None = None,
    change: Callable[[Signal], Signal] = _as_sung,
) -> Path:
    """Write `take` as a venue would have recorded it to `out` (44.1 kHz stereo, 16 bits), the same for the same seed.

    `backing_out` gets the backing alone, as the machine played it. The ending of a name chooses FLAC or WAV. `change` is
    made to what is sung before anybody plays or a room sounds.
    """
    rng = np.random.default_rng(seed)
    voice, rate_hz = soundfile.read(take, dtype="float64", always_2d=True)
    if rate_hz != RATE_HZ:
        raise ValueError(f"{take.name} is not at {RATE_HZ} Hz")
    sung: Signal = voice.mean(axis=1)
    frames = len(sung) + round((_COUNT_IN_S + _ENDING_S) * RATE_HZ)
    music = _BACKING_GAIN * backing(key_of(sung), frames, rng)
    stage = np.zeros(frames)
    start = round((_COUNT_IN_S + _LATENCY_S) * RATE_HZ)
    stage[start : start + len(sung)] = _loud(change(sung))
    room = np.stack([_in_room(stage + music, rng) for _ in range(2)], axis=1)
    room += _NOISE_RMS * rng.standard_normal(room.shape)
    _write(out, _PEAK * room / np.abs(room).max())
    if backing_out is not None:
        _write(backing_out, np.stack([music, music], axis=1))
    return out


def write_samples(folder: Path) -> list[Path]:
    """`SAMPLES` with their sidecars in `folder`, ready for the agent, which finds each whole or not at all."""
    from vocalverse.samples.worse import worse  # with all that measures, which nobody else needs

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sample in SAMPLES:
        recording = folder / f"{sample.name}.flac"
        recording.with_suffix(".json").write_text(json.dumps(_metadata(sample), indent=2) + "\n")
        change = partial(worse, seed=sample.seed) if sample.worse_than else _as_sung
        unfinished = make_recording(sample.take, folder / f".{recording.name}", seed=sample.seed, change=change)
        written.append(unfinished.replace(recording))
    return written


def _metadata(sample: Sample) -> dict[str, Any]:
    return {
        "song": sample.name,
        "song_title": f"Sample song {sample.seed} ({sample.take.stem}{', sung worse' if sample.worse_than else ''})",
        "room": "sample room",
        "machine": "sample machine",
        "singer": f"sample-singer-{sample.seed}",
        "key_shift": 0,
        "lane": "live",
        "client_latency_ms": round(1000 * _LATENCY_S),
        "microphone": {"model": "sample microphone"},
        "consent": {"keep_audio": False, "training": False, "share": False},
    }


def _loud(sung: Signal) -> Signal:
    scaled: Signal = sung / np.abs(sung).max()
    return scaled


def _in_room(dry: Signal, rng: np.random.Generator) -> Signal:
    """The direct sound and a decaying tail of noise, another for each ear."""
    time_s = np.arange(round(_REVERB_S * RATE_HZ)) / RATE_HZ
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / _REVERB_S)
    tail *= _ROOM_SHARE / np.linalg.norm(tail)
    response = np.concatenate([[1.0], np.zeros(round(0.008 * RATE_HZ)), tail])
    wet: Signal = fftconvolve(dry, response)[: len(dry)]
    return wet


def _write(out: Path, stereo: Signal) -> None:
    soundfile.write(out, stereo, RATE_HZ, subtype="PCM_16")
