"""M4A, AAC and Opus, read by FFmpeg's libraries. Imported in the decoder's process alone."""

import io
from collections.abc import Iterator

import av
import av.subtitles.stream  # else PyAV imports it when it opens a file, by when nothing can be imported any more
import numpy as np

from vocalverse.audio.formats import Codec, Container
from vocalverse.audio.readers import READ_FRAMES, Block, Break, Reading
from vocalverse.audio.tails import ogg_is_cut
from vocalverse.errors import Undecodable, UnsupportedFormat

# One demuxer each, so that nothing is probed that might be a playlist.
_DEMUXERS = {Container.MP4: "mov", Container.ADTS: "aac", Container.OGG: "ogg"}
_CODECS = {"aac": Codec.AAC, "alac": Codec.ALAC, "opus": Codec.OPUS}
_FAULTS = (av.FFmpegError, ValueError, OverflowError)  # PyAV raises the latter over figures that make no sense


def open_reading(file: io.FileIO, container: Container) -> Reading:
    cut = container is Container.OGG and ogg_is_cut(file)
    file.seek(0)
    try:
        opened = av.open(file, "r", format=_DEMUXERS[container], metadata_errors="replace")
    except MemoryError:  # PyAV's own is one of its errors, too
        raise
    except _FAULTS as error:
        raise Undecodable(f"the {container} file cannot be opened: {error}") from None
    if not opened.streams.audio:
        raise Undecodable(f"there is no audio in the {container} file")
    stream = opened.streams.audio[0]
    name = stream.codec_context.name
    if name not in _CODECS:
        raise UnsupportedFormat(f"{container} with {name} is not read: send AAC")
    stream.codec_context.thread_count = 1
    frames = _declared_by_mp4(stream) if container is Container.MP4 else None
    return Reading(stream.rate, stream.channels, _CODECS[name], frames, cut, _blocks(opened, stream))


def _declared_by_mp4(stream: av.AudioStream) -> int | None:
    if not stream.duration or stream.time_base is None:
        return None
    return int(stream.duration * stream.time_base * stream.rate)


def _blocks(opened: av.container.InputContainer, stream: av.AudioStream) -> Iterator[Block]:
    """Codec frames are small: some are gathered before they are handed on."""
    gathered: list[Block] = []
    try:
        for plane in _planes(opened, stream):
            gathered.append(plane)
            if sum(one.shape[1] for one in gathered) >= READ_FRAMES:
                yield _interleaved(gathered)
                gathered.clear()
    except MemoryError:
        raise
    except (*_FAULTS, Break) as error:
        if gathered:
            yield _interleaved(gathered)
        raise Break(str(error)) from None
    if gathered:
        yield _interleaved(gathered)


def _planes(opened: av.container.InputContainer, stream: av.AudioStream) -> Iterator[Block]:
    """Decoded codec frames [channels, frames]. AAC and Opus are float already; ALAC is converted."""
    rate_hz, channels = stream.rate, stream.channels
    as_float = av.AudioResampler(format="fltp")
    for frame in opened.decode(stream):
        for piece in [frame] if frame.format.name == "fltp" else as_float.resample(frame):
            plane = piece.to_ndarray().astype(np.float32, copy=False)
            if (piece.sample_rate, len(plane)) != (rate_hz, channels):
                raise Break("its rate or channels change on the way")
            yield plane


def _interleaved(planes: list[Block]) -> Block:
    return np.ascontiguousarray(np.concatenate(planes, axis=1).T)
