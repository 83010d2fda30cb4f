"""How likely it is that a frame is sung at its pitch, and which frames are taken for sung."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from vocalverse.measure.frames import Floats, Frames
from vocalverse.measure.pitch.comb import Positions, harmonics_db, standing_out_db
from vocalverse.measure.pitch.network import loud

# Logistic regression on noise and on the singer and the talker of vocalverse.synthesis: in rooms, over remnants of
# backings, and through the ear, alone or out of music under MIT. Right is a frame that is voiced and within 50 cents. No
# recording of anybody who sings has told these numbers anything.
_CONSTANT = 1.69
_WEIGHTS = np.asarray((2.24, 0.97, 1.77, 0.7, -1.55), np.float32)
_LOGIT_MOST = 6.0
_NEAR = 13  # frames: a voice that is off for less than the half of it still rings in the windows beside
_BEGIN, _KEEP = 0.8, 0.5  # hysteresis: a frame that is wrongly taken for sung does more harm than one that is missed
_SHORTEST = 5  # frames: nobody sings for 40 ms
_GAP = 3  # frames that a sung note may flicker for
_SAME = 1.0  # semitone, over such a flicker

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    network: Floats  # [frames] 0..1
    standing_out_db: Floats
    below_loud_db: Floats  # the harmonics' level against the song's loud parts, 0 and less
    below_near_db: Floats  # and against the loudest within 60 ms
    moved: Floats  # semitones from the frame before or to the one after, whichever is more, up to 1

    @classmethod
    def of(cls, frames: Frames, hz: Positions, network: Floats) -> "Evidence":
        level = harmonics_db(frames.power, hz)
        near = ndimage.maximum_filter1d(level, _NEAR)
        steps = np.minimum(np.abs(np.diff(12 * np.log2(hz), prepend=np.nan, append=np.nan)), 1)
        moved = np.fmax(steps[:-1], steps[1:])
        return cls(
            network,
            standing_out_db(frames.power, hz),
            np.clip(level - loud(level), -60, 0),
            np.clip(level - near, -30, 0),
            np.nan_to_num(moved, nan=1.0).astype(np.float32),
        )

    @property
    def features(self) -> Floats:
        """[frames, 5], each about 1 wide."""
        sure = np.clip(self.network, 1e-6, 1 - 1e-6)
        logit = np.clip(np.log(sure / (1 - sure)), -_LOGIT_MOST, _LOGIT_MOST)
        columns = (logit / 3, self.standing_out_db / 10, self.below_loud_db / 10, self.below_near_db / 5, self.moved)
        return np.stack(columns, axis=1).astype(np.float32)


def confidence(evidence: Evidence) -> Floats:
    """[frames]: the share of frames with such evidence whose pitch is right."""
    likely: Floats = 1 / (1 + np.exp(-(evidence.features @ _WEIGHTS + np.float32(_CONSTANT))))
    return np.where(evidence.network > 0, likely, np.float32(0))


def voiced(sure: Floats, hz: Positions) -> Bools:
    """[frames]: stretches that begin surely, keep on less surely and last."""
    kept, count = ndimage.label(sure >= _KEEP)
    begun = np.zeros(count + 1, bool)
    begun[np.unique(kept[sure >= _BEGIN])] = True
    begun[0] = False
    on = _bridged(begun[kept], hz)
    stretches, count = ndimage.label(on)
    lasts = np.bincount(stretches.ravel(), minlength=count + 1) >= _SHORTEST
    lasts[0] = False
    found: Bools = lasts[stretches]
    return found


def _bridged(on: Bools, hz: Positions) -> Bools:
    """Flickers within one pitch are gone."""
    bridged = on.copy()
    sung = np.flatnonzero(on)
    gaps = np.diff(sung) - 1
    moved = np.abs(np.diff(12 * np.log2(hz[sung])))
    for at in np.flatnonzero((gaps > 0) & (gaps <= _GAP) & (moved < _SAME)):
        bridged[sung[at] : sung[at + 1]] = True
    return bridged
