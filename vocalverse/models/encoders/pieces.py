"""Encoders that hear a song as consecutive pieces, each by itself, because that is how they are published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vocalverse.models.encoders.encoder import Span
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.encoders.windows import Window, Windowed


@dataclass(frozen=True)
class Pieced(Windowed):
    piece: int = field(kw_only=True)  # samples of all but the last
    frames_in: Callable[[int], int] = field(kw_only=True)  # what so many samples of a piece give

    def windows(self, sound: Sound, spans: Sequence[Span]) -> list[Window]:
        """No rest is too short to be left out but one that gives nothing."""
        rate_hz, samples = self.grid.rate_hz, len(sound.at(self.grid.rate_hz))
        bounds = [
            (min(max(0, round(span.start_s * rate_hz)), samples), min(round(span.end_s * rate_hz), samples))
            for span in spans
        ]
        pieces = [(at, min(at + self.piece, stop)) for start, stop in bounds for at in range(start, stop, self.piece)]
        windows = [Window(start, stop, 0, self.frames_in(stop - start)) for start, stop in pieces]
        return [window for window in windows if window.frames > 0]
