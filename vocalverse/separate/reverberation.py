"""How reverberant a voice is."""

from dataclasses import dataclass

from vocalverse.audio.waveform import Samples


@dataclass(frozen=True)
class Room:
    """None where it cannot be known."""

    t60_s: float | None
    drr_db: float | None


def estimate(voice: Samples) -> Room:
    return Room(None, None)
