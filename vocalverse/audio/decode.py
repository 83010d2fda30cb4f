"""From a file of a venue's to a waveform. What is parsed is parsed in another process."""

import json
import os
import select
import signal
import subprocess
from typing import BinaryIO, TypeVar

import numpy as np

from vocalverse.audio.formats import Codec, Container, sniff
from vocalverse.audio.sandbox import DecodeLimits, decoding
from vocalverse.audio.waveform import Samples, Source, Waveform
from vocalverse.audio.wire import (
    BLOCK_BYTES_AT_MOST,
    FRAME_BYTES,
    PREFIX,
    SAMPLE_RATE_HZ,
    TEXT_BYTES_AT_MOST,
    Failed,
    Header,
    Kind,
    Trailer,
)
from vocalverse.errors import DecoderLimit, Undecodable, UnsupportedFormat, VocalVerseError
from vocalverse.records import Progress, no_progress

_STAGE = "decode"
_LIMITS = DecodeLimits()
_Said = TypeVar("_Said", Header, Trailer, Failed)
_NO_PROTOCOL = "the decoder does not keep to its protocol"
_STOPPED_BY_LIMITS = (signal.SIGXCPU, signal.SIGKILL)


def decode(file: BinaryIO, *, limits: DecodeLimits = _LIMITS, progress: Progress = no_progress) -> Waveform:
    """Hear `file`, a real file opened for reading, from its start; its position is left as it was.

    Raises UnsupportedFormat, DecoderLimit or Undecodable where it cannot be heard, and lets through what `progress`
    raises. A file that breaks off gives what came before; one past `limits.max_s` gives that much.
    """
    kind = sniff(file)
    with decoding(file, kind, limits) as process:
        stream = _Stream(process, limits)
        stream.expect_ready()
        header = stream.header()
        samples, trailer = _fill(stream, header, limits, progress)
    samples.flags.writeable = False
    progress(_STAGE, 1.0)
    return Waveform(samples, SAMPLE_RATE_HZ, _source(kind.container, header, trailer))


def _fill(stream: "_Stream", header: Header, limits: DecodeLimits, progress: Progress) -> tuple[Samples, Trailer]:
    """All blocks, read into the one buffer. Its pages cost nothing until they are written to."""
    samples = np.empty((limits.max_frames, 2), np.float32)
    room = samples.data.cast("B")
    expected = min(limits.max_frames, (header.declared_s or limits.max_s) * SAMPLE_RATE_HZ)
    at = 0
    while True:
        kind, length = stream.next_frame()
        if kind is Kind.TRAILER:
            trailer = stream.said(Trailer, length)
            break
        if kind is not Kind.BLOCK or length > min(BLOCK_BYTES_AT_MOST, len(room) - at):
            raise Undecodable(_NO_PROTOCOL)
        stream.fill(room[at : at + length])
        at += length
        progress(_STAGE, min(0.99, at / FRAME_BYTES / max(expected, 1)))
    if at != trailer.frames * FRAME_BYTES:
        raise Undecodable(_NO_PROTOCOL)
    return samples[: trailer.frames], trailer


class _Stream:
    """The parent's end of the pipe. Every word of the child is checked: it has read what strangers wrote."""

    def __init__(self, process: "subprocess.Popen[bytes]", limits: DecodeLimits) -> None:
        assert process.stdout is not None
        self._process, self._silent_s = process, limits.silent_s
        self._pipe = process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._ready = False

    def expect_ready(self) -> None:
        kind, _ = self.next_frame()
        self._ready = kind is Kind.READY

    def header(self) -> Header:
        kind, length = self.next_frame()
        if kind is not Kind.HEADER:
            raise Undecodable(_NO_PROTOCOL)
        return self.said(Header, length)

    def next_frame(self) -> tuple[Kind, int]:
        prefix = bytearray(PREFIX.size)
        self.fill(memoryview(prefix))
        letter, length = PREFIX.unpack(prefix)
        try:
            kind = Kind(letter)
        except ValueError:
            raise Undecodable(_NO_PROTOCOL) from None
        if kind is Kind.FAILED:
            raise _failure(self.said(Failed, length))
        return kind, length

    def said(self, kind: type[_Said], length: int) -> _Said:
        if length > TEXT_BYTES_AT_MOST:
            raise Undecodable(_NO_PROTOCOL)
        text = bytearray(length)
        self.fill(memoryview(text))
        try:
            return kind(**json.loads(text))
        except (TypeError, ValueError):
            raise Undecodable(_NO_PROTOCOL) from None

    def fill(self, view: memoryview) -> None:
        while view:
            if not self._poll.poll(self._silent_s * 1000):
                raise DecoderLimit(f"the decoder gave nothing for {self._silent_s:g} s")
            count = os.readv(self._pipe, [view])
            if not count:
                raise self._ended_early()
            view = view[count:]

    def _ended_early(self) -> VocalVerseError:
        status = self._process.wait()
        stopped_by = -status if status < 0 else status - 128  # bubblewrap passes a signal on as a shell would
        if not self._ready:
            return VocalVerseError(f"the decoder could not start (exit status {status}): run `vocalverse doctor`")
        if stopped_by in _STOPPED_BY_LIMITS:
            return DecoderLimit("the decoder was stopped by its limits")
        return Undecodable(f"the decoder broke down over the file (exit status {status})")


def _failure(failed: Failed) -> VocalVerseError:
    for known in (UnsupportedFormat, DecoderLimit, Undecodable):
        if failed.code == known.code:
            return known(failed.message)
    return VocalVerseError(f"the decoder could not start: {failed.message}")


def _source(container: Container, header: Header, trailer: Trailer) -> Source:
    return Source(
        container=container,
        codec=Codec(header.codec),
        sample_rate_hz=header.sample_rate_hz,
        channels=header.channels,
        declared_s=header.declared_s,
        channel_rms=tuple(trailer.channel_rms),
        broken_tail=trailer.broken_tail,
        longer=trailer.longer,
        bad_runs=trailer.bad_runs,
        bad_s=trailer.bad_s,
    )
