"""A voice of another colour: through the nose, or through a hand before the mouth. Done to its spectral envelope."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.world import Curve, Vocoded
from vocalverse.synthesis.singing import RATE_HZ

_NOSE_HZ, _NOSE_OCTAVES = 280.0, 0.4
_HOLE_HZ, _HOLE_OCTAVES = 850.0, 0.6
_BLUR_HZ = 120.0  # formants of a nasal voice are wide
_MUFFLED_FROM_HZ = 900.0

Random = np.random.Generator


def nasal(take: Intact, db: float, random: Random) -> Samples:
    """A resonance of the nose, so much of a hole above it, and formants that run into each other."""
    hz = _hz(take.vocoded)
    shape_db = 0.5 * db * _bump(hz, _NOSE_HZ, _NOSE_OCTAVES) - db * _bump(hz, _HOLE_HZ, _HOLE_OCTAVES)
    blurred = gaussian_filter1d(np.log(take.vocoded.envelope), _BLUR_HZ / (hz[1] - hz[0]), axis=1, mode="nearest")
    share = min(1.0, db / 24)
    log_envelope = (1 - share) * np.log(take.vocoded.envelope) + share * blurred
    return take.vocoded.coloured(np.exp(log_envelope) * _power(shape_db)).sound(like=take.samples)


def muffled(take: Intact, db_per_octave: float, random: Random) -> Samples:
    """Ever fainter above the lowest formant."""
    octaves = np.log2(np.maximum(_hz(take.vocoded), _MUFFLED_FROM_HZ) / _MUFFLED_FROM_HZ)
    return take.vocoded.coloured(take.vocoded.envelope * _power(-db_per_octave * octaves)).sound(like=take.samples)


def _hz(voice: Vocoded) -> Curve:
    return np.linspace(0, RATE_HZ / 2, voice.envelope.shape[1])


def _bump(hz: Curve, centre_hz: float, octaves: float) -> Curve:
    """1 in its middle, on an axis of octaves."""
    return np.asarray(np.exp(-0.5 * np.square(np.log2(np.maximum(hz, 1) / centre_hz) / octaves)))


def _power(db: Curve) -> Curve:
    return np.asarray(10 ** (db / 10))
