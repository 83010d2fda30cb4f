"""The room taken out of a voice, where there is one, and left alone where there is none."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalverse.audio.waveform import Samples
from vocalverse.records import Progress, no_progress
from vocalverse.separate.activity import voice_activity
from vocalverse.separate.reverberation import Room, estimate
from vocalverse.separate.wpe import Band, Block, Fitting, fit, late

STAGE = "dereverberate"
_SAMPLE_RATE_HZ = 44_100
_SILENCE = 1e-20
_BETWEEN_DB = 1.0  # dry and wet


@dataclass(frozen=True)
class Options:
    """Windows are long and the delay is 70 ms: shorter ones take a held note for its own reverberation."""

    window: int = 6144  # samples
    hop: int = 1536
    # Above 9 kHz rooms are short and voices thin; high frequencies die away sooner than low ones.
    bands: tuple[Band, ...] = (Band(60, 4_000, delay=2, taps=12), Band(4_000, 9_000, delay=2, taps=8))
    fitting: Fitting = field(default_factory=Fitting)
    block: int = 192  # frames at once, 6.7 s
    fitted_blocks: int = 18  # two minutes tell the room
    # Of sung frames for each weight of a filter: from fewer the room cannot be told from the song.
    least_frames_a_weight: int = 8
    # What is found against the voice as it came, in dB: below the first nothing is taken away, from the second on all
    # of it; from the third to the fourth less again, for no room is so strong, but notes held still are as predictable.
    blend_db: tuple[float, float, float, float] = (-20.0, -15.0, -2.5, -1.5)
    # Without falls that show a room, long notes of a dry voice may be what is found: then it has to be more.
    doubt_db: float = 6.0

    @property
    def late_after_s(self) -> float:
        """When what is taken away begins: a window's weight lies in its middle."""
        return (min(band.delay for band in self.bands) - 0.5) * self.hop / _SAMPLE_RATE_HZ


DEFAULT = Options()


@dataclass(frozen=True)
class Dry:
    """`samples` are the very ones that were given where the room is dry."""

    samples: Samples  # [frames, channels]
    room: Room
    removed_db: float | None  # late reverberation against the voice as it came; None where too little is sung to tell
    strength: float  # 0: passed through, 1: all that was found was taken away


@dataclass(frozen=True)
class Found:
    """What a voice says of its room."""

    room: Room
    removed_db: float | None  # as in `Dry`
    filters: tuple[Tensor, ...]  # one for each band, none where too little is sung to tell

    def strength(self, options: Options) -> float:
        """How much of what these filters give is taken away."""
        return self._blended(options, options.blend_db, (0, 1, 1, 0))

    def wetness(self, options: Options) -> float:
        """0 where the room is dry; 1 where it is not, or where it cannot be told: then something else has to know.

        A network takes no held note for a room: it is held back only as far as keeps like takes from unlike ends.
        """
        nothing_db = options.blend_db[0]
        return self._blended(options, (nothing_db, nothing_db + _BETWEEN_DB), (0, 1)) if self.filters else 1.0

    def _blended(self, options: Options, at_db: Sequence[float], shares: Sequence[float]) -> float:
        if self.removed_db is None:
            return 0.0
        nothing_db, all_db, *too_strong_db = at_db
        doubt_db = options.doubt_db if self.room.t60_s is None else 0.0
        return float(np.interp(self.removed_db, [nothing_db + doubt_db, all_db + doubt_db, *too_strong_db], shares))


def dereverberate(
    voice: Samples,
    *,
    active: npt.NDArray[np.bool_] | None = None,
    options: Options = DEFAULT,
    progress: Progress = no_progress,
) -> Dry:
    """`voice` [frames, channels] at 44.1 kHz without its late reverberation. `active` [frames]: where somebody sings."""
    frames = _Frames(voice, active, options)
    found = _found(frames, voice, options, progress)
    strength = found.strength(options)
    if not strength:
        return Dry(voice, found.room, found.removed_db, 0.0)
    samples = voice.copy()
    for start, reverberation in frames.late(found.filters):
        samples[start : start + len(reverberation)] -= strength * reverberation
        progress(STAGE, 0.5 + 0.5 * min(1.0, (start + len(reverberation)) / len(voice)))
    return Dry(samples, found.room, found.removed_db, strength)


def examine(
    voice: Samples,
    *,
    active: npt.NDArray[np.bool_] | None = None,
    options: Options = DEFAULT,
    progress: Progress = no_progress,
) -> Found:
    """The first half of `dereverberate`, and of its progress: what the room is like, and nothing taken away."""
    return _found(_Frames(voice, active, options), voice, options, progress)


def _found(frames: "_Frames", voice: Samples, options: Options, progress: Progress) -> Found:
    pieces = frames.to_fit()
    if not pieces or frames.voiced < options.least_frames_a_weight * frames.weights:
        return Found(estimate(voice), None, ())
    filters = []
    for count, band in enumerate(options.bands):
        filters.append(fit([frames.block(start, band) for start in pieces], band, options.fitting))
        progress(STAGE, 0.5 * (count + 1) / len(options.bands))
    removed_db = _removed_db(frames, pieces, filters, options)
    return Found(estimate(voice, late_db=removed_db, after_s=options.late_after_s), removed_db, tuple(filters))


class _Frames:
    """A voice as overlapping windows; frame t ends with sample (t + 1) × hop."""

    def __init__(self, voice: Samples, active: npt.NDArray[np.bool_] | None, options: Options) -> None:
        self._options = options
        self._voice = channels_that_differ(voice)
        self._window = torch.hann_window(options.window)
        count = -(-len(voice) // options.hop) + options.window // options.hop - 1 if len(voice) else 0
        self._voiced = self._with_tails(_active_hops(voice, active, options.hop), count)

    @property
    def voiced(self) -> int:
        return int(np.count_nonzero(self._voiced))

    @property
    def weights(self) -> int:
        """Of one frequency's filter for one channel."""
        channels: int = self._voice.shape[1]
        return channels * max(band.taps for band in self._options.bands)

    def to_fit(self) -> list[int]:
        """First frames of the blocks that tell the room, spread over the song."""
        starts = self._starts()
        few = min(len(starts), self._options.fitted_blocks)
        return [starts[index * len(starts) // few] for index in range(few)]

    def block(self, start: int, band: Band) -> Block:
        stop = min(start + self._options.block, len(self._voiced))
        spectrum = self._spectrum(start - band.reach, stop)[band.bins(_SAMPLE_RATE_HZ, self._options.window)]
        return Block(spectrum.contiguous(), torch.from_numpy(self._voiced[start:stop].astype(np.float32)))

    def late(self, filters: Sequence[Tensor]) -> Iterator[tuple[int, Samples]]:
        """The late reverberation, as (first sample, [frames, channels]); pieces overlap and are to be summed."""
        options, frames = self._options, len(self._voice)
        for start in self._starts():
            reverberation = self._synthesised(self._late_spectrum(start, filters))
            first = (start + 1) * options.hop - options.window
            inside = slice(max(0, -first), max(0, frames - first))
            yield max(0, first), reverberation[inside]

    def _late_spectrum(self, start: int, filters: Sequence[Tensor]) -> Tensor:
        """Its frames [bins, channels, frames] from `start` on, nothing in those where nobody sings."""
        options = self._options
        stop = min(start + options.block, len(self._voiced))
        reach = max(band.reach for band in options.bands)
        wet = self._spectrum(start - reach, stop)
        reverberation = torch.zeros_like(wet[..., reach:])
        for band, found in zip(options.bands, filters, strict=True):
            bins = band.bins(_SAMPLE_RATE_HZ, options.window)
            reverberation[bins] = late(wet[bins, :, reach - band.reach :], found, band)
        reverberation[..., ~torch.from_numpy(self._voiced[start:stop])] = 0
        return reverberation

    def _starts(self) -> list[int]:
        block = self._options.block
        return [start for start in range(0, len(self._voiced), block) if self._voiced[start : start + block].any()]

    def _spectrum(self, start: int, stop: int) -> Tensor:
        """Frames `start` to `stop` [bins, channels, frames]: silence lies before the first and after the last."""
        options = self._options
        first, last = (start + 1) * options.hop - options.window, stop * options.hop
        heard = self._voice[max(0, first) : max(0, last)]
        before = max(0, -first)
        padded = np.zeros((last - first, heard.shape[1]), np.float32)
        padded[before : before + len(heard)] = heard
        windows = torch.from_numpy(padded.T.copy()).unfold(-1, options.window, options.hop) * self._window
        spectrum: Tensor = torch.fft.rfft(windows).permute(2, 0, 1)
        return spectrum

    def _synthesised(self, spectrum: Tensor) -> Samples:
        """[bins, channels, frames] → [samples, channels], windowed once more so that seams fade."""
        options = self._options
        overlap = options.window // options.hop
        windows = torch.fft.irfft(spectrum.permute(1, 2, 0), n=options.window) * self._window
        hops = (windows / (overlap * 3 / 8)).unflatten(-1, (overlap, options.hop))  # Hann's mean square is 3/8
        channels, frames = hops.shape[:2]
        summed = torch.zeros(channels, frames + overlap - 1, options.hop)
        for part in range(overlap):
            summed[:, part : part + frames] += hops[:, :, part]
        samples: Samples = summed.flatten(1).T.numpy()
        return samples

    def _with_tails(self, active: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.bool_]:
        """Frames [count] that hold an active hop, or that the room may still answer one in."""
        overlap = self._options.window // self._options.hop
        reach = max(band.reach for band in self._options.bands)
        widened = np.convolve(active, np.ones(overlap + reach)) if len(active) else np.zeros(0)
        voiced = np.zeros(count, np.bool_)
        voiced[: len(widened)] = widened[:count] > 0.5
        return voiced


def channels_that_differ(voice: Samples) -> Samples:
    """One where both hold the same."""
    alike = voice.shape[1] == 2 and np.array_equal(voice[:, 0], voice[:, 1])
    return voice[:, :1] if alike else voice


def _active_hops(voice: Samples, active: npt.NDArray[np.bool_] | None, hop: int) -> npt.NDArray[np.bool_]:
    if not len(voice):
        return np.zeros(0, np.bool_)
    if active is None:
        active = voice_activity(voice, _SAMPLE_RATE_HZ).by_sample(len(voice))
    return np.logical_or.reduceat(active, np.arange(0, len(active), hop))


def _removed_db(frames: _Frames, pieces: list[int], filters: Sequence[Tensor], options: Options) -> float:
    """Energy of the late reverberation against all, over the pieces that it was learnt from."""
    wet = reverberant = _SILENCE
    for band, found in zip(options.bands, filters, strict=True):
        for start in pieces:
            block = frames.block(start, band)
            wet += float((block.spectrum[..., band.reach :].abs().square() * block.voiced).sum())
            reverberant += float((late(block.spectrum, found, band).abs().square() * block.voiced).sum())
    return 10 * math.log10(reverberant / wet)
