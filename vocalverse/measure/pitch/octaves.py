"""The right one of a pitch and its octaves, by what stands out and by what goes on smoothly."""

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import Floats
from vocalverse.measure.pitch.comb import Positions, standing_out_db
from vocalverse.measure.pitch.network import HIGHEST_HZ, LOWEST_HZ

_TIMES = np.asarray((1.0, 0.5, 2.0))
# The network is right far more often than not: another octave has to stand out by this much more, all along …
_TRUST_DB = 6.0
_ENOUGH_DB = 18.0  # … and what stands out by this much stands out, however strong its octave is
# … and a jump costs as much as half a second's doubt of 1 dB a frame: nobody leaps an octave and back in a moment.
_JUMP_DB_PER_SEMITONE = 4.0
_LONGEST_JUMP = 12.0  # semitones
_IMPOSSIBLE_DB = 1e4


def in_octave(power: Floats, hz: Positions) -> Positions:
    """[frames]: each pitch, or its octave above or below."""
    candidates = hz[:, None] * _TIMES
    gain_db = np.stack([standing_out_db(power, candidate) for candidate in candidates.T], axis=1).astype(np.float64)
    gain_db = np.minimum(gain_db, _ENOUGH_DB)
    gain_db[:, 0] += _TRUST_DB
    gain_db[(candidates < LOWEST_HZ) | (candidates > HIGHEST_HZ)] = -_IMPOSSIBLE_DB
    semitones = 12 * np.log2(candidates)
    chosen = _best_way(gain_db, semitones)
    found: Positions = candidates[np.arange(len(hz)), chosen]
    return found


def _best_way(gain_db: Positions, semitones: Positions) -> npt.NDArray[np.intp]:
    """[frames]: Viterbi's, through [frames, candidates]."""
    leaps = np.abs(semitones[1:, None, :] - semitones[:-1, :, None])  # [frames - 1, from, to]
    costs = _JUMP_DB_PER_SEMITONE * np.minimum(leaps, _LONGEST_JUMP)
    total = gain_db[0]
    came_from = np.zeros(gain_db.shape, np.intp)
    columns = np.arange(gain_db.shape[1])
    for frame in range(1, len(gain_db)):
        ways = total[:, None] - costs[frame - 1]
        best = ways.argmax(axis=0)
        came_from[frame] = best
        total = ways[best, columns] + gain_db[frame]
    chosen = np.empty(len(gain_db), np.intp)
    chosen[-1] = total.argmax()
    for frame in range(len(gain_db) - 1, 0, -1):
        chosen[frame - 1] = came_from[frame, chosen[frame]]
    return chosen
