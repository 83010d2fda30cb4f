"""The room taken out of a voice by a network, where there is a room and where somebody sings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples
from vocalverse.records import Progress, no_progress
from vocalverse.separate.dereverberate import DEFAULT, STAGE, Dry, Options, channels_that_differ, examine
from vocalverse.separate.purpose import Part, Purpose, part_of
from vocalverse.separate.stitch import Model, Stems, stitch

_SAMPLE_RATE_HZ = 44_100
_TAIL = round(0.5 * _SAMPLE_RATE_HZ)  # samples around what is sung, in which the room still answers
_FADE = round(0.05 * _SAMPLE_RATE_HZ)
_EXAMINED = 0.2  # of the time, about


@dataclass(frozen=True)
class Span:
    """Samples that the network hears; those outside stay as they came."""

    start: int
    stop: int


def dry_through(
    voice: Samples,
    model: Model,
    *,
    active: npt.NDArray[np.bool_],
    overlap: int = 2,
    options: Options = DEFAULT,
    progress: Progress = no_progress,
) -> Dry:
    """`voice` [frames, channels] at 44.1 kHz as `model` gives it without its room, at the level that the model gives.

    The room is told as ever, by prediction; where it says that the room is dry, the network is not asked.
    """
    part = part_of(model.info.stems, Purpose.DEREVERBERATE)
    found = examine(voice, active=active, options=options, progress=lambda s, f: progress(s, 2 * _EXAMINED * f))
    spans = sung_spans(active, model.info.chunk)
    strength = found.wetness(options) if spans else 0.0
    if not strength:
        return Dry(voice, found.room, found.removed_db, 0.0)
    heard = channels_that_differ(voice) if model.info.channels == 1 else voice
    samples, total, done = voice.copy(), sum(span.stop - span.start for span in spans), 0
    for span in spans:
        share = (span.stop - span.start) / total

        def on(stage: str, fraction: float, done: float = done / total, share: float = share) -> None:
            progress(stage, _EXAMINED + (1 - _EXAMINED) * (done + share * fraction))

        sink = _Sink(samples, heard, span, part, strength)
        stitch(heard[span.start : span.stop], model, sink, overlap=overlap, progress=on, stage=STAGE)
        done += span.stop - span.start
    return Dry(samples, found.room, found.removed_db, strength)


def sung_spans(active: npt.NDArray[np.bool_], chunk: int) -> Sequence[Span]:
    """Where somebody sings, and the room's answer to it; only where a whole chunk or more lies between is it parted."""
    frames = len(active)
    edges = np.flatnonzero(np.diff(active, prepend=False, append=False))
    spans: list[Span] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        before = spans[-1].stop if spans else 0
        if start - _TAIL - before >= chunk:
            spans.append(Span(start - _TAIL, min(stop + _TAIL, frames)))
        else:
            spans = [*spans[:-1], Span(spans[-1].start if spans else 0, min(stop + _TAIL, frames))]
    if spans and frames - spans[-1].stop < chunk:
        spans[-1] = Span(spans[-1].start, frames)
    return spans


@dataclass(frozen=True)
class _Sink:
    """Puts a span's dry voice in the place of the wet one, with fades where it borders on what is not asked about."""

    samples: Samples  # [frames, channels], written to
    heard: Samples  # [frames, channels of the network]
    span: Span
    part: Part
    strength: float

    def __call__(self, start: int, block: Stems) -> None:
        place = slice(self.span.start + start, self.span.start + start + block.shape[1])
        wet = self.samples[place]
        wet += self._weight(place) * (self.part.of(block, self.heard[place]) - wet)

    def _weight(self, place: slice) -> npt.NDArray[np.float32]:
        """As [frames, 1]."""
        at = np.arange(place.start, place.stop)
        weight = np.full(len(at), self.strength, np.float32)
        if self.span.start > 0:
            weight *= np.minimum((at - self.span.start) / _FADE, 1)
        if self.span.stop < len(self.samples):
            weight *= np.minimum((self.span.stop - at) / _FADE, 1)
        return weight[:, None]
