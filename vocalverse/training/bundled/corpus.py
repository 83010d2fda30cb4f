"""From takes to a manifest that heads learn from: damaged by grades, and each as it comes out of a recording of its own.

The recording is drawn by the clip's name alone, whatever was done to the voice, so that rooms, microphones and codecs
tell nothing of how well somebody sings.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.channel import drawn, through
from vocalverse.synthesis.damage.graded import FAULTS
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.training import manifest_files
from vocalverse.training.bundled.material import Material, Spread, one_by_one
from vocalverse.training.damage import Damager, Wanted
from vocalverse.training.manifest import Clip, Manifest
from vocalverse.training.states import write_whole

# What a network hears; notes' pitch and time are measured far better than it could hear them.
KINDS = frozenset({"vibrato", "breath", "gasps", "ends", "nasal", "muffled", "dynamics"})

_ENCODED_HZ = 16_000  # what Whisper takes


def make_corpus(material: Material, folder: Path, spread: Spread = one_by_one) -> Path:
    """The manifest. What is there already is taken as it is."""
    path = folder / "corpus.jsonl"
    if not path.exists():
        damaged = _damaged(material, folder, spread)
        clips = (*_compared(material), *damaged.clips)
        recorded = tuple(spread(partial(Recorder, folder / "recorded"), clips))
        manifest_files.write(Manifest(recorded, (*material.pairs, *damaged.pairs)), path)
    return path


def _damaged(material: Material, folder: Path, spread: Spread) -> Manifest:
    path = folder / "damaged.jsonl"
    if not path.exists():
        wanted = Wanted(tuple(fault for fault in FAULTS if fault.kind in KINDS))
        done = list(spread(partial(Damager.open, wanted, folder / "damaged"), material.to_damage))
        clips = tuple(clip for one in done for clip in one.clips)
        manifest_files.write(Manifest(clips, tuple(pair for one in done for pair in one.pairs)), path)
    return manifest_files.read(path)


def _compared(material: Material) -> Sequence[Clip]:
    """Takes that somebody compared; of the others only damaged versions are learnt from."""
    compared = {clip for pair in material.pairs for clip in (pair.better, pair.worse)}
    return [clip for clip in (*material.to_damage, *material.others) if clip.id in compared]


@dataclass(frozen=True)
class Recorder:
    folder: Path

    def __call__(self, clip: Clip) -> Clip:
        name = hashlib.sha256(clip.id.encode())
        audio = self.folder / f"{name.hexdigest()[:16]}.flac"
        if not audio.exists():
            channel = drawn(np.random.default_rng(int.from_bytes(name.digest()[:8])))
            heard = soxr.resample(through(_read(clip.audio), channel), RATE_HZ, _ENCODED_HZ)
            write_whole(audio, lambda file: soundfile.write(file, heard, _ENCODED_HZ, format="FLAC", subtype="PCM_16"))
        return replace(clip, audio=audio)


def _read(audio: Path) -> Samples:
    """What was made here needs no sandbox."""
    sound: Samples
    sound, rate_hz = soundfile.read(audio, dtype="float32", always_2d=True)
    return sound if rate_hz == RATE_HZ else soxr.resample(sound, rate_hz, RATE_HZ)
