"""One row: the sung line over the notes of the song, with words, breaths and phrases below it."""

from collections.abc import Iterator
from dataclasses import dataclass

from vocalverse.measure.picture import below
from vocalverse.measure.picture.asked import Asked
from vocalverse.measure.picture.ground import keys, song
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.scale import Scale
from vocalverse.measure.picture.shapes import Shape
from vocalverse.measure.picture.voice import voice
from vocalverse.measure.spots import Judged
from vocalverse.measure.take import Measured


@dataclass(frozen=True)
class Take:
    """What all rows show parts of."""

    measured: Measured
    asked: Asked
    judged: tuple[Judged, ...]  # one for each sung note
    letters: Letters

    @property
    def has_words(self) -> bool:
        return any(line.text for line in self.asked.lines)


@dataclass(frozen=True)
class Staff:
    take: Take
    scale: Scale

    @property
    def bottom(self) -> float:
        return self._air + below.BREATHS + below.SECONDS

    @property
    def _air(self) -> float:
        """Where breaths and phrases begin."""
        return self.scale.bottom + self.take.has_words * below.WORDS

    def shapes(self) -> Iterator[Shape]:
        take, scale, air = self.take, self.scale, self._air
        yield from keys(scale)
        yield from below.time(scale, air + below.BREATHS)
        yield from song(take.asked, scale)
        yield from voice(take.measured, take.judged, scale)
        yield from below.words(take.asked, scale, take.letters)
        yield from below.phrases(take.measured, scale, air + 4)
        yield from below.breaths(take.measured, scale, air + 4)
