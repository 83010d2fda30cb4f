"""What a whistle and a hum lack: overtones, and an open mouth.

A whistle is one line without overtones. A hum comes through the nose: little above a kilohertz, and as the mouth stays
closed nothing moves in its spectrum but the pitch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from vocalverse.measure.frames import BIN_HZ, HOP_S, RATE_HZ, SILENT_DB, Floats, Frames, Heard
from vocalverse.measure.pitch.network import loud

_LOUD_DB = 25.0  # below the loud parts: what is softer there may be anything
_WHISTLED_HZ = (600.0, 5_000.0)  # lips whistle no lower
_ALONE = 0.9  # of the power above the rumble
_RUMBLE_HZ = 100.0
_OVERTONE_DB = 25.0  # below the line
_LINE = 2  # bins at either side

_LOW_HZ, _OPEN_HZ = (80.0, 1_000.0), (1_000.0, 2_000.0)
_OPENEST = 90.0  # percentile: nobody sings a song without one open vowel
_EDGES_HZ = (400, 510, 630, 770, 920, 1_080, 1_270, 1_480, 1_720, 2_000, 2_320, 2_700, 3_150)
_HEARD_DB = 40.0  # below all of a frame: what is softer may be anything
_APART = 5  # frames
_AT_ONCE = 4_096  # frames
_LEAST = 20  # frames: fewer tell nothing

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Timbre:
    whistled_s: float  # one line without overtones, whether a pitch is found in it or not
    whistled_share: float | None  # of what is loud
    openest_db: float | None  # 1 to 2 kHz against what lies below, while the voice is as open as it ever is
    moves_db: float | None  # from 0.4 to 3 kHz, within 50 ms: what tongue and lips do


def measure_timbre(heard: Heard) -> Timbre:
    frames, voiced = heard.dry, heard.pitch.voiced
    there = frames.level_db > max(loud(frames.level_db) - _LOUD_DB, SILENT_DB)
    blocks = (slice(first, first + _AT_ONCE) for first in range(0, len(frames), _AT_ONCE))
    whistled = np.concatenate([_whistled(frames.power[block][there[block]]) for block in blocks])
    share = float(whistled.mean()) if there.sum() >= _LEAST else None
    if voiced.sum() < _LEAST:
        return Timbre(float(whistled.sum()) * HOP_S, share, None, None)
    open_db = (frames.band_db(*_OPEN_HZ) - frames.band_db(*_LOW_HZ))[voiced]
    return Timbre(
        whistled_s=float(whistled.sum()) * HOP_S,
        whistled_share=share,
        openest_db=float(np.percentile(open_db, _OPENEST)),
        moves_db=_moves_db(frames, voiced),
    )


def _whistled(power: Floats) -> Bools:
    first, last = (round(hz / BIN_HZ) for hz in _WHISTLED_HZ)
    peak = power[:, first:last].argmax(axis=1) + first
    line = _line(power, peak)
    alone = line > _ALONE * power[:, round(_RUMBLE_HZ / BIN_HZ) :].sum(axis=1)
    pure: Bools = alone & (_line(power, 2 * peak) < line * 10 ** (-_OVERTONE_DB / 10))
    return pure


def _line(power: Floats, at: npt.NDArray[np.intp]) -> Floats:
    """[frames]: the power around a bin; nothing where that lies too high."""
    rows, last = np.arange(len(power)), power.shape[1] - 1
    steps = range(-_LINE, _LINE + 1)
    line: Floats = sum((power[rows, np.minimum(at + step, last)] for step in steps), np.zeros(len(power), np.float32))
    return np.where(at + _LINE <= last, line, np.float32(0))


def _moves_db(frames: Frames, voiced: Bools) -> float:
    """Each frame's bands against all of it, which takes the level out; the mean step."""
    edges = np.rint(np.asarray(_EDGES_HZ) / BIN_HZ).astype(np.intp)
    bands = np.add.reduceat(frames.power[voiced, : edges[-1] + 1], edges, axis=1)[:, :-1]
    all_db = frames.band_db(_LOW_HZ[0], RATE_HZ / 2)[voiced, None]
    shape_db = np.maximum(10 * np.log10(np.maximum(bands, 1e-12)) - all_db, -_HEARD_DB)
    smooth = uniform_filter1d(shape_db, _APART, axis=0)
    return float(np.abs(np.diff(smooth[::_APART], axis=0)).mean())
