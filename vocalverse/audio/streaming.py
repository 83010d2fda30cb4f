"""From a reading to float32 stereo at 44.1 kHz, block by block. Runs in the decoder's process."""

from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soxr

from vocalverse.audio.readers import Block, Break, Reading
from vocalverse.audio.wire import SAMPLE_RATE_HZ, Header, Kind, Trailer, send, send_text
from vocalverse.errors import Undecodable

_ABSURD = 1e6  # no float file means such a sample; beyond it lies what would overflow later
_SHORT_RUN_S = 0.005  # longer runs of bad samples are found again as silence where there should be none
_REST_GAIN = 0.5**0.5
_DECLARED_SHORT_S = 0.06  # encoders' delays and paddings make a declared length inexact by a few codec frames


@dataclass
class _Tally:
    """What has to be counted in the file's own channels, before they are mixed."""

    channels: int
    sample_rate_hz: int
    frames: int = 0
    bad_runs: int = 0
    bad_frames: int = 0
    energy: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.energy = np.zeros(self.channels)

    def cleaned(self, block: Block) -> Block:
        """`block` with zeros for samples that cannot be."""
        energy = np.einsum("fc,fc->c", block, block)
        if not (energy < _ABSURD**2).all():
            good = np.abs(block) < _ABSURD
            self._count_bad(np.count_nonzero(~good, axis=1) > 0)
            block = np.where(good, block, np.float32(0))
            energy = np.einsum("fc,fc->c", block, block)
        self.frames += len(block)
        self.energy += energy
        return block

    def _count_bad(self, bad: npt.NDArray[np.bool_]) -> None:
        edges = np.flatnonzero(np.diff(bad, prepend=False, append=False))
        lengths = edges[1::2] - edges[::2]
        short = lengths[lengths < _SHORT_RUN_S * self.sample_rate_hz]
        self.bad_runs += len(short)
        self.bad_frames += int(short.sum())


def stream(reading: Reading, max_frames: int, pipe: BinaryIO) -> None:
    """Send the header, all blocks up to `max_frames`, and the trailer."""
    rate_hz, declared = reading.sample_rate_hz, reading.declared_frames
    header = Header(rate_hz, reading.channels, reading.codec, declared / rate_hz if declared else None)
    send_text(pipe, Kind.HEADER, header)
    tally, sink = _Tally(reading.channels, rate_hz), _Sink(pipe, max_frames)
    broken = _pour(reading, tally, sink)
    if not tally.frames:
        raise Undecodable("no audio could be read from the file")
    missing = declared is not None and tally.frames + _DECLARED_SHORT_S * rate_hz < declared
    rms = np.sqrt(tally.energy / tally.frames).tolist()
    cut = not sink.full and (broken or reading.cut or missing)
    send_text(pipe, Kind.TRAILER, Trailer(sink.frames, cut, sink.full, rms, tally.bad_runs, tally.bad_frames / rate_hz))


class _Sink:
    """Sends blocks on until `max_frames` are through."""

    def __init__(self, pipe: BinaryIO, max_frames: int) -> None:
        self._pipe, self._max_frames = pipe, max_frames
        self.frames = 0
        self.full = False

    def put(self, block: Block) -> None:
        kept = block[: self._max_frames - self.frames]
        self.full = len(kept) < len(block)
        if len(kept):
            self.frames += len(kept)
            send(self._pipe, Kind.BLOCK, np.ascontiguousarray(kept).data.cast("B"))


def _pour(reading: Reading, tally: _Tally, sink: _Sink) -> bool:
    """All blocks through mixing and resampling. True where the file broke off."""
    mix = _mix_to_stereo(reading.channels)
    resampler = _resampler(reading.sample_rate_hz)
    broken = False
    try:
        for block in reading.blocks:
            clean = tally.cleaned(block)
            stereo = clean if reading.channels == 2 else clean @ mix
            sink.put(resampler.resample_chunk(stereo) if resampler else stereo)
            if sink.full:
                return False
    except Break:
        broken = True
    if resampler and tally.frames:
        sink.put(resampler.resample_chunk(np.zeros((0, 2), np.float32), last=True))
    return broken


def _resampler(rate_hz: int) -> "soxr.ResampleStream | None":
    return None if rate_hz == SAMPLE_RATE_HZ else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 2, dtype="float32")


def _mix_to_stereo(channels: int) -> Block:
    """[channels, 2]. Mono goes to both sides. Of more than two channels the first two are left and right, and every
    further one goes to both at -3 dB, since nobody knows in which the singer is; the sum cannot clip.
    """
    if channels == 1:
        return np.ones((1, 2), np.float32)
    mix = np.full((channels, 2), _REST_GAIN)
    mix[:2] = np.eye(2)
    return (mix / (1 + _REST_GAIN * (channels - 2))).astype(np.float32)
