"""How far notes lie from the scale that the notes around them make, where nobody knows the song."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from vocalverse.measure.free.tuning import Tuning
from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.runs import frames_between

_DEGREES = (0, 200, 400, 500, 700, 900, 1_100)  # major, its modes, and pentatonic within it
_OCTAVE = 1_200
_STEP = 5  # cents between the places where a scale may begin
_UNHEARD = 25  # cents that a voice may lie beside its backing with full marks
_FARTHEST_CENTS = 60.0  # what is farther off is no worse: a note that the scale has not, a tracker that errs
_NEAR_S = 15.0  # what is sung long before tells less of the scale: songs modulate, voices sink
_ITSELF = 0.15  # what a note tells of its own scale, where few others do
_LONGEST_S = 0.5  # longer notes tell no more
_SHORTEST_S = 0.15
_NOTES_AT_LEAST = 5
_MIDDLE = (0.3, 0.9)  # of a note: it is reached, and not yet left
_FRAMES = 4

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScaleNote:
    start_s: float
    end_s: float
    midi: float  # where it is held
    off_cents: float  # from the nearest step of the scale, either way


@dataclass(frozen=True)
class ScaleFit:
    notes: tuple[ScaleNote, ...]
    off_cents: float  # their mean, by time; what lies anywhere has 39
    seconds: float


def fit_scale(pitch: Pitch, notes: Sequence[Note], backing: Tuning | None) -> ScaleFit | None:
    """Each note against the scale that fits the others best: they are in tune with each other, whatever the key. None
    where too few are sung.
    """
    held = [(note, midi) for note in notes if (midi := _held_midi(pitch, note)) is not None]
    if len(held) < _NOTES_AT_LEAST:
        return None
    at_s = np.asarray([(note.start_s + note.end_s) / 2 for note, _ in held])
    tells = np.minimum([note.duration_s for note, _ in held], _LONGEST_S)
    off = _offs(np.asarray([midi for _, midi in held]), _places(backing))
    trusted = np.exp(-np.abs(at_s[:, None] - at_s) / _NEAR_S) * tells
    np.fill_diagonal(trusted, _ITSELF * tells)
    own = off[np.arange(len(held)), (trusted @ off).argmin(axis=1)]
    return ScaleFit(
        tuple(
            ScaleNote(note.start_s, note.end_s, midi, float(cents))
            for (note, midi), cents in zip(held, own, strict=True)
        ),
        off_cents=float((own * tells).sum() / tells.sum()),
        seconds=float(tells.sum()),
    )


def _held_midi(pitch: Pitch, note: Note) -> float | None:
    """None where it is too short or too broken to tell."""
    if note.duration_s < _SHORTEST_S:
        return None
    first, last = (note.start_s + share * note.duration_s for share in _MIDDLE)
    midi = pitch.midi[frames_between(first, last, count=len(pitch.midi))]
    midi = midi[~np.isnan(midi)]
    return float(np.median(midi)) if len(midi) >= _FRAMES else None


def _offs(midi: Values, places: npt.NDArray[np.intp]) -> Values:
    """[notes, places]."""
    cents = np.rint(100 * midi).astype(np.intp)
    offs: Values = _from_scale()[(cents[:, None] - places) % _OCTAVE]
    return offs


def _places(backing: Tuning | None) -> npt.NDArray[np.intp]:
    """Where a scale may begin, in cents: beside a backing, in its semitones."""
    places = np.arange(0, _OCTAVE, _STEP)
    if backing is None:
        return places
    beside = (places - backing.cents + 50) % 100 - 50
    heard: npt.NDArray[np.intp] = places[np.abs(beside) <= _UNHEARD]
    return heard


@cache
def _from_scale() -> Values:
    """[1200]: of each cent of an octave, from the nearest step of a scale that begins at 0."""
    apart = (np.arange(_OCTAVE)[:, None] - np.asarray(_DEGREES) + _OCTAVE // 2) % _OCTAVE - _OCTAVE // 2
    away: Values = np.minimum(np.abs(apart).min(axis=1), _FARTHEST_CENTS)
    return away


def scattered(off_cents: float) -> float:
    """How far notes are off the pitches that are meant, in the mean, that lie so far from a scale: near one step of it
    they may be far from another.
    """
    near, off = _folded()
    return float(np.interp(off_cents, near, off))


@cache
def _folded() -> tuple[Values, Values]:
    """Of voices that err more and more: how far from the scale they seem, and how far off they are."""
    spreads = np.arange(0.5, 101.0)
    cents = np.arange(-500, 501)
    shares = np.exp(-0.5 * np.square(cents / spreads[:, None]))
    shares /= shares.sum(axis=1, keepdims=True)
    seen = np.mean([_from_scale()[(cents + degree) % _OCTAVE] for degree in _DEGREES], axis=0)
    return np.maximum.accumulate(shares @ seen), shares @ np.abs(cents)
