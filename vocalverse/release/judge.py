"""The judge that goes by a release: a voice and what was measured of it in, a score for every dimension out."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vocalverse.errors import BackendFailed, BadInput, ModelBroken, NotFound, ReleaseBroken
from vocalverse.evidence.kind import Found
from vocalverse.models.encoders.encoder import Encoder, EncoderInfo, Frames, Span, whole
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.heads.batch import Estimate
from vocalverse.records import Progress, Remark, Score, TextKind, no_progress
from vocalverse.release.encoders import open_encoders, open_readers
from vocalverse.release.heads import Feed, Heads, Panel, Tokens, open_heads, require_fit
from vocalverse.release.overall import compose
from vocalverse.release.reasoned import Heard, placed, weigh
from vocalverse.release.sounds import Sounds
from vocalverse.release.spec import DimensionSpec, ReleaseSpec
from vocalverse.release.told import as_score
from vocalverse.release.verify import Sealed, verify

if TYPE_CHECKING:
    from vocalverse.models.encoders.text import TextEncoder

STAGE = "encode"  # what progress is told of

Encoded = Mapping[str, Frames]  # by the encoders' names in the release
Kept = Callable[[EncoderInfo, Sound, Callable[[], Frames]], Frames]  # gives what was made before, or makes it
Wanted = tuple[str | None, TextKind | None]  # who is to read what

_NO_TEXT: Mapping[TextKind, str] = {}
_NOWHERE: Mapping[str, Found] = {}


@dataclass(frozen=True)
class Judged:
    scores: tuple[Score, ...]  # of the dimensions that could be judged, in the release's order
    overall: Score | None
    remarks: tuple[Remark, ...] = ()


def make_anew(info: EncoderInfo, sound: Sound, make: Callable[[], Frames]) -> Frames:
    return make()


@dataclass(frozen=True)
class Judge:
    """What a release needs, loaded once. The same take gives the same scores, whoever was judged before."""

    sealed: Sealed
    encoders: Mapping[str, Encoder]
    readers: Mapping[str, "TextEncoder"]
    heads: Heads
    device: str = "cpu"

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        models: Path,
        device: str = "cpu",
        threads: int | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Verified first. `models` is the shelf with the weights that the release names and does not hold."""
        return cls.of(verify(folder, progress=progress), models=models, device=device, threads=threads)

    @classmethod
    def of(cls, sealed: Sealed, *, models: Path, device: str = "cpu", threads: int | None = None) -> Self:
        """Of a release that was just verified."""
        spec, folder = sealed.spec, sealed.folder
        try:
            heads = open_heads(spec, folder, device)
            encoders = open_encoders(spec, folder, models, device=device, threads=threads)
            readers = open_readers(spec, folder, models, device=device)
        except (ModelBroken, NotFound, BadInput) as error:
            raise ReleaseBroken(f"{spec.name} cannot be opened. {error}") from error
        infos = {name: encoder.info for name, encoder in encoders.items()}
        require_fit(spec, heads, Feed(infos, {name: reader.width for name, reader in readers.items()}), folder)
        return cls(sealed, encoders, readers, heads, device)

    @property
    def spec(self) -> ReleaseSpec:
        return self.sealed.spec

    def encode(
        self,
        sounds: Sounds,
        *,
        spans: Sequence[Span] | None = None,
        kept: Kept = make_anew,
        progress: Progress = no_progress,
    ) -> Encoded:
        """All of the take, or of its spans, through every encoder."""
        parts = len(self.spec.encoders)
        encoded = {}
        for number, spec in enumerate(self.spec.encoders):
            encoder, sound = self.encoders[spec.name], sounds.voice if spec.voice else sounds.mix
            part = _part(progress, number, parts)
            heard = partial(encoder.encode, sound, spans or whole(sound), progress=part)
            encoded[spec.name] = kept(encoder.info, sound, heard)
        return encoded

    def judge(
        self,
        encoded: Encoded,
        figures: Mapping[str, float],
        text: Mapping[TextKind, str] = _NO_TEXT,
        *,
        found: Mapping[str, Found] = _NOWHERE,
    ) -> Judged:
        """A dimension whose text is not there has no score, and no mark is composed without it. What was found says
        where in the recording it shows.
        """
        able = [one for one in self.spec.dimensions if one.text is None or text.get(one.text, "").strip()]
        panel, words = Panel(self.heads, encoded, figures, self.device), self._read(able, text)

        def heard(one: DimensionSpec) -> Estimate | None:
            return panel.estimate(one, words.get((one.text_encoder, one.text))) if one.heads else None

        scores = {one.key: _score(one, heard(one), figures) for one in able}
        overall = compose(self.spec.overall, scores, figures) if self.spec.overall else None
        missing = len(able) < len(self.spec.dimensions)
        if overall and self.spec.overall:
            overall = placed(overall, self.spec.overall.evidence, found)
        told = tuple(placed(scores[one.key], one.evidence, found) for one in able)
        return Judged(told, overall, (Remark.TEXT_MISSING,) if missing else ())

    def _read(self, dimensions: Sequence[DimensionSpec], text: Mapping[TextKind, str]) -> Mapping[Wanted, Tokens]:
        """What they need of the text, each once."""
        wanted = {(one.text_encoder, one.text) for one in dimensions if one.text_encoder and one.text}
        return {(reader, kind): self.readers[reader].encode([text[kind]])[0] for reader, kind in wanted}


def _score(dimension: DimensionSpec, heard: Estimate | None, figures: Mapping[str, float]) -> Score:
    said = _number(dimension, heard) if heard else None
    if said and not dimension.evidence:
        return as_score(dimension.key, said.value, said.spread, dimension)
    reasoned = weigh(dimension, figures, said)
    return replace(as_score(dimension.key, reasoned.value, reasoned.spread, dimension), evidence=reasoned.evidence)


def _number(dimension: DimensionSpec, heard: Estimate) -> Heard:
    value, spread = heard.value.item(), heard.spread.item()
    if not (math.isfinite(value) and math.isfinite(spread)):
        raise BackendFailed(
            f"{dimension.key} came out as no number: another precision may hold what this one does not."
        )
    return Heard(value, spread)


def _part(progress: Progress, number: int, parts: int) -> Progress:
    """Of all encoders' work, that of one."""
    return lambda _, fraction: progress(STAGE, (number + fraction) / parts)
