"""The notes of a voice: when each begins and ends, and at which pitch it is held.

A stretch of voice is cut so that each part keeps to one pitch, at a price for every cut. What swings around a pitch
(vibrato), slides into it or out of it costs less than two cuts would; a step to another pitch costs more. Where a
syllable begins, cuts are cheap or a gain: that is how a note is told from the same note before it.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from vocalverse.measure.frames import BIN_HZ, HOP_S, Frames, Heard
from vocalverse.measure.runs import runs

# As wide as the ear's critical bands.
_EDGES_HZ: tuple[int, ...] = (100, 200, 300, 400, 510, 630, 770, 920, 1_080, 1_270, 1_480, 1_720, 2_000)
_EDGES_HZ += (2_320, 2_700, 3_150, 3_700, 4_400, 5_300, 6_400, 7_700)
_VOWEL_BANDS = slice(2, 15)  # 300 to 3,150 Hz: closed lips and tongues take it away, hisses have little there
_FLOOR_DB = 60.0  # below the loudest bands: what is softer is the room
_STEP = 4  # frames at either side of an onset

_LONGEST_GAP = 3  # frames: no consonant is that short
_SHORTEST = 7  # frames: nobody sings syllables faster than 14 a second
_LONGEST = 3_000  # frames: nobody holds a tone for half a minute
_SLIDE = 4  # frames: half of the time that a step of pitch takes
_SLIDE_SEMITONES = 0.4

# Prices are in frames × semitones away from the note's pitch.
_CUT_PRICE = 16.0
_FAR_SEMITONES = 2.0  # farther away costs no more: octave errors are short
_SHORT, _SHORT_PRICE = 15, 6.0  # frames: notes of less than 0.15 s are rare
_TOO_SHORT_PRICE = 1e6
_GRID_SEMITONES = 0.2
_RISE_DB, _FLUX_DB = 5.5, 7.0  # of an onset that makes up for half of the price, each
_LOST = 0.5
_MOST_EVIDENCE = 2.0
_LEAST_EVIDENCE = 0.25
# A hum, as of an m, has the note's pitch already; the note begins with its vowel, as people hear and mark it.
_HUM, _VOWEL_EVIDENCE = 10, 0.4  # frames

Curve = npt.NDArray[np.float64]  # [frames]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Note:
    start_s: float
    end_s: float
    midi: float  # the median of its middle
    cents_spread: float  # half of what the middle 68 % of its middle spans
    level_db: float  # the median, against full scale

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def find_notes(heard: Heard) -> tuple[Note, ...]:
    """In order, without overlap: none where nothing is sung."""
    voiced = heard.pitch.voiced
    sung = np.flatnonzero(voiced)
    if not len(sung):
        return ()
    midi = np.interp(np.arange(len(voiced)), sung, heard.pitch.midi[sung])
    begun = syllable_onsets(heard.dry)
    notes = []
    for run in runs(voiced, closing=_LONGEST_GAP):
        if len(run) < _SHORTEST:
            continue
        here = slice(run.start, run.stop)
        cuts = run.start + _cuts(midi[here], begun[here])
        for first, last in itertools.pairwise(cuts):
            notes.append(_note(heard, midi, range(_vowel(begun, first, last), last)))
    return tuple(notes)


def syllable_onsets(frames: Frames) -> Curve:
    """[frames]: how surely a syllable begins: 0 not at all, 1 surely, at most 2."""
    levels = _band_levels(frames)
    rise = _step(levels[:, _VOWEL_BANDS].mean(axis=1))
    steps = _step(levels)
    # Harmonics that slide leave one band for the next: what some bands lose, others do not gain by a syllable.
    flux = (np.maximum(steps, 0) + _LOST * np.minimum(steps, 0)).mean(axis=1)
    evidence: Curve = (np.clip(rise / _RISE_DB, 0, 2) + np.clip(flux / _FLUX_DB, 0, 2)) / 2
    return np.minimum(evidence, _MOST_EVIDENCE)


def _band_levels(frames: Frames) -> Curve:
    """[frames, bands], dB."""
    edges = np.rint(np.asarray(_EDGES_HZ) / BIN_HZ).astype(np.intp)
    power = np.add.reduceat(frames.power, edges, axis=1)[:, :-1]
    levels_db = 10 * np.log10(np.maximum(power, 1e-12)).astype(np.float64)
    loud_db = np.percentile(levels_db.max(axis=1), 95)
    levels: Curve = np.maximum(levels_db, loud_db - _FLOOR_DB)
    return levels


def _step(curve: Curve) -> Curve:
    """[frames, …]: what follows each frame against what comes before it."""
    mean = uniform_filter1d(np.pad(curve, [(_STEP, _STEP)] + [(0, 0)] * (curve.ndim - 1), mode="edge"), _STEP, axis=0)
    half = _STEP // 2
    after, before = mean[_STEP + half :], mean[_STEP - half :]
    step: Curve = after[: len(curve)] - before[: len(curve)]
    return step


def _cuts(midi: Curve, begun: Curve) -> Places:
    """[cuts]: where the notes of a stretch begin and, last, where it ends."""
    places = _candidates(midi, begun)
    costs = _costs_until(midi)[places]
    evidence = maximum_filter1d(_tops(begun), 5)[np.minimum(places, len(midi) - 1)]
    price = _CUT_PRICE * (1 - evidence)
    price[0] = 0
    total, came_from = np.zeros(len(places)), np.zeros(len(places), np.intp)
    for place in range(1, len(places)):
        first = min(place - 1, int(np.searchsorted(places, places[place] - _LONGEST)))
        length = places[place] - places[first:place]
        ways = total[first:place] + price[first:place] + (costs[place] - costs[first:place]).min(axis=1)
        ways += _SHORT_PRICE * (length < _SHORT) + _TOO_SHORT_PRICE * (length < _SHORTEST)
        came_from[place] = first + ways.argmin()
        total[place] = ways.min()
    cuts = [len(places) - 1]
    while cuts[-1]:
        cuts.append(int(came_from[cuts[-1]]))
    return places[cuts[::-1]]


def _candidates(midi: Curve, begun: Curve) -> Places:
    """[places]: where a syllable may begin or the pitch moves, and both ends."""
    count = len(midi)
    smooth = uniform_filter1d(midi, 5, mode="nearest")
    padded = np.pad(smooth, _SLIDE, mode="edge")
    slide = np.abs(padded[2 * _SLIDE :] - padded[: -2 * _SLIDE])
    slides = (slide == maximum_filter1d(slide, 7)) & (slide > _SLIDE_SEMITONES)
    places = np.flatnonzero((_tops(begun) > 0) | slides)
    inside = places[(places >= _SHORTEST) & (places <= count - _SHORTEST)]
    return np.concatenate([[0], inside, [count]]).astype(np.intp)


def _tops(begun: Curve) -> Curve:
    """[frames]: 0 but for onsets, which have what they stand out by: a second bump of an onset is no second one."""
    at, found = find_peaks(begun, prominence=_LEAST_EVIDENCE)
    tops = np.zeros(len(begun))
    tops[at] = found["prominences"]
    return tops


def _costs_until(midi: Curve) -> Curve:
    """[frames + 1, pitches]: what it costs until there to hold each pitch. A part's pitch is the cheapest one."""
    pitches = np.arange(midi.min(), midi.max() + _GRID_SEMITONES, _GRID_SEMITONES)
    away = np.minimum(np.abs(midi[:, None] - pitches), _FAR_SEMITONES)
    return np.concatenate([np.zeros((1, len(pitches))), np.cumsum(away, axis=0)])


def _vowel(begun: Curve, first: int, last: int) -> int:
    """The frame where it begins, of a note from `first` to `last`."""
    near = begun[first : min(first + _HUM, last - _SHORTEST)]
    if len(near) < 2 or near.max() < max(_VOWEL_EVIDENCE, begun[max(0, first - 2) : first + 3].max() + 0.2):
        return first
    return first + int(near.argmax())


def _note(heard: Heard, midi: Curve, span: range) -> Note:
    count = len(span)
    middle = midi[span.start + count // 6 : span.stop - count // 8]
    low, centre, high = np.percentile(middle, (16, 50, 84))
    level = np.median(heard.dry.level_db[span.start : span.stop])
    return Note(span.start * HOP_S, span.stop * HOP_S, float(centre), float(high - low) * 50, float(level))
