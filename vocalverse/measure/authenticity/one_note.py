"""How much of a take stays on one pitch, and how much of its song does."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Melody

_WITHIN = 0.75  # semitones at either side: whoever drifts a little stays on it
_BIN = 0.25
_OCTAVE = 12.0


@dataclass(frozen=True)
class OneNote:
    share: float | None  # of the voice, octaves aside; None where nothing is sung
    asked_share: float  # of the song's notes, by time; 0 where no song is known


def measure_one_note(pitch: Pitch, melody: Melody | None = None) -> OneNote:
    sung = pitch.midi[pitch.voiced].astype(np.float64)
    notes = [note for note in melody.notes if note.midi is not None] if melody else []
    asked = np.asarray([note.midi for note in notes], np.float64)
    lengths_s = np.asarray([note.end_s - note.start_s for note in notes])
    return OneNote(_most(sung, np.ones(len(sung))), _most(asked, lengths_s) or 0.0)


def _most(midi: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float | None:
    """The largest share around any one pitch class."""
    if not len(midi):
        return None
    centres = np.arange(0, _OCTAVE, _BIN)
    around = np.abs((midi[:, None] - centres + _OCTAVE / 2) % _OCTAVE - _OCTAVE / 2) <= _WITHIN
    return float((weights @ around).max() / weights.sum())
