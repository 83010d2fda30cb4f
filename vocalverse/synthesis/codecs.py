"""What codecs leave of a sound: encoded and decoded again, in the same place in time."""

import io
from enum import Enum

import av
import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.singing import RATE_HZ

_LONGEST_DELAY = 6_000  # samples: encoders and resamplers begin late


class Codec(Enum):
    """PyAV's encoder, its container, its rate, and its bits a second."""

    OPUS_24K = ("libopus", "ogg", 48_000, 24_000)
    MP3_64K = ("libmp3lame", "mp3", RATE_HZ, 64_000)
    AAC_64K = ("aac", "adts", RATE_HZ, 64_000)
    EIGHT_BIT = None


def coded(samples: Samples, codec: Codec) -> Samples:
    """[frames, channels] at 44.1 kHz, one channel or two; so are those that come back."""
    if codec is Codec.EIGHT_BIT:
        return (np.round(samples * 127) / 127).astype(np.float32)
    return _in_place(_decoded(_encoded(samples, codec), samples.shape[1]), samples)


def _encoded(samples: Samples, codec: Codec) -> io.BytesIO:
    encoder, container, rate_hz, bits = codec.value
    layout = "stereo" if samples.shape[1] == 2 else "mono"
    file = io.BytesIO()
    with av.open(file, "w", format=container) as opened:
        stream = opened.add_stream(encoder, rate=rate_hz, layout=layout)
        stream.bit_rate = bits
        to_encoder = av.AudioResampler(stream.format.name, layout, rate_hz, stream.frame_size or None)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T, np.float32), "fltp", layout)
        frame.sample_rate = RATE_HZ
        for part in (frame, None):
            for piece in to_encoder.resample(part):
                opened.mux(stream.encode(piece))
        opened.mux(stream.encode(None))
    file.seek(0)
    return file


def _decoded(file: io.BytesIO, channels: int) -> Samples:
    """[frames, channels]."""
    with av.open(file, "r", metadata_errors="replace") as opened:  # sound can look like metadata
        at_our_rate = av.AudioResampler("fltp", "stereo" if channels == 2 else "mono", RATE_HZ)
        frames = [piece for frame in opened.decode(audio=0) for piece in at_our_rate.resample(frame)]
        planes = [piece.to_ndarray() for piece in (*frames, *at_our_rate.resample(None))]
    return np.concatenate(planes, axis=1).T.astype(np.float32)


def _in_place(heard: Samples, like: Samples) -> Samples:
    """As long as that, and not later: what is alike says by how much it is."""
    late = _late(heard.sum(axis=1), like.sum(axis=1))
    moved = heard[late:] if late >= 0 else np.pad(heard, ((-late, 0), (0, 0)))
    kept = np.zeros_like(like)
    kept[: len(moved)] = moved[: len(like)]
    return kept


def _late(heard: Samples, like: Samples) -> int:
    size = 1 << int(np.ceil(np.log2(len(heard) + len(like))))
    alike = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(like, size)), size)
    around = np.concatenate([alike[-_LONGEST_DELAY:], alike[:_LONGEST_DELAY]])
    return int(np.argmax(around)) - _LONGEST_DELAY
