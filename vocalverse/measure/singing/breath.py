"""Breath noises: when a singer takes air, heard in the voice as the room had it.

A breath is noise in a pause before the voice sets in: it swells and stops, and its middle lies between 1 and 4 kHz.
Hissing consonants are higher or cling to the voice; what the room or the backing leave in a pause is tonal, falls from
where it began, or does not rise above the pause at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from vocalverse.measure.frames import BIN_HZ, HOP_S, Floats, Heard
from vocalverse.measure.runs import runs

_EDGES_HZ = np.geomspace(480, 7_620, 13)  # thirds of octaves; rooms rumble below
_BREATH_BANDS = slice(0, 9)  # up to 3,800 Hz: hisses have little there
_MIDDLE_HZ = (800.0, 3_800.0)  # of the power above the floor; [s] lies above
_FLOOR_WITHIN = 801  # frames: every singer leaves some pause in eight seconds
_FLOOR_BIAS = 1.4  # the least of many means of noise against noise itself
_BASE = 0.25  # of the floor: what is softer above it is no hump but chance
_ABOVE_FLOOR_DB = 1.6  # in the mean of the bands: chance brings noise up to 0.5 dB
_AUDIBLE_DB = 55.0  # below the voice: what is softer nobody hears, nor can it be told from coding
_BESIDE_VOICE = 3  # frames that the window still hears the voice from
_SWELLS_DB = 3.0  # from what went before, the fading room
_ENDS_DB = 10.0  # below the peak a breath has not begun, or is over
_GROUP = 16  # bins, 250 Hz: at least one harmonic of any voice
_ROUGH_HZ = (500.0, 6_000.0)
_ROUGH_DB = 4.4  # noise has 2 to 3, coded breaths up to 4, harmonics 5 to 12
_FALTER = 4  # frames: a gap that short is within a breath, and noise that short is none of it
_SHORTEST_S, _LONGEST_S = 0.1, 1.2
_CLINGS_S = 0.035
_CONSONANT_S = 0.2  # longer noise at the voice is a breath that runs into an onset
_CONSONANT_DB = 12.0  # below the voice: as short as a consonant and louder, it is one, wherever it stands
_BETWEEN_S = 0.3  # likewise, with voice at both sides
_BEFORE_VOICE_S = 1.0
_STRUCK = 0.35  # of its length: noise whose middle comes so early was struck and fades

Curve = npt.NDArray[np.float64]  # [frames] or [frames, bands]


@dataclass(frozen=True)
class Breath:
    start_s: float
    end_s: float
    level_dbfs: float  # RMS in its middle, above the floor
    below_voice_db: float  # against the take's median voice

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def find_breaths(heard: Heard) -> tuple[Breath, ...]:
    """In order. None where nobody sings: then nothing says that a noise is a singer's."""
    voiced = heard.pitch.voiced
    if not voiced.any():
        return ()
    voice_db = float(np.median(heard.wet.level_db[voiced]))
    noises = _Noises.of(heard.wet.power, least=10 ** ((voice_db - _AUDIBLE_DB) / 10))
    humps = (hump for pause in _pauses(voiced) for hump in _humps(noises.curve_db, pause))
    spans = (span for span in map(noises.narrowed, humps) if len(span) > _FALTER)
    like = [span for span in spans if noises.is_breath_like(heard.wet.power, span)]
    found = (noises.breath(span, voice_db) for span in _joined(like) if _is_taken(span, voiced))
    return tuple(breath for breath in found if not _is_spat(breath))


def _pauses(voiced: npt.NDArray[np.bool_]) -> list[range]:
    """Between voices, and before the first."""
    found = runs(~voiced)
    return [pause for pause in found if pause.stop < len(voiced) and len(pause) * HOP_S >= _SHORTEST_S]


def _humps(curve_db: Curve, pause: range) -> Iterator[range]:
    """What swells and dies in a pause, the voices at both ends not counted."""
    first = pause.start + (_BESIDE_VOICE if pause.start else 0)
    here = curve_db[first : pause.stop - _BESIDE_VOICE + 1]
    if len(here) * HOP_S < _SHORTEST_S:
        return
    # A breath may run into the voice: there the pause ends as if in silence.
    peaks = [int(at) for at in find_peaks(np.append(here, here.min()), prominence=_SWELLS_DB)[0]]
    between = [left + int(here[left:right].argmin()) for left, right in pairwise(peaks)]
    cuts = [0, *between, len(here)]
    for peak, after, right in zip(peaks, cuts, cuts[1:], strict=False):
        left = after + int(here[after : peak + 1].argmin())  # the room fades until there
        loud = here[left:right] > here[peak] - _ENDS_DB
        around = next(part for part in runs(loud, closing=3) if peak - left in part)
        yield range(first + left + around.start, first + left + around.stop)


@dataclass(frozen=True)
class _Noises:
    """Of a take, above what is always there."""

    above: Curve  # [frames, bands] power
    over_floor_db: Curve  # [frames], in the mean of the breath's bands
    curve_db: Curve  # [frames] in the breath's bands
    centroid_hz: Curve  # [frames]

    @classmethod
    def of(cls, power: Floats, *, least: float) -> "_Noises":
        edges = np.rint(_EDGES_HZ / BIN_HZ).astype(np.intp)
        bands = np.add.reduceat(power, edges, axis=1)[:, :-1].astype(np.float64)
        share = np.diff(edges) / (edges[-1] - edges[0])
        floor = minimum_filter1d(uniform_filter1d(bands, 11, axis=0), _FLOOR_WITHIN, axis=0)
        floor = np.maximum(_FLOOR_BIAS * floor, least * share)
        smooth = uniform_filter1d(bands, 5, axis=0)
        above = np.maximum(smooth - floor, 0)
        over_db = 10 * np.log10(np.maximum(smooth[:, _BREATH_BANDS] / floor[:, _BREATH_BANDS], 1)).mean(axis=1)
        base = _BASE * floor[:, _BREATH_BANDS].sum(axis=1)
        curve = np.maximum(above[:, _BREATH_BANDS].sum(axis=1), base)
        middles_hz = np.sqrt(_EDGES_HZ[1:] * _EDGES_HZ[:-1])
        centroid_hz = above @ middles_hz / np.maximum(above.sum(axis=1), 1e-20)
        return cls(above, over_db, 10 * np.log10(curve), centroid_hz)

    def narrowed(self, span: range) -> range:
        """Without the consonants that it runs into: what is of the same colour around its loudest moment."""
        centroid_hz = self.centroid_hz[span.start : span.stop]
        alike = (centroid_hz > _MIDDLE_HZ[0]) & (centroid_hz < _MIDDLE_HZ[1])
        parts = runs(alike, closing=2)
        longest = max(parts, key=len, default=range(0))
        return range(span.start + longest.start, span.start + longest.stop)

    def is_breath_like(self, power: Floats, span: range) -> bool:
        here = slice(span.start, span.stop)
        weight = 10 ** (self.curve_db[here] / 10)
        weight /= weight.sum()
        middle = float(weight @ np.arange(0.5, len(span))) / len(span)
        rough_db = float(weight @ roughness_db(power[here]))
        over_db = float(weight @ self.over_floor_db[here])
        return over_db > _ABOVE_FLOOR_DB and rough_db < _ROUGH_DB and middle > _STRUCK

    def breath(self, span: range, voice_db: float) -> Breath:
        quarter = len(span) // 4
        middle = self.above[span.start + quarter : span.stop - quarter].sum(axis=1)
        level_dbfs = 10 * float(np.log10(np.median(middle)))
        return Breath(span.start * HOP_S, span.stop * HOP_S, level_dbfs, voice_db - level_dbfs)


def roughness_db(power: Floats) -> Floats:
    """[frames] of spectra [frames, bins]: how far lines stand out from between them. Noise has 2 to 3 dB."""
    first, last = (round(hz / BIN_HZ) for hz in _ROUGH_HZ)
    groups = (last - first) // _GROUP
    parts = power[:, first : first + groups * _GROUP].reshape(len(power), groups, _GROUP) + np.float32(1e-16)
    mean = parts.mean(axis=2)
    gap_db = 10 * np.log10(mean) - (10 * np.log10(parts)).mean(axis=2)
    weight = np.sqrt(mean)  # soft groups are the floor's, the loudest one alone tells too little
    rough: Floats = (gap_db * weight).sum(axis=1) / weight.sum(axis=1)
    return rough


def _joined(spans: list[range]) -> list[range]:
    """Air drawn in with a falter is one breath."""
    joined: list[range] = []
    for span in spans:
        if joined and span.start - joined[-1].stop <= _FALTER:
            joined[-1] = range(joined[-1].start, span.stop)
        else:
            joined.append(span)
    return joined


def _is_taken(span: range, voiced: npt.NDArray[np.bool_]) -> bool:
    """As long as a breath, before a voice, and no consonant of it."""
    length_s = len(span) * HOP_S
    if not _SHORTEST_S <= length_s <= _LONGEST_S:
        return False
    until_s = float(voiced[span.stop :].argmax()) * HOP_S
    before = voiced[: span.start][::-1]
    since_s = float(before.argmax()) * HOP_S if before.any() else np.inf
    if until_s > _BEFORE_VOICE_S:
        return False
    clings_s = _BETWEEN_S if since_s <= _CLINGS_S else _CONSONANT_S
    return until_s > _CLINGS_S or length_s >= clings_s


def _is_spat(breath: Breath) -> bool:
    return breath.duration_s < _CONSONANT_S and breath.below_voice_db < _CONSONANT_DB
