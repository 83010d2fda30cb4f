"""Two real takes, and recordings made of them as a venue would record them."""

from vocalverse.samples.make import TAKES, make_recording, write_samples

__all__ = ["TAKES", "make_recording", "write_samples"]
