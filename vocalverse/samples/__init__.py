"""Two real takes, and recordings made of them as a venue would record them; one of them sung worse, too."""

from vocalverse.samples.make import SAMPLES, TAKES, Sample, make_recording, write_samples

__all__ = ["SAMPLES", "TAKES", "Sample", "make_recording", "write_samples"]
