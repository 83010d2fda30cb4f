"""Clips as heads hear them. What takes long is made once and kept in the encoder cache; what encoders that are learnt
hear, in the run's folder.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

import vocalverse
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.models.cache.cache import FIGURES, EncoderCache
from vocalverse.models.cache.key import CacheKey, folder_of
from vocalverse.models.encoders.encoder import Encoder, Frames, whole
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.heads.collate import Heard
from vocalverse.models.heads.config import HeadConfig
from vocalverse.models.heads.grid import on_grid
from vocalverse.records import Progress, no_progress
from vocalverse.release.sounds import Sounds
from vocalverse.training.lessons import Row
from vocalverse.training.listen import Listened, Listener
from vocalverse.training.manifest import Clip
from vocalverse.training.states import write_whole

STAGE = "hear"

_MEMORY_BYTES = 2**30  # for frames that are asked for again and again

_NOTHING = Frames(np.zeros((0, 1), np.float32), np.zeros(0), np.zeros(0, np.float32))

Read = Callable[[str], npt.NDArray[np.float32]]  # text to [tokens, width]


@dataclass(frozen=True)
class Ear:
    """An encoder as a recipe uses it."""

    encoder: Encoder
    voice: bool  # hears the voice alone
    learnt: bool = False  # hears anew in every step


@dataclass(frozen=True)
class Shelves:
    """Where what is made once is kept."""

    cache: EncoderCache
    folder: Path


class Studio:
    def __init__(
        self, clips: Sequence[Clip], listener: Listener, ears: Mapping[str, Ear], shelves: Shelves, read: Read | None
    ) -> None:
        self.ears = dict(ears)  # one that was learnt takes the place of the one that it came from
        self._clips = {clip.id: clip for clip in clips}
        self._listener = listener
        self._shelves = shelves
        self._read = read
        self._names: dict[str, str] = {}  # of recordings
        self._texts: dict[str, npt.NDArray[np.float32]] = {}
        self._figures: dict[str, Mapping[str, float]] = {}
        self._near: dict[tuple[CacheKey, str], Frames] = {}
        self._room_bytes = _MEMORY_BYTES
        self._last: _Moment | None = None

    def prepare(self, configs: Sequence[HeadConfig], *, progress: Progress = no_progress) -> None:
        """All that heads of these configs will ask for."""
        learnt = {name for name, ear in self.ears.items() if ear.learnt}
        frames_first = sorted(configs, key=lambda config: not config.needs_frames)
        for number, clip in enumerate(self._clips.values()):
            progress(STAGE, number / len(self._clips))
            for config in frames_first:
                self.heard(Row(clip.id), config, without=learnt)
            for name in learnt:
                self.sound(clip.id, name)
        progress(STAGE, 1.0)

    def heard(self, row: Row, config: HeadConfig, *, without: Collection[str] = ()) -> Heard:
        """As a head of this config takes it; of encoders that are learnt there are no frames."""
        clip = self._clips[row.clip]
        names = [encoder.name for encoder in config.encoders]
        frames = (_NOTHING if name in without else self._frames(clip, name, config) for name in names)
        return Heard(
            frames=tuple(frames),
            figures=self._measured(clip) if config.measures else {},
            text=self._text(clip) if config.text else None,
            domain=clip.domain,
            annotator=row.rater,
        )

    def sound(self, clip: str, name: str) -> Sound:
        """At the rate of an encoder that is learnt."""
        one, ear = self._clips[clip], self.ears[name]
        rate_hz = ear.encoder.info.sample_rate_hz
        path = self._shelves.folder / "sounds" / f"{self._name(one)}-{_source(ear)}-{rate_hz}.npy"
        if not path.exists():
            write_whole(path, lambda file: np.save(file, self._moment(one).sound(ear).at(rate_hz)))
        return Sound(np.load(path, mmap_mode="r"), rate_hz)

    def _frames(self, clip: Clip, name: str, config: HeadConfig) -> Frames:
        """At the rate at which the head reads them: a song's are read in every epoch."""
        ear, rate_hz = self.ears[name], config.grid_hz
        sound = _source(ear) if rate_hz is None else f"{_source(ear)}, {rate_hz:g} frames a second"
        key = CacheKey.of(ear.encoder.info, self._name(clip), sound)
        if config.needs_frames:
            return self._at_hand(
                key, partial(self._shelves.cache.frames, key, partial(self._encoded, clip, ear, rate_hz))
            )
        pooled = partial(self._shelves.cache.pooled, key, partial(self._encoded, clip, ear, rate_hz))
        return self._at_hand(key, pooled, "pooled")

    def _encoded(self, clip: Clip, ear: Ear, rate_hz: float | None) -> Frames:
        sound = self._moment(clip).sound(ear)
        frames = ear.encoder.encode(sound, whole(sound))
        return frames if rate_hz is None else on_grid(frames, rate_hz)

    def _at_hand(self, key: CacheKey, read: Callable[[], Frames], kind: str = "") -> Frames:
        """In memory, as far as there is room."""
        if (key, kind) not in self._near:
            frames = read()
            if self._room_bytes < frames.values.nbytes:
                return frames
            self._room_bytes -= frames.values.nbytes
            self._near[key, kind] = frames
        return self._near[key, kind]

    def _measured(self, clip: Clip) -> Mapping[str, float]:
        if clip.id not in self._figures:
            name = f"{vocalverse.__version__}{FIGURES}"  # another version measures anew
            path = self._shelves.cache.folder / folder_of(self._name(clip)) / name
            if not path.exists():
                write_whole(path, lambda file: file.write(json.dumps(self._moment(clip).figures).encode()))
            self._figures[clip.id] = json.loads(path.read_text(encoding="utf-8"))
        return self._figures[clip.id]

    def _text(self, clip: Clip) -> npt.NDArray[np.float32]:
        if clip.text not in self._texts:
            assert self._read is not None
            self._texts[clip.text] = self._read(clip.text)
        return self._texts[clip.text]

    def _name(self, clip: Clip) -> str:
        if clip.id not in self._names:
            self._names[clip.id] = self._listener.name(clip)
        return self._names[clip.id]

    def _moment(self, clip: Clip) -> "_Moment":
        """Several things of one clip are asked for in a row: it is listened to once for all of them."""
        if self._last is None or self._last.clip is not clip:
            self._last = _Moment(self._listener, clip)
        return self._last


class _Moment:
    """A clip that is listened to when something of it is asked for."""

    def __init__(self, listener: Listener, clip: Clip) -> None:
        self.clip = clip
        self._listener = listener

    @cached_property
    def _listened(self) -> Listened:
        return self._listener.listen(self.clip)

    @cached_property
    def _sounds(self) -> Sounds:
        return self._listened.sounds

    def sound(self, ear: Ear) -> Sound:
        return self._sounds.voice if ear.voice else self._sounds.mix

    @cached_property
    def figures(self) -> Mapping[str, float]:
        return self._listened.figures(PitchTracker.open())


def _source(ear: Ear) -> str:
    return "voice" if ear.voice else "mix"
