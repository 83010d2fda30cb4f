"""Ring: what lets a voice carry, as it stands out in its mean spectrum."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import BIN_HZ, HOP_S, WINDOW, Heard

_LOUD_DB = 10.0  # below the loud frames: soft ones have no ring in anybody
_LEAST_S = 1.0  # of loud voice: a mean over fewer vowels tells the vowel
_SMOOTH_HZ = 300.0  # as wide as a harmonic's distance from the next: the mean is to show formants, not notes
_LOW_HZ, _HIGH_HZ = (60.0, 2_000.0), (2_000.0, 4_000.0)
_FORMANT_HZ = (2_200.0, 3_600.0)
_BESIDE_HZ = ((1_500.0, 2_200.0), (3_600.0, 4_600.0))
_DEAF_DB = 90.0  # below the peak: no voice falls that steeply, phones and old codecs do


@dataclass(frozen=True)
class Ring:
    """None where too little is sung, or where the recording has nothing that high."""

    loud_s: float  # what was looked at
    spr_db: float | None  # singing power ratio: the peak in 2-4 kHz against the one below 2 kHz; mostly < 0
    formant_db: float | None  # how far the singer's formant, 2.2-3.6 kHz, stands out from what lies beside it
    formant_hz: float | None  # its peak; None where nothing stands out


def measure_ring(heard: Heard) -> Ring:
    level_db, voiced = heard.dry.level_db, heard.pitch.voiced
    if not voiced.any():
        return Ring(0.0, None, None, None)
    loud = voiced & (level_db > np.percentile(level_db[voiced], 95) - _LOUD_DB)
    loud_s = float(loud.sum() * HOP_S)
    if loud_s < _LEAST_S:
        return Ring(loud_s, None, None, None)
    mean = heard.dry.power[loud].mean(axis=0, dtype=np.float64)
    spectrum_db = 10 * np.log10(np.maximum(mean, 1e-20))
    low_db, high_db = (float(spectrum_db[_bins(*band)].max()) for band in (_LOW_HZ, _HIGH_HZ))
    smooth_db = 10 * np.log10(np.maximum(_smoothed(mean), 1e-20))
    beside_db = [float(smooth_db[_bins(*band)].mean()) for band in _BESIDE_HZ]
    if min(high_db, beside_db[1]) < low_db - _DEAF_DB:
        return Ring(loud_s, None if high_db < low_db - _DEAF_DB else high_db - low_db, None, None)
    formant = _bins(*_FORMANT_HZ)
    above_db = smooth_db[formant] - _line(beside_db)[formant]
    peak = int(above_db.argmax())
    stands_out = above_db[peak] > 0 and 0 < peak < len(above_db) - 1
    formant_hz = (formant.start + peak) * BIN_HZ if stands_out else None
    return Ring(loud_s, high_db - low_db, float(above_db[peak]), formant_hz)


def _bins(low_hz: float, high_hz: float) -> slice:
    return slice(round(low_hz / BIN_HZ), round(high_hz / BIN_HZ) + 1)


def _smoothed(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    wide = round(_SMOOTH_HZ / BIN_HZ) | 1
    shape = np.hanning(wide + 2)[1:-1]
    smooth: npt.NDArray[np.float64] = np.convolve(np.pad(power, wide // 2, mode="edge"), shape / shape.sum(), "valid")
    return smooth


def _line(beside_db: list[float]) -> npt.NDArray[np.float64]:
    """[bins]: from the middle of the band below to the middle of the one above: how a spectrum falls by itself."""
    middles = [sum(band) / 2 for band in _BESIDE_HZ]
    hz = np.arange(WINDOW // 2 + 1) * BIN_HZ
    line: npt.NDArray[np.float64] = np.asarray(
        beside_db[0] + (hz - middles[0]) * (beside_db[1] - beside_db[0]) / (middles[1] - middles[0])
    )
    return line
