"""Recordings as a venue's machine writes them: a voice and its backing in one room, a little late."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy.signal import fftconvolve

from vocalverse.samples.music import RATE_HZ, Signal, backing, key_of

TAKES = tuple(Path(__file__).parent / "takes" / name for name in ("vocadito_10.flac", "vocadito_14.flac"))
CHARTS = tuple(take.with_suffix(".txt") for take in TAKES)

_COUNT_IN_S = 2 * 60 / 84  # two beats of the backing before the voice
_ENDING_S = 1.0
_LATENCY_S = 0.045
_REVERB_S = 0.35  # until the room has fallen by 60 dB
_ROOM_SHARE = 0.2
_BACKING_GAIN = 0.35
_NOISE_RMS = 10 ** (-66 / 20)
_PEAK = 10 ** (-3 / 20)


def make_recording(take: Path, out: Path, *, seed: int, backing_out: Path | None = None) -> Path:
    """Write `take` as a venue would have recorded it to `out` (44.1 kHz stereo, 16 bits), the same for the same seed.

    `backing_out` gets the backing alone, as the machine played it. The ending of a name chooses FLAC or WAV.
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
    stage[start : start + len(sung)] = sung / np.abs(sung).max()
    room = np.stack([_in_room(stage + music, rng) for _ in range(2)], axis=1)
    room += _NOISE_RMS * rng.standard_normal(room.shape)
    _write(out, _PEAK * room / np.abs(room).max())
    if backing_out is not None:
        _write(backing_out, np.stack([music, music], axis=1))
    return out


def write_samples(folder: Path) -> list[Path]:
    """Two recordings with their sidecars in `folder`, ready for the agent, which finds each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, take in enumerate(TAKES, start=1):
        recording = folder / f"{song_of(number)}.flac"
        recording.with_suffix(".json").write_text(json.dumps(_metadata(number, take), indent=2) + "\n")
        unfinished = make_recording(take, folder / f".{recording.name}", seed=number)
        written.append(unfinished.replace(recording))
    return written


def song_of(number: int) -> str:
    """The name of its song."""
    return f"sample-{number}"


def _metadata(number: int, take: Path) -> dict[str, Any]:
    return {
        "song": song_of(number),
        "song_title": f"Sample song {number} ({take.stem})",
        "room": "sample room",
        "machine": "sample machine",
        "singer": f"sample-singer-{number}",
        "key_shift": 0,
        "lane": "live",
        "client_latency_ms": round(1000 * _LATENCY_S),
        "microphone": {"model": "sample microphone"},
        "consent": {"keep_audio": False, "training": False, "share": False},
    }


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
