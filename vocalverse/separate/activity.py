"""Where somebody sings, told from the separated voice by its level."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples

_FRAME_S = 0.05
_FLOOR_DB = -60.0  # of full scale: under it nothing is a voice, whatever else there is
_BELOW_LOUD_DB = 30.0  # what a separator leaves of the backing between phrases lies further below the loud parts
_LOUD_SHARE = 0.95
_HANGOVER_S = 0.3  # a gap shorter than a breath belongs to the phrase; so do onset and decay


@dataclass(frozen=True)
class Activity:
    """Truth values by frames of 50 ms."""

    loud: npt.NDArray[np.bool_]  # [frames]: the voice is heard in this very frame
    active: npt.NDArray[np.bool_]  # [frames]: it belongs to a phrase, with onset, decay and short gaps
    hop: int  # samples

    @property
    def share(self) -> float:
        return float(self.active.mean()) if len(self.active) else 0.0

    def by_sample(self, samples: int) -> npt.NDArray[np.bool_]:
        return np.repeat(self.active, self.hop)[:samples]


def voice_activity(voice: Samples, sample_rate_hz: int) -> Activity:
    hop = round(_FRAME_S * sample_rate_hz)
    power = frame_power(voice, hop)
    floor = max(10 ** (_FLOOR_DB / 10), np.quantile(power, _LOUD_SHARE) * 10 ** (-_BELOW_LOUD_DB / 10))
    loud = power > floor
    return Activity(loud, _widened(loud, round(_HANGOVER_S / _FRAME_S)), hop)


def level_above_rest_db(voice: Samples, mix: Samples, activity: Activity) -> float | None:
    """The voice's level above the rest of the mix while it sings; None where it never does, or nothing else is there."""
    voice_energy = rest_energy = 0.0
    for start in np.flatnonzero(activity.loud) * activity.hop:
        sung = voice[start : start + activity.hop]
        voice_energy += _energy(sung)
        rest_energy += _energy(mix[start : start + activity.hop] - sung)
    return float(10 * np.log10(voice_energy / rest_energy)) if voice_energy and rest_energy else None


def frame_power(samples: Samples, hop: int) -> npt.NDArray[np.float64]:
    """Mean square of each frame over all channels; the last one may be short."""
    blocks = (samples[at : at + hop] for at in range(0, len(samples), hop))
    return np.array([_energy(block) / block.size for block in blocks])


def _energy(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).sum())


def _widened(active: npt.NDArray[np.bool_], frames: int) -> npt.NDArray[np.bool_]:
    """Each active frame makes its neighbours on both sides active."""
    return np.convolve(active, np.ones(2 * frames + 1), mode="full")[frames : frames + len(active)] > 0.5
