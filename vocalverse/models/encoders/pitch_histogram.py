"""Which pitches a recording holds and for how long, as an encoder: nothing is learnt, and every frame says the same.

Octaves aside, from the pitch that is held longest upwards: neither the key nor the range of a voice is told.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.checkpoint import CONFIG, read_config, revision_of
from vocalverse.models.encoders.encoder import Encoder, EncoderInfo, Family, Frames, Span
from vocalverse.models.encoders.opening import Opening, number, require_type
from vocalverse.models.encoders.sound import F0_RATE_HZ, Sound
from vocalverse.records import Progress, no_progress

_RATE_HZ = 10
_A4_HZ = 440.0


class PitchHistogram:
    def __init__(self, info: EncoderInfo) -> None:
        self.info = info

    def encode(self, sound: Sound, spans: Sequence[Span], *, progress: Progress = no_progress) -> Frames:
        f0_hz, every = sound.f0_hz(), F0_RATE_HZ // _RATE_HZ
        edges = [(round(span.start_s * F0_RATE_HZ), round(span.end_s * F0_RATE_HZ)) for span in spans]
        heard = np.concatenate([np.zeros(0, np.float32), *(f0_hz[first:last] for first, last in edges)])
        starts = np.concatenate([np.zeros(0), *(np.arange(first, last, every) for first, last in edges)])
        left = np.concatenate([np.zeros(0), *(last - np.arange(first, last, every) for first, last in edges)])
        values = np.tile(shares(heard, self.info.width), (len(starts), 1))
        return Frames(values, starts / F0_RATE_HZ, (np.minimum(left, every) / F0_RATE_HZ).astype(np.float32))


def shares(f0_hz: npt.NDArray[np.float32], bins: int) -> npt.NDArray[np.float32]:
    """[bins] of the time in which something is sung; 0 where nothing is."""
    sung = f0_hz[f0_hz > 0]
    if not len(sung):
        return np.zeros(bins, np.float32)
    octaves = np.log2(sung / _A4_HZ)
    counts = np.bincount(np.rint(octaves * bins).astype(np.intp) % bins, minlength=bins)
    return (np.roll(counts, -int(counts.argmax())) / len(sung)).astype(np.float32)


def files(folder: Path) -> tuple[Path, ...]:
    return (folder / CONFIG,)


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    config = read_config(folder)
    require_type(config, (Family.PITCH_HISTOGRAM,), folder)
    bins = number(config, "bins", folder)
    if opening.layer is None:
        raise ModelBroken(f"{folder}: a pitch histogram has no layers to mix: give `layer`.")
    return PitchHistogram(
        EncoderInfo(
            family=Family.PITCH_HISTOGRAM,
            revision=revision_of(files(folder)),
            sample_rate_hz=F0_RATE_HZ,
            frame_rate_hz=_RATE_HZ,
            width=bins,
            layers=0,
            layer=0,
            precision=opening.precision,
        )
    )
