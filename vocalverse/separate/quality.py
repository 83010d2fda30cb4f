"""How near an estimate is to the truth, in dB."""

import numpy as np
import numpy.typing as npt

from vocalverse.errors import BadInput

Audio = npt.NDArray[np.floating]


def sdr(estimate: Audio, truth: Audio) -> float:
    """Power of the truth over that of the error. ∞ where there is no error; −∞ where a silent truth is missed."""
    wanted, given = _alike(truth, estimate)
    return _ratio_db(_energy(wanted), _energy(given - wanted))


def si_sdr(estimate: Audio, truth: Audio) -> float:
    """As `sdr`, but the level of the estimate does not count, nor do constant offsets (Le Roux et al., 2019)."""
    wanted, given = (audio - audio.mean(axis=0) for audio in _alike(truth, estimate))
    if not (energy := _energy(wanted)):
        return _ratio_db(0.0, _energy(given))
    target = wanted * (float(np.vdot(wanted, given)) / energy)
    return _ratio_db(_energy(target), _energy(given - target))


def _alike(truth: Audio, estimate: Audio) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if truth.shape != estimate.shape or not truth.size:
        raise BadInput(f"Truth {list(truth.shape)} and estimate {list(estimate.shape)} have to be of one shape.")
    return truth.astype(np.float64), estimate.astype(np.float64)


def _energy(audio: npt.NDArray[np.float64]) -> float:
    return float(np.vdot(audio, audio))


def _ratio_db(wanted: float, error: float) -> float:
    if not error:
        return float("inf")
    return 10 * float(np.log10(wanted / error)) if wanted else float("-inf")
