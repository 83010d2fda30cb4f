"""A second opinion on a pitch, from a method that has nothing in common with the first: WORLD's, no network."""

import numpy as np

from vocalverse.errors import Unavailable
from vocalverse.measure.frames import HOP_S, RATE_HZ, Frames
from vocalverse.measure.pitch.track import Pitch

_LOWEST_HZ, _HIGHEST_HZ = 60.0, 1_200.0


def second_opinion(frames: Frames) -> Pitch:
    """Slower than the first, and taken in by backings; its confidence is 1 wherever it finds a pitch."""
    try:
        import pyworld
    except ImportError as missing:
        raise Unavailable(f"pyworld is not installed here ({missing}): pip install 'vocalverse[hear]'.") from missing
    signal = frames.samples.astype(np.float64)
    if len(signal) < RATE_HZ // 10:  # too short for its filters
        signal = np.pad(signal, (0, RATE_HZ // 10))
    coarse, seconds = pyworld.dio(signal, RATE_HZ, f0_floor=_LOWEST_HZ, f0_ceil=_HIGHEST_HZ, frame_period=HOP_S * 1_000)
    fine = pyworld.stonemask(signal, coarse, seconds, RATE_HZ)[: len(frames)]
    hz = np.pad(fine, (0, len(frames) - len(fine))).astype(np.float32)
    return Pitch(hz, hz > 0, (hz > 0).astype(np.float32))
