"""A voice's pitch over time, on the frames that all measures share."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import Floats

_A4_HZ, _A4_MIDI = 440.0, 69.0


@dataclass(frozen=True)
class Pitch:
    hz: Floats  # [frames], 0 where there is none
    voiced: npt.NDArray[np.bool_]  # [frames]
    confidence: Floats  # [frames], 0..1: how likely it is that this frame is sung at this pitch

    @cached_property
    def midi(self) -> Floats:
        """[frames], not a number where nothing is sung."""
        midi = np.where(self.voiced, midi_of(np.maximum(self.hz, 1.0)), np.nan).astype(np.float32)
        midi.flags.writeable = False  # all who ask have the same one
        return midi


def midi_of(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    midi: npt.NDArray[np.float64] = _A4_MIDI + 12 * np.log2(np.asarray(hz, np.float64) / _A4_HZ)
    return midi


def hz_of(midi: npt.ArrayLike) -> npt.NDArray[np.float64]:
    hz: npt.NDArray[np.float64] = _A4_HZ * 2 ** ((np.asarray(midi, np.float64) - _A4_MIDI) / 12)
    return hz
