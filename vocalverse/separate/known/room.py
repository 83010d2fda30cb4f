"""What loudspeaker and room made of a backing, learnt from a recording in which somebody sings over it.

Per frequency the backing reaches the microphone as a sum of its own past frames. The weights of that sum are found by
least squares in which a frame counts the less the louder the voice is there (the voice is the noise of this problem),
and in which every weight is expected to be as small as its neighbours at other frequencies turn out to be. Both are
learnt in turns, so that a backing that is not in the recording ends with weights of nought.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import uniform_filter
from torch import Tensor

from vocalverse.separate.known.spectra import HOP, SIZE, Spectrum

EARLY = 2  # frames by which the sound may come before the delay found, which may be that of a reflection
EDGE = SIZE // HOP - 1  # frames at either end that a recording only half fills: nothing is learnt from them
PASSES = 3
_BINS_AT_ONCE = 32
# Seconds of reverberation that are followed, up to each frequency: air and walls swallow the high ones first.
_TAILS = ((3_000.0, 1.2), (8_000.0, 0.8), (16_000.0, 0.4), (float("inf"), 0.2))
_MEMORY = 0.7  # of what was learnt from the song so far: rooms change slowly, gains may
_FLOOR = 1e-3  # of the loudness around: no frame counts more than that makes it
_AROUND = (5, 101)  # bins, frames
_SMOOTH = (3, 3)
_LEAST = 1e-10
_LOUDER = 0.1  # share by which somebody must have turned the knob for it to be told from chance
_LOADING = 1e-6  # of the trace: more than single precision may be wrong by, far less than can be heard

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Learnt:
    """Of one band of bins. The sums over frames are kept, so that the next piece of a song adds to them."""

    normal: Tensor  # [bins, channels × taps, channels × taps]
    crossed: Tensor  # [bins, channels × taps, microphones]
    weights: Tensor  # [bins, channels × taps, microphones]
    variances: Tensor  # [bins, channels × taps]
    pieces: int  # of the song that they come from

    def expected(self) -> Tensor:
        """Mean square of each weight [channels × taps], over the band: bins are as alike as neighbours are."""
        power = self.weights.real.square() + self.weights.imag.square()
        return (power.mean(2) + self.variances).mean(0)


@dataclass(frozen=True)
class Room:
    """What was learnt so far; goes along from piece to piece of a song."""

    bands: dict[int, _Learnt]  # by their first bins


def unheard() -> Room:
    return Room({})


def tail_frames() -> int:
    """How far back the longest response reaches."""
    return max(_taps(seconds) for _, seconds in _TAILS) - 1 - EARLY


@dataclass(frozen=True)
class Heard:
    echo: Spectrum  # the backing as it sounds in the recording
    rest: _Floats  # [bins, frames], power of all else as far as it is known


def hear(
    recording: Spectrum, backing: Spectrum, room: Room, *, passes: int = PASSES, tick: Callable[[], None] = lambda: None
) -> Heard:
    """The backing in `recording` [bins, channels, frames]; `room` has learnt from it afterwards.

    `backing` has `tail_frames()` more frames in front and EARLY more behind. Both may hold the lowest bins only.
    `passes` are for a room not heard before. One that is known tells voice from echo to begin with, and needs fewer.
    `tick` is called many times a second.
    """
    result = Heard(np.empty_like(recording), np.empty((len(recording), recording.shape[2]), np.float32))
    for bins, taps in _bands(len(recording)):
        facing = _facing(recording[bins], backing[bins], taps)
        known = room.bands.get(bins.start)
        before = facing.as_loud_as_here(known) if known else None
        heard = facing.heard(before) if before else facing.unheard()
        expected = before.expected() if before else facing.guess()
        for _ in range(max(1, passes - before.pieces) if before else passes):
            learnt = facing.learn(heard.rest, expected, before)
            heard, expected = facing.heard(learnt), learnt.expected()
            room.bands[bins.start] = learnt
        result.echo[bins], result.rest[bins] = heard.echo, heard.rest
        tick()
    return result


@dataclass(frozen=True)
class _Facing:
    """A band of the recording, and what it may be made of: first all real parts, then all imaginary ones."""

    recording: Tensor  # [bins, 2 × microphones, frames]
    sources: Tensor  # [bins, 2 × channels × taps, frames]: the backing's frames that each frame may hold
    powers: Tensor  # [bins, channels, taps − 1 + frames] of the backing

    def learn(self, rest: _Floats, expected: Tensor, before: _Learnt | None) -> _Learnt:
        counts = torch.from_numpy(1 / rest)
        counts[:, :EDGE] = counts[:, -EDGE:] = 0
        weighted = self.sources * counts[:, None]
        normal = _products(weighted, self.sources)
        crossed = _products(weighted, self.recording)
        if before:
            normal += _MEMORY * before.normal
            crossed += _MEMORY * before.crossed
        weights, variances = _solved(normal, crossed, expected)
        return _Learnt(normal, crossed, weights, variances, pieces=before.pieces + 1 if before else 1)

    def heard(self, learnt: _Learnt) -> Heard:
        weights = learnt.weights.mT
        rows = [torch.cat([weights.real, -weights.imag], 2), torch.cat([weights.imag, weights.real], 2)]
        echo = torch.bmm(torch.cat(rows, 1), self.sources)
        rest = _power(self.recording - echo) + self._unsure(learnt.variances)
        return Heard(torch.complex(*echo.chunk(2, 1)).numpy(), _audible(rest))

    def as_loud_as_here(self, learnt: _Learnt) -> _Learnt:
        """What was learnt, were the backing as loud then as it is now."""
        heard = self.heard(learnt)
        echo = _parts(heard.echo).flatten(1, 2)
        counted = echo / torch.from_numpy(heard.rest)[:, None]
        gain = float((counted * self.recording).sum() / ((counted * echo).sum() + 1e-20))
        if abs(gain - 1) < _LOUDER or gain <= 0:
            return learnt
        return replace(learnt, crossed=gain * learnt.crossed, weights=gain * learnt.weights, pieces=0)

    def unheard(self) -> Heard:
        return Heard(np.zeros((), np.complex64), _audible(_power(self.recording)))

    def guess(self) -> Tensor:
        weights = self.sources.shape[1] // 2
        ratio = float(_power(self.recording).mean()) / (float(self.powers.mean()) + 1e-20)
        return torch.full((weights,), ratio / weights + _LEAST)

    def _unsure(self, variances: Tensor) -> Tensor:
        """[bins, frames]: how much of the rest may come from weights that are not known better."""
        frames = self.sources.shape[2]
        taps = self.powers.shape[2] - frames + 1
        by_tap = variances.reshape(len(variances), -1, taps)
        total = torch.zeros_like(self.powers[..., :frames])
        for tap in range(taps):
            total.addcmul_(self.powers[..., tap : tap + frames], by_tap[..., tap, None])
        return total.sum(1)


def _facing(recording: Spectrum, backing: Spectrum, taps: int) -> _Facing:
    frames = recording.shape[2]
    first = backing.shape[2] - frames - (taps - 1)
    played = _parts(backing[:, :, first:])
    lagged = played.unfold(3, frames, 1)
    return _Facing(_parts(recording).flatten(1, 2), lagged.flatten(1, 3), played.square().sum(1))


def _parts(spectrum: Spectrum) -> Tensor:
    """[bins, 2, channels, frames], real and imaginary."""
    return torch.view_as_real(torch.from_numpy(spectrum)).movedim(3, 1).contiguous()


def _products(left: Tensor, right: Tensor) -> Tensor:
    """Sums over frames of conj(left) × right [bins, left, right], both given as real and imaginary parts."""
    (rr, ri), (ir, ii) = (half.chunk(2, 2) for half in torch.bmm(left, right.mT).chunk(2, 1))
    return torch.complex(rr + ii, ri - ir)


def _solved(normal: Tensor, crossed: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and their variances; noughts where there is no solution."""
    loaded = normal.clone()
    diagonal = loaded.diagonal(dim1=1, dim2=2)
    diagonal += _LOADING * diagonal.real.sum(1, keepdim=True) + 1 / expected.clamp(min=_LEAST)
    factor, failed = torch.linalg.cholesky_ex(loaded)
    inverse = torch.cholesky_inverse(factor)
    inverse[failed > 0] = 0
    return inverse @ crossed, inverse.diagonal(dim1=1, dim2=2).real.clamp(min=0)


def _power(parts: Tensor) -> Tensor:
    """[bins, frames], of all microphones on average."""
    return parts.square().sum(1) / (parts.shape[1] // 2)


def _audible(power: Tensor) -> _Floats:
    """`power`, smoothed and with a floor, so that no single frame decides what the room is."""
    around = np.maximum(uniform_filter(power.numpy(), _AROUND, mode="nearest"), 0)  # its sums may end a little below
    audible: _Floats = np.maximum(uniform_filter(power.numpy(), _SMOOTH, mode="nearest"), _FLOOR * around + 1e-12)
    return audible


def _taps(seconds: float) -> int:
    return round(seconds * 44_100 / HOP) + EARLY + 1


def _bands(bins: int) -> Iterator[tuple[slice, int]]:
    """Neighbouring bins, and how many frames of the backing each of theirs may hold."""
    for start in range(0, bins, _BINS_AT_ONCE):
        hz = start * 44_100 / SIZE
        seconds = next(seconds for top_hz, seconds in _TAILS if hz < top_hz)
        yield slice(start, min(start + _BINS_AT_ONCE, bins)), _taps(seconds)
