"""The health of a room and its microphone, as one recording tells it: noise, hum and howl.

For operators: none of it is the singer's doing. None where the recording does not tell, as where a backing never rests.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import binary_dilation, median_filter
from scipy.signal import resample_poly

from vocalverse.measure.frames import BIN_HZ, HOP_S, RATE_HZ, SILENT_DB, Frames, Heard
from vocalverse.measure.runs import runs
from vocalverse.measure.singing.breath import roughness_db

# Noise: what is left when everything rests.
_QUIETEST = 5.0  # percentile of the frames without voice
_AS_QUIET_DB = 3.0
_RESTS_S, _REST_S = 0.3, 0.12  # in all, and each: single quiet frames lie between a backing's notes
_BESIDE_VOICE = 4  # frames that hear it
_NOISE_ROUGH_DB = 4.5  # tonal is a backing that goes on

# Hum: 50 and 60 Hz lie within one bin of the shared frames, so it has windows of its own, of 2 s at 2 kHz: 1 % of the work.
_HUM_RATE_HZ, _HUM_WINDOW = 2_000, 4_000
_MAINS_HZ = (50, 60)
_HARMONICS = range(1, 9)
_MAINS_MOVES = 0.004  # of its frequency
_BESIDE_HZ = 8.0
_HUM_STANDS_OUT_DB = 10.0
_HUM_QUIETEST = 20.0  # percentile: hum is always there, basses are not
_LINES_AT_LEAST = 2  # or the first alone
_HUM_AUDIBLE_DBFS = -85.0

# Howl: one line that holds still, and neither fades nor has overtones.
_HOWL_HZ = (180.0, 7_500.0)
_HOWL_S = 0.4
_HOWL_SHARE = 0.5  # of the power around and above: there is nothing beside it
_HOWL_LOUD_DB = 20.0  # below the recording's loud frames
_HOWL_STILL_HZ = 4.0  # nobody sings that still, and tapes do not play so
_HOWL_FADES_DB_PER_S = -3.0  # struck tones fade faster
_OVERTONE_DB = 35.0  # below it at twice its frequency: instruments and voices have more
_ON_HARMONIC = 0.015  # of the frequency
_SUNG_SHARE = 0.5
_AT_ONCE = 256  # frames

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hum:
    hz: int  # of the mains
    dbfs: float  # all its lines together


@dataclass(frozen=True)
class Howl:
    start_s: float
    end_s: float
    hz: float
    dbfs: float  # at its loudest


@dataclass(frozen=True)
class RoomHealth:
    noise_floor_dbfs: float | None  # RMS; None where the recording never rests, or rests in digital silence
    snr_db: float | None  # the median voice against it
    hum_hz: int | None  # 50 or 60; None where there is none
    hum_dbfs: float | None
    howl_s: float  # in all
    howl_hz: float | None  # of the longest
    howls: tuple[Howl, ...]


def measure_room(heard: Heard) -> RoomHealth:
    voiced = heard.pitch.voiced
    noise = _noise_floor_dbfs(heard.mix, voiced)
    voice = float(np.median(heard.dry.level_db[voiced])) if voiced.any() else None
    hum = find_hum(heard.mix)
    howls = find_howls(heard)
    longest = max(howls, key=lambda howl: howl.end_s - howl.start_s, default=None)
    return RoomHealth(
        noise,
        snr_db=None if noise is None or voice is None else voice - noise,
        hum_hz=hum.hz if hum else None,
        hum_dbfs=hum.dbfs if hum else None,
        howl_s=sum((howl.end_s - howl.start_s for howl in howls), 0.0),
        howl_hz=longest.hz if longest else None,
        howls=howls,
    )


def _noise_floor_dbfs(mix: Frames, voiced: npt.NDArray[np.bool_]) -> float | None:
    free = ~binary_dilation(voiced, iterations=_BESIDE_VOICE) & (mix.level_db > SILENT_DB)
    if free.sum() * HOP_S < _RESTS_S:
        return None
    least_db = float(np.percentile(mix.level_db[free], _QUIETEST))
    quiet = free & (mix.level_db < least_db + _AS_QUIET_DB)
    rests = [rest for rest in runs(quiet, closing=2) if len(rest) * HOP_S >= _REST_S]
    at = np.concatenate([np.zeros(0, np.intp), *(np.arange(rest.start, rest.stop) for rest in rests)])
    if len(at) * HOP_S < _RESTS_S:
        return None
    some = at[:: -(-len(at) // 500)]
    if float(np.median(roughness_db(mix.power[some]))) > _NOISE_ROUGH_DB:
        return None
    return 10 * float(np.log10(np.mean(10 ** (mix.level_db[at].astype(np.float64) / 10))))


def find_hum(mix: Frames) -> Hum | None:
    spectrum = _quiet_spectrum(mix)
    if spectrum is None:
        return None
    hums = [hum for mains_hz in _MAINS_HZ if (hum := _hum_of(spectrum, mains_hz))]
    return max(hums, key=lambda hum: hum.dbfs, default=None)


def _quiet_spectrum(mix: Frames) -> Curve | None:
    """[bins] power of what is nearly always there; a sine of full scale sums up to 1/2 over its bins."""
    slow = resample_poly(mix.samples, 1, RATE_HZ // _HUM_RATE_HZ)
    if len(slow) < _HUM_WINDOW:
        return None
    starts = np.arange(0, len(slow) - _HUM_WINDOW + 1, _HUM_WINDOW // 2)
    shape = np.hanning(_HUM_WINDOW + 1)[:_HUM_WINDOW]
    windows = slow[starts[:, None] + np.arange(_HUM_WINDOW)] * shape
    power = np.square(np.abs(fft.rfft(windows, axis=1))) * 2 / (_HUM_WINDOW * np.square(shape).sum())
    quiet: Curve = np.percentile(power, _HUM_QUIETEST, axis=0)
    return quiet


def _hum_of(spectrum: Curve, mains_hz: int) -> Hum | None:
    bin_hz = _HUM_RATE_HZ / _HUM_WINDOW
    hz = np.arange(len(spectrum)) * bin_hz
    lines: list[int] = []
    power = 0.0
    for harmonic in _HARMONICS:
        centre_hz = mains_hz * harmonic
        near = np.abs(hz - centre_hz) <= bin_hz + _MAINS_MOVES * centre_hz
        beside = ~near & (np.abs(hz - centre_hz) < _BESIDE_HZ)
        level, around = float(spectrum[near].max()), float(np.median(spectrum[beside]))
        highest_beside = float(spectrum[beside].max())
        if level > around * 10 ** (_HUM_STANDS_OUT_DB / 10) and level > highest_beside:
            lines.append(harmonic)
            power += float(spectrum[near].sum())
    dbfs = 10 * float(np.log10(max(power, 1e-20)))
    enough = len(lines) >= _LINES_AT_LEAST or lines == [1]
    return Hum(mains_hz, dbfs) if enough and dbfs > _HUM_AUDIBLE_DBFS else None


def find_howls(heard: Heard) -> tuple[Howl, ...]:
    mix = heard.mix
    first, last = (round(hz / BIN_HZ) for hz in _HOWL_HZ)
    band = mix.power[:, first:last]
    blocks = (band[at : at + _AT_ONCE] for at in range(0, len(band), _AT_ONCE))  # numpy copies what it looks through
    peak = np.concatenate([block.argmax(axis=1) for block in blocks]) + first
    rows = np.arange(len(mix))
    line = sum(mix.power[rows, peak + step] for step in (-2, -1, 0, 1, 2))
    loud_db = np.percentile(mix.level_db, 95)
    alone = (line > _HOWL_SHARE * band.sum(axis=1)) & (mix.level_db > loud_db - _HOWL_LOUD_DB)
    peak = np.where(alone, median_filter(peak, 5, mode="nearest"), 0)
    found = []
    for run in runs(alone, closing=2):
        for same in _holding(peak, run):
            howl = _howl(heard, same, int(np.median(peak[same.start : same.stop])))
            if howl is not None:
                found.append(howl)
    return tuple(found)


def _holding(peak: npt.NDArray[np.intp], run: range) -> list[range]:
    """Parts in which the line stays within a bin."""
    cuts = run.start + 1 + np.flatnonzero(np.abs(np.diff(peak[run.start : run.stop])) > 1)
    edges = [run.start, *(int(cut) for cut in cuts), run.stop]
    parts = [range(start, stop) for start, stop in pairwise(edges)]
    return [part for part in parts if len(part) * HOP_S >= _HOWL_S]


def _howl(heard: Heard, span: range, at: int) -> Howl | None:
    """If it is one: still, lasting, without overtones, and nothing that is sung."""
    power = heard.mix.power[span.start : span.stop].astype(np.float64)
    levels_db = 10 * np.log10(power[:, at - 1 : at + 2] + 1e-20)
    left, top, right = levels_db.T
    hz = (at + np.clip((left - right) / (2 * np.minimum(left - 2 * top + right, -1e-9)), -1, 1)) * BIN_HZ
    total_db = 10 * np.log10(power[:, at - 2 : at + 3].sum(axis=1) + 1e-20)
    middle = slice(len(span) // 8, len(span) - len(span) // 8)
    still = float(np.std(hz[middle])) < _HOWL_STILL_HZ
    slope = float(np.polyfit(np.arange(len(total_db[middle])) * HOP_S, total_db[middle], 1)[0])
    hz_middle = float(np.median(hz))
    if not still or slope < _HOWL_FADES_DB_PER_S or _has_overtone(power, at) or _is_sung(heard, span, hz_middle):
        return None
    return Howl(span.start * HOP_S, span.stop * HOP_S, hz_middle, float(total_db.max()))


def _has_overtone(power: Curve, at: int) -> bool:
    """At twice the frequency, or it is itself the second of a tone an octave below, which then has a third."""
    line = float(np.median(power[:, at - 2 : at + 3].sum(axis=1)))
    least = line * 10 ** (-_OVERTONE_DB / 10)
    return _has_line(power, 2 * at, least) or all(_has_line(power, other, least) for other in (at // 2, 3 * at // 2))


def _has_line(power: Curve, at: int, least: float) -> bool:
    if not 4 <= at < power.shape[1] - 4:
        return False
    level = float(np.median(power[:, at - 2 : at + 3].max(axis=1)))
    floor = float(np.median(power[:, max(0, at - 12) : at + 13]))
    return level > least and level > 10 * floor


def _is_sung(heard: Heard, span: range, hz: float) -> bool:
    """A voice has one of its harmonics there most of the time."""
    sung_hz = heard.pitch.hz[span.start : span.stop][heard.pitch.voiced[span.start : span.stop]].astype(np.float64)
    if len(sung_hz) < _SUNG_SHARE * len(span):
        return False
    order = np.maximum(np.rint(hz / sung_hz), 1)
    off_hz = np.abs(hz - order * sung_hz)
    return float(np.mean(off_hz < np.minimum(_ON_HARMONIC * hz, 0.25 * sung_hz))) > _SUNG_SHARE
