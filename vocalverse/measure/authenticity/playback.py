"""A take against a recording that is known: whoever sings along never moves as it does, whoever plays it does."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import uniform_filter1d

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.free.steady import held
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.guide import Contour

_LEAST = 200  # frames that both sing
_SAME_CENTS = 15.0  # two hearings of one recording through a room lie nearer
_FARTHEST = 1.0  # semitone: what moves farther is a tracker that errs
_QUICK = 19  # frames: a turn of a vibrato; what is slower is the melody

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Playback:
    """Where the take fits the guide best in time, its key aside."""

    same_share: float | None  # of the voice: within 15 cents; None where both are too short
    moves_alike: float | None  # -1 … 1: of what is quicker than the melody, on held notes; another take has about 0
    later_s: float | None  # than the guide


def measure_playback(pitch: Pitch, guide: Contour | None) -> Playback | None:
    """None where no guide is known."""
    if guide is None:
        return None
    sung, known = pitch.midi.astype(np.float64), guide.midi.astype(np.float64)
    lag = _lag(sung, known)
    if lag is None:
        return Playback(None, None, None)
    take, there = _overlap(sung, known, lag)
    both = ~np.isnan(take) & ~np.isnan(there)
    apart = (take - there)[both]
    off = np.abs(apart - np.median(apart))
    voiced = int((~np.isnan(take)).sum())
    return Playback(
        same_share=float((100 * off < _SAME_CENTS).sum() / voiced),
        moves_alike=_moves_alike(take, there),
        later_s=lag * HOP_S,
    )


def _lag(sung: Curve, known: Curve) -> int | None:
    """Where most of what both sing is the same semitone or fraction of one apart."""
    size = fft.next_fast_len(len(sung) + len(known))
    together = [_correlated(turn(sung), turn(known), size) for turn in (_turned, _there)]
    lags = np.arange(size)
    lags = np.where(lags < len(sung), lags, lags - size)
    shared = together[1].real
    fits = np.where(shared >= _LEAST, np.square(np.abs(together[0])) / np.maximum(shared, 1), 0)
    best = int(fits.argmax())
    return int(lags[best]) if fits[best] > 0 else None


def _turned(midi: Curve) -> npt.NDArray[np.complex128]:
    """A semitone is one turn."""
    turned: npt.NDArray[np.complex128] = np.where(np.isnan(midi), 0, np.exp(2j * np.pi * np.nan_to_num(midi)))
    return turned


def _there(midi: Curve) -> npt.NDArray[np.complex128]:
    return (~np.isnan(midi)).astype(np.complex128)


def _correlated(
    one: npt.NDArray[np.complex128], other: npt.NDArray[np.complex128], size: int
) -> npt.NDArray[np.complex128]:
    product: npt.NDArray[np.complex128] = fft.ifft(fft.fft(one, size) * np.conj(fft.fft(other, size)))
    return product


def _overlap(sung: Curve, known: Curve, lag: int) -> tuple[Curve, Curve]:
    """The take, and the guide in the take's time, where both last."""
    first, last = max(0, lag), min(len(sung), len(known) + lag)
    return sung[first:last], known[first - lag : last - lag]


def _moves_alike(take: Curve, there: Curve) -> float | None:
    """Where both hold a note: from one to the next, all who sing the song move alike."""
    both = ~np.isnan(held(take) + held(there))
    if both.sum() < _LEAST // 2:
        return None
    one, other = (np.clip(_quick(midi)[both], -_FARTHEST, _FARTHEST) for midi in (take, there))
    return float(np.corrcoef(one, other)[0, 1]) if np.ptp(one) and np.ptp(other) else None


def _quick(midi: Curve) -> Curve:
    """Without what moves slowly."""
    filled = np.nan_to_num(midi)
    quick: Curve = filled - uniform_filter1d(filled, _QUICK)
    return quick
