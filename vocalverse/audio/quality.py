"""What can be said of a recording before anybody listens to the singing."""

import math

import numpy as np
import numpy.typing as npt

from vocalverse.audio.faults import BLOCK_FRAMES, clipping, dropouts, peak
from vocalverse.audio.loudness import loudness_lufs
from vocalverse.audio.waveform import Samples, Waveform
from vocalverse.records import Measures, Progress, no_progress

_STAGE = "quality"
_FLOOR_WINDOW_S = 0.05
_FLOOR_PERCENTILE = 5.0  # nobody sings for all of a song
_FLOOR_WINDOWS_AT_LEAST = 20
_DIGITAL_SILENCE = 1e-6  # RMS, -120 dBFS: no microphone is so quiet
_DEAD_BELOW_RMS = 10 ** (-70 / 20)
_DEAD_BELOW_LOUDEST = 10 ** (-50 / 20)


def measure(waveform: Waveform, *, progress: Progress = no_progress) -> Measures:
    """All measures of one recording. Memory beyond the waveform itself stays flat."""
    samples, rate_hz, source = waveform.heard, waveform.sample_rate_hz, waveform.source
    loudness = loudness_lufs(samples, rate_hz)
    progress(_STAGE, 0.4)
    clipped = clipping(samples, rate_hz)
    progress(_STAGE, 0.6)
    lost = dropouts(samples, rate_hz)
    progress(_STAGE, 0.8)
    floor = noise_floor_dbfs(samples, rate_hz)
    progress(_STAGE, 0.9)
    measures = Measures(
        duration_s=waveform.duration_s,
        sample_rate_hz=source.sample_rate_hz,
        channels=source.channels,
        codec=source.codec,
        loudness_lufs=loudness,
        peak_dbfs=_dbfs(peak(samples)),
        clipped_share=clipped.share,
        longest_clip_ms=clipped.longest_ms,
        noise_floor_dbfs=floor,
        dc_offset=dc_offset(samples),
        dropout_count=lost.count + source.bad_runs,
        dropout_s=lost.total_s + source.bad_s,
        dead_channels=dead_channels(source.channel_rms),
        channel_correlation=channel_correlation(samples),
    )
    progress(_STAGE, 1.0)
    return measures


def noise_floor_dbfs(samples: Samples, sample_rate_hz: int) -> float | None:
    """The level under the quietest 5 % of 50 ms windows. None where all that is quiet is digital silence."""
    window = round(_FLOOR_WINDOW_S * sample_rate_hz)
    levels = _window_rms(samples, window)
    levels = levels[levels > _DIGITAL_SILENCE]
    if len(levels) < _FLOOR_WINDOWS_AT_LEAST:
        return None
    return _dbfs(float(np.percentile(levels, _FLOOR_PERCENTILE)))


def dc_offset(samples: Samples) -> float:
    """The mean of the channel that is furthest off zero, with its sign."""
    means = samples.mean(axis=0, dtype=np.float64) if len(samples) else np.zeros(1)
    return float(means[np.argmax(np.abs(means))])


def dead_channels(channel_rms: tuple[float, ...]) -> int:
    """Channels with nothing in them beside one that is alive. Silence all over is no dead channel."""
    loudest = max(channel_rms, default=0.0)
    return sum(rms < min(_DEAD_BELOW_RMS, loudest * _DEAD_BELOW_LOUDEST) for rms in channel_rms)


def channel_correlation(samples: Samples) -> float | None:
    """Pearson's correlation of left and right: -1 where one of them is swapped. None where either is constant."""
    if samples.shape[1] != 2 or not len(samples):
        return None
    means = samples.mean(axis=0, dtype=np.float64)
    moments = np.zeros((2, 2))
    for start in range(0, len(samples), BLOCK_FRAMES):
        part = samples[start : start + BLOCK_FRAMES] - means
        moments += part.T @ part
    spread = math.sqrt(moments[0, 0] * moments[1, 1])
    if spread <= len(samples) * _DIGITAL_SILENCE**2:
        return None
    return float(np.clip(moments[0, 1] / spread, -1, 1))


def _window_rms(samples: Samples, window: int) -> npt.NDArray[np.float64]:
    """RMS about the mean of each window, so that an offset is no noise."""
    at_once = BLOCK_FRAMES // window * window
    whole = len(samples) // window * window
    parts = [
        samples[start : min(whole, start + at_once)].reshape(-1, window, samples.shape[1])
        for start in range(0, whole, at_once)
    ]
    variances = [part.var(axis=1, dtype=np.float64).mean(axis=1) for part in parts]
    return np.sqrt(np.concatenate(variances)) if variances else np.zeros(0)


def _dbfs(value: float) -> float | None:
    return 20 * math.log10(value) if value > 0 else None
