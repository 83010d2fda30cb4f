"""The recordings that the ear is judged by, read where they lie: nothing of them is copied.

A folder holds `mir1k` (left the backing, right the voice; `singer_song_clip` in the names), `rir` (responses of rooms),
`ssvd` (voices alone) and `ultrastar` (whole songs, of which one lies there with its instrumental).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from vocalverse.errors import BadInput

RATE_HZ = 44_100
# Never trained on: the ear of `lite-research` heard MIR-1K's other singers, and the other rooms.
SINGERS = ("bobon", "heycat", "titon")
ROOMS = ("dfn_rir_sim_rt60_0.79", "impulse_response_0", "kitchen-true-stereo", "stereo_impulse_response")
SONG = "ultrastar/Pornophonique - Space Invaders"

_SEED = 4
_BEFORE_DIRECT = RATE_HZ // 1000  # samples that are kept before a room's direct sound
_VOICE_RMS = 0.05

Signal = npt.NDArray[np.float32]  # [samples]
Stereo = npt.NDArray[np.float32]  # [samples, 2]


@dataclass(frozen=True)
class Take:
    """Clips of one song, one after another."""

    singer: str
    backing: Signal
    voice: Signal
    clips: Sequence[slice]  # of each clip, in samples


@dataclass(frozen=True)
class Room:
    name: str
    response: Stereo  # from just before its direct sound; its channels' mean energy is 1


@dataclass(frozen=True)
class Song:
    mix: Stereo
    instrumental: Stereo


@dataclass(frozen=True)
class Corpus:
    """A folder whose layout was checked."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """`BadInput` where something is missing that is asked for later."""
        if not folder.is_dir():
            raise BadInput(
                f"There is no folder {folder}: --data names the one that holds mir1k, rir, ssvd and ultrastar."
            )
        wanted = {
            **{f"mir1k/{singer}_*.opus": f"clips of {singer}" for singer in SINGERS},
            **{f"rir/{room}.flac": "a room's response" for room in ROOMS},
            "ssvd/*.opus": "voices alone",
            f"{SONG}/audio.mp3": "a whole song",
            f"{SONG}/instrumental.mp3": "its instrumental",
        }
        missing = [f"{pattern} ({what})" for pattern, what in wanted.items() if not any(folder.glob(pattern))]
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise BadInput(f"{folder} has another layout than the bench reads: no {', '.join(missing[:3])}{more}.")
        return cls(folder)

    def takes(self, singer: str, *, songs: int, clips: int) -> Sequence[Take]:
        """Of each of `songs` songs, drawn but always the same ones, `clips` clips in a row."""
        random = np.random.default_rng([_SEED, *singer.encode()])
        by_song = self._by_song(singer, at_least=clips)
        drawn = random.choice(sorted(by_song), size=min(songs, len(by_song)), replace=False)
        return [self._take(singer, _in_a_row(by_song[song], clips, random)) for song in sorted(drawn)]

    def rooms(self, names: Sequence[str] = ()) -> Sequence[Room]:
        """Those named, or all."""
        paths = sorted((self.folder / "rir").glob("*.flac"))
        return [_room(path) for path in paths if not names or path.stem in names]

    def voices(self, count: int, *, longest_s: float) -> Mapping[str, Signal]:
        """Unaccompanied ones, as they were recorded: near the microphone."""
        paths = sorted((self.folder / "ssvd").glob("*.opus"))
        drawn = np.random.default_rng(_SEED).choice(len(paths), size=min(count, len(paths)), replace=False)
        sung = {paths[at].stem: read(paths[at])[: round(longest_s * RATE_HZ)].mean(axis=1) for at in sorted(drawn)}
        return {name: level(voice, _VOICE_RMS, path=self.folder / "ssvd" / name) for name, voice in sung.items()}

    def song(self) -> Song:
        return Song(*(_both(read(self.folder / SONG / f"{name}.mp3")) for name in ("audio", "instrumental")))

    def _by_song(self, singer: str, *, at_least: int) -> dict[str, list[Path]]:
        paths = sorted((self.folder / "mir1k").glob(f"{singer}_*.opus"))
        songs = {
            song: list(clips) for song, clips in itertools.groupby(paths, lambda path: path.stem.rpartition("_")[0])
        }
        enough = {song: clips for song, clips in songs.items() if len(clips) >= at_least}
        if not enough:
            raise BadInput(f"{self.folder}/mir1k has no song of {singer} with {at_least} clips.")
        return enough

    def _take(self, singer: str, paths: Sequence[Path]) -> Take:
        """In each clip the backing is made as loud as the voice."""
        backings, voices = zip(*map(_parts, paths), strict=True)
        ends = np.cumsum([len(voice) for voice in voices])
        clips = [slice(int(end) - len(voice), int(end)) for end, voice in zip(ends, voices, strict=True)]
        return Take(singer, np.concatenate(backings), np.concatenate(voices), clips)


def _in_a_row(clips: Sequence[Path], count: int, random: np.random.Generator) -> Sequence[Path]:
    first = int(random.integers(len(clips) - count + 1))
    return clips[first : first + count]


def _parts(path: Path) -> tuple[Signal, Signal]:
    sound = read(path)
    if sound.shape[1] != 2:
        raise BadInput(f"{path} has {sound.shape[1]} channels; the bench reads two: backing and voice.")
    backing, voice = (level(sound[:, channel], _VOICE_RMS, path=path) for channel in (0, 1))
    return backing, voice


def _room(path: Path) -> Room:
    """Of four channels, as true stereo has them, the first two: one source, two microphones."""
    response = _both(read(path))
    first = max(0, int(np.abs(response).argmax(axis=0).min()) - _BEFORE_DIRECT)
    energy = float(np.square(response[first:], dtype=np.float64).sum(axis=0).mean())
    return Room(path.stem, response[first:] / _positive(np.sqrt(energy), path))


def level(sound: Signal, rms: float, *, path: Path) -> Signal:
    found = float(np.sqrt(np.mean(np.square(sound), dtype=np.float64)))
    return sound * np.float32(rms / _positive(found, path))


def _positive(value: float, path: Path) -> np.float32:
    if not value > 0:
        raise BadInput(f"{path} is silent: nothing can be judged by it.")
    return np.float32(value)


def _both(sound: Stereo) -> Stereo:
    return sound[:, :2] if sound.shape[1] >= 2 else np.repeat(sound, 2, axis=1)


def read(path: Path) -> Stereo:
    """[samples, channels] at 44.1 kHz."""
    try:
        sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise BadInput(f"{path} cannot be read: {error.error_string}") from error
    resampled: Stereo = soxr.resample(sound, rate_hz, RATE_HZ) if rate_hz != RATE_HZ else sound
    return resampled
