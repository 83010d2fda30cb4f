"""Takes as they are and in many other ways, heard once: what is measured and encoded of them is kept between runs."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from pathlib import Path

import numpy as np

import vocalverse
from vocalverse.audio.quality import measure
from vocalverse.audio.waveform import Samples
from vocalverse.bench.as_waveform import as_waveform
from vocalverse.bench.hearing.data import Corpus as Rooms
from vocalverse.bench.verdict.takes import Take
from vocalverse.bench.verdict.ways import EAR, Way, fault_of, faults, ways
from vocalverse.evidence.find import find_evidence
from vocalverse.evidence.kind import Found
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.row import as_sung
from vocalverse.measure.take import hear, measure_take
from vocalverse.models.cache.cache import CacheKey, EncoderCache
from vocalverse.models.encoders.encoder import EncoderInfo, Frames
from vocalverse.models.encoders.sound import Sound
from vocalverse.prescreen.evidence import evidence
from vocalverse.prescreen.judge import prescreen
from vocalverse.prescreen.rules import BUNDLED, Rules, read
from vocalverse.release.figures import figures
from vocalverse.release.judge import Judge
from vocalverse.separate.activity import voice_activity
from vocalverse.separate.dereverberate import dereverberate
from vocalverse.separate.ear import SAMPLE_RATE_HZ, Ear
from vocalverse.separate.options import EarOptions
from vocalverse.synthesis.damage.intact import Intact, intact
from vocalverse.training.listen import Listened

# Whatever of the package changes what is heard and measured of a take.
_HEARS = ("audio", "bench/verdict/takes.py", "bench/verdict/tricks.py", "bench/verdict/ways.py", "evidence", "measure")
_HEARS_TOO = ("prescreen", "release/figures.py", "separate", "synthesis", "training/damage.py", "sung.py", "records.py")

_BENCH = "verdict"  # in whose name frames are kept: they are told apart by their sound


@dataclass(frozen=True)
class Version:
    """A take, and what was done to it."""

    take: Take
    way: str

    @property
    def id(self) -> str:
        return f"{self.take.id} | {self.way}"


@dataclass(frozen=True)
class Heard:
    figures: Mapping[str, float]
    found: Mapping[str, Found]
    voice: str  # its sound's digest, under which frames are kept
    mix: str
    verdict: str  # the prescreen's, by the rules that come with the package


@dataclass(frozen=True)
class Work:
    """All that is to be heard of one take, of which what is costly is made once."""

    take: Take
    ways: tuple[str, ...]


@dataclass(frozen=True)
class Places:
    data: Path
    kept: Path
    models: Path
    releases: tuple[Path, ...]

    @property
    def frames(self) -> EncoderCache:
        return EncoderCache(self.kept / "frames", narrow=True)


def digest_of_hearing() -> str:
    """Of the code that hears."""
    package = Path(vocalverse.__file__).parent
    paths = chain.from_iterable(_sources(package / part) for part in (*_HEARS, *_HEARS_TOO))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources(place: Path) -> Sequence[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


@dataclass(frozen=True)
class Hearer:
    """One for each process."""

    places: Places
    judges: Sequence[Judge]
    ways: Mapping[str, Way]
    rules: Rules
    tracker: PitchTracker = field(default_factory=lambda: PitchTracker.open(threads=1))

    @classmethod
    def open(cls, places: Places) -> "Hearer":
        rooms = {room.name: room for room in Rooms(places.data).rooms()}
        judges = [Judge.open(folder, models=places.models, threads=1) for folder in places.releases]
        return cls(places, judges, ways(rooms), read(BUNDLED))

    def __call__(self, work: Work) -> dict[str, Heard]:
        """By the versions' ids. A fault that finds nothing to hurt in the take has none."""
        take = intact(work.take.voice(), self.tracker)
        return {Version(work.take, way).id: self._heard(listened) for way, listened in self._listened(work, take)}

    def _listened(self, work: Work, take: Intact) -> Iterator[tuple[str, Listened]]:
        for kind in dict.fromkeys(fault for way in work.ways if (fault := fault_of(way))):
            for way, samples in faults(take, kind, work.take.id).items():
                both = _both(samples)
                yield way, Listened(as_waveform(both), both, both)
        for way in work.ways:
            if way == EAR:
                yield way, self._through_ear(_both(take.samples + work.take.backing()))
            elif not fault_of(way):
                yield way, _alone(_both(self.ways[way](take)))

    def _through_ear(self, mix: Samples) -> Listened:
        separated = self._ear.separate(mix)
        return Listened(as_waveform(mix), separated.voice, self._ear.dereverberate(separated).samples)

    @cached_property
    def _ear(self) -> Ear:
        return Ear.open(EarOptions(), threads=1, trials=self.places.kept)

    def _heard(self, listened: Listened) -> Heard:
        measured = measure_take(hear(listened.dry, listened.voice, listened.waveform.samples, self.tracker))
        found, sounds = find_evidence(measured), listened.sounds
        for judge in self.judges:
            judge.encode(sounds, kept=partial(self._kept, judge))
        recorded = measure(listened.waveform)
        known = figures(recorded, as_sung(measured).figures, found)
        verdict = prescreen(evidence(measured, recorded), self.rules).verdict
        return Heard(known, found, sounds.voice.digest, sounds.mix.digest, verdict.value)

    def _kept(self, judge: Judge, info: EncoderInfo, sound: Sound, make: Callable[[], Frames]) -> Frames:
        return keep(self.places.frames, judge, info, sound.digest, make)


def keep(cache: EncoderCache, judge: Judge, info: EncoderInfo, digest: str, make: Callable[[], Frames]) -> Frames:
    """Of the sound that has this digest; all frames only where a head has an eye for their order."""
    key = CacheKey.of(info, _BENCH, digest)
    ordered = any(head.config.needs_frames for head in judge.heads.values())
    return cache.frames(key, make) if ordered else cache.pooled(key, make)


def _alone(voice: Samples) -> Listened:
    active = voice_activity(voice, SAMPLE_RATE_HZ).by_sample(len(voice))
    return Listened(as_waveform(voice), voice, dereverberate(voice, active=active).samples)


def _both(samples: Samples) -> Samples:
    """As recordings are decoded: two channels."""
    return np.ascontiguousarray(samples[:, :2] if samples.shape[1] > 1 else np.repeat(samples, 2, axis=1))
