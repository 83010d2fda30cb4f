"""Sound that was made or read here, as if it had been decoded from a file."""

from vocalverse.audio.formats import Codec, Container
from vocalverse.audio.waveform import Samples, Source, Waveform
from vocalverse.bench.hearing.data import RATE_HZ


def as_waveform(samples: Samples) -> Waveform:
    """[frames, channels] at 44.1 kHz."""
    source = Source(
        container=Container.WAV,
        codec=Codec.PCM,
        sample_rate_hz=RATE_HZ,
        channels=samples.shape[1],
        declared_s=None,
        channel_rms=tuple(float(rms) for rms in (samples.astype("float64") ** 2).mean(axis=0) ** 0.5),
        broken_tail=False,
        longer=False,
        bad_runs=0,
        bad_s=0.0,
    )
    return Waveform(samples, RATE_HZ, source)
