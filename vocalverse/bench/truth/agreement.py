"""How far what was found agrees with what is true."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch, midi_of

ONSET_S, PITCH_SEMITONES = 0.05, 0.5  # that near is right, as mir_eval has it for notes

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """Notes, one after another."""

    start_s: Values
    end_s: Values
    midi: Values

    @classmethod
    def of(cls, notes: Sequence[tuple[float, float, float]]) -> "Labelled":
        """From, to and pitch of each."""
        columns = np.asarray(notes, np.float64).reshape(-1, 3).T
        return cls(*columns)

    def __len__(self) -> int:
        return len(self.start_s)


@dataclass(frozen=True)
class Pairs:
    """Which of the true ones was found, and as which."""

    true: npt.NDArray[np.intp]
    found: npt.NDArray[np.intp]
    all_true: int
    all_found: int

    @property
    def f1(self) -> float:
        both = self.all_true + self.all_found
        return 2 * len(self.true) / both if both else 1.0


def paired(near: npt.NDArray[np.bool_]) -> Pairs:
    """As many as can be, each in one pair, of [true, found] that are near enough."""
    if not near.size:
        nobody = np.zeros(0, np.intp)
        return Pairs(nobody, nobody, *near.shape)
    partner = maximum_bipartite_matching(csr_array(near), perm_type="column").astype(np.intp)
    true = np.flatnonzero(partner >= 0)
    return Pairs(true, partner[true], *near.shape)


def paired_notes(true: Labelled, found: Labelled, *, semitones: float = PITCH_SEMITONES) -> Pairs:
    near = np.abs(true.start_s[:, None] - found.start_s) <= ONSET_S + 1e-9
    return paired(near & (np.abs(true.midi[:, None] - found.midi) <= semitones))


def paired_spans(true: Labelled, found: Labelled) -> Pairs:
    """Those that share more than half of the time that they have together."""
    shared = np.minimum(true.end_s[:, None], found.end_s) - np.maximum(true.start_s[:, None], found.start_s)
    both = np.maximum(true.end_s[:, None], found.end_s) - np.minimum(true.start_s[:, None], found.start_s)
    return paired(shared > 0.5 * both)


@dataclass(frozen=True)
class Tracked:
    """A pitch against the true one, in frames."""

    cents: Values  # where both are voiced
    true_voiced: int
    missed: int
    unvoiced: int
    false: int

    @classmethod
    def of(cls, true: Pitch, found: Pitch) -> "Tracked":
        """Over what both have."""
        count = min(len(true.hz), len(found.hz))
        sung, heard = true.voiced[:count], found.voiced[:count]
        both = sung & heard
        cents = 100 * (midi_of(found.hz[:count][both]) - midi_of(true.hz[:count][both]))
        return cls(cents, int(sung.sum()), int((sung & ~heard).sum()), int((~sung).sum()), int((~sung & heard).sum()))


def pooled(tracked: Sequence[Tracked]) -> Tracked:
    return Tracked(
        np.concatenate([one.cents for one in tracked]),
        sum(one.true_voiced for one in tracked),
        sum(one.missed for one in tracked),
        sum(one.unvoiced for one in tracked),
        sum(one.false for one in tracked),
    )


def percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def held_midi(pitch: Pitch, start_s: float, end_s: float) -> float | None:
    """The median; None where nothing is voiced."""
    at_s = np.arange(len(pitch.hz)) * HOP_S
    there = pitch.hz[pitch.voiced & (at_s >= start_s) & (at_s < end_s)]
    return float(np.median(midi_of(there))) if len(there) else None
