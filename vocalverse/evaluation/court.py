"""Clips before a judge: heard as training hears them, and judged whatever the prescreen would say of them. What was made
of a clip once, with a release's encoders or by measuring, is kept.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import vocalverse
from vocalverse.evaluation.judgements import Told
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.models.cache.cache import FIGURES, CacheKey, EncoderCache
from vocalverse.models.cache.key import folder_of
from vocalverse.models.encoders.encoder import Frames, whole
from vocalverse.records import TextKind
from vocalverse.release.judge import Judge
from vocalverse.release.sounds import Sounds
from vocalverse.release.spec import EncoderSpec
from vocalverse.training.listen import Listened, Listener
from vocalverse.training.manifest import Clip


@dataclass(frozen=True)
class Court:
    judge: Judge
    listener: Listener
    cache: EncoderCache
    tracker: PitchTracker = field(default_factory=PitchTracker.open)

    def judged(self, clip: Clip) -> dict[str, Told]:
        """By dimension, and overall. One whose text the clip does not have is not among them."""
        moment = _Moment(self, clip)
        encoded = {spec.name: moment.frames(spec) for spec in self.judge.spec.encoders}
        figures = moment.figures() if self._measures() else {}
        found = self.judge.judge(encoded, figures, dict.fromkeys(TextKind, clip.text))
        scores = (*found.scores, *([found.overall] if found.overall else []))
        return {score.dimension: Told(score.value, score.low, score.high) for score in scores}

    def _measures(self) -> bool:
        """Whether anything asks for what is measured."""
        spec = self.judge.spec
        by_evidence = any(one.evidence for one in spec.dimensions)
        composed = spec.overall is not None and bool(spec.overall.measures or spec.overall.evidence)
        return by_evidence or composed or any(head.config.measures for head in self.judge.heads.values())


class _Moment:
    """One clip, listened to once at most, and only where something of it is not kept."""

    def __init__(self, court: Court, clip: Clip) -> None:
        self._court, self._clip = court, clip
        self._name = court.listener.name(clip)

    def frames(self, spec: EncoderSpec) -> Frames:
        encoder = self._court.judge.encoders[spec.name]

        def make() -> Frames:
            sound = self._sounds.voice if spec.voice else self._sounds.mix
            return encoder.encode(sound, whole(sound))

        return self._court.cache.frames(CacheKey.of(encoder.info, self._name, "voice" if spec.voice else "mix"), make)

    def figures(self) -> Mapping[str, float]:
        """Another version measures anew."""
        place = self._court.cache.folder / folder_of(self._name) / f"{vocalverse.__version__}{FIGURES}"
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            unfinished = place.with_suffix(f".{os.getpid()}.part")
            unfinished.write_text(json.dumps(self._listened.figures(self._court.tracker)), encoding="utf-8")
            unfinished.replace(place)
        measured: dict[str, float] = json.loads(place.read_text(encoding="utf-8"))
        return measured

    @cached_property
    def _listened(self) -> Listened:
        return self._court.listener.listen(self._clip)

    @cached_property
    def _sounds(self) -> Sounds:
        return self._listened.sounds
