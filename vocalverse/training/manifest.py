"""What judges learn from and are judged on: takes with their raters' words, and pairs that somebody compared."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from vocalverse.synthesis.damage.family import Generator


@dataclass(frozen=True)
class Rating:
    dimension: str
    value: float
    rater: str = ""  # "": nobody in particular, such as a mean of many


@dataclass(frozen=True)
class Damaged:
    """What was done to a take on purpose."""

    kind: str
    grade: int  # 0: the control, which went the same way without the fault
    of: str  # the id of the take that it was done to
    generator: Generator


@dataclass(frozen=True)
class Clip:
    """A take. Splits go by singer and song, never by clip."""

    id: str
    audio: Path
    singer: str
    song: str
    licence: str
    domain: str = ""  # under which standard it was rated
    system: str = ""  # what made it, where a machine did
    language: str = ""
    gender: str = ""
    room: str = ""
    text: str = ""  # lyrics or a description
    split: str = ""  # train, validation, or test and its like (test1, test2); "": as the recipe splits
    synthetic: bool = False
    ratings: tuple[Rating, ...] = ()
    damage: Damaged | None = None

    def mean(self, dimension: str) -> float | None:
        said = [rating.value for rating in self.ratings if rating.dimension == dimension]
        return sum(said) / len(said) if said else None

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(rating.dimension for rating in self.ratings))


@dataclass(frozen=True)
class Pair:
    """Clips by their ids."""

    better: str
    worse: str
    dimension: str
    rater: str = ""


@dataclass(frozen=True)
class Manifest:
    clips: tuple[Clip, ...]
    pairs: tuple[Pair, ...] = ()
    low: float = 1.0  # of the ratings' scale
    high: float = 5.0

    @property
    def dimensions(self) -> tuple[str, ...]:
        rated = [rating.dimension for clip in self.clips for rating in clip.ratings]
        return tuple(dict.fromkeys([*rated, *(pair.dimension for pair in self.pairs)]))

    def only(self, clips: Iterable[Clip]) -> "Manifest":
        """These clips, and the pairs that both lie in them."""
        kept = tuple(clips)
        ids = {clip.id for clip in kept}
        return replace(self, clips=kept, pairs=tuple(pair for pair in self.pairs if {pair.better, pair.worse} <= ids))
