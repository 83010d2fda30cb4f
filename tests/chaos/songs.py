"""What is sung while things break: short, so that judging it takes a moment."""

import io

import soundfile

from vocalverse.samples import TAKES

_SECONDS = 6


def short_song() -> bytes:
    """The middle of a real take, as FLAC in stereo."""
    voice, rate_hz = soundfile.read(TAKES[0], dtype="int16", always_2d=True)
    start = len(voice) // 2 - _SECONDS * rate_hz // 2
    written = io.BytesIO()
    soundfile.write(written, voice[start : start + _SECONDS * rate_hz].repeat(2, axis=1), rate_hz, format="FLAC")
    return written.getvalue()
