"""What one example is: a take with what was said of it, or two takes of which one was found better."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from vocalverse.errors import TooFew
from vocalverse.training.manifest import Clip, Manifest
from vocalverse.training.recipe import Target

_PARTNERS = 6  # that each clip is compared with: all pairs of a thousand clips are half a million


@dataclass(frozen=True)
class Row:
    """A take as a head hears it; a rater's name tells the head whose word is asked."""

    clip: str
    rater: str = ""


@dataclass(frozen=True)
class Lesson:
    row: Row
    scores: tuple[float, ...]  # by dimension, not a number where nothing was said


@dataclass(frozen=True)
class Comparison:
    better: str
    worse: str
    dimension: int


@dataclass(frozen=True)
class Wanted:
    """What is known of the rows of a batch."""

    scores: Tensor  # [rows, dimensions], not a number where nothing was said
    better: Tensor  # [comparisons], rows
    worse: Tensor
    dimension: Tensor  # [comparisons]


@dataclass(frozen=True)
class Asked:
    rows: tuple[Row, ...]
    wanted: Wanted


def lessons(
    manifest: Manifest, clips: Sequence[Clip], dimensions: Sequence[str], target: Target
) -> tuple[Lesson | Comparison, ...]:
    """Of these clips. Raises TooFew where there are none."""
    made: tuple[Lesson | Comparison, ...]
    match target:
        case Target.MEAN:
            made = tuple(_of_means(clips, dimensions))
        case Target.RATERS:
            made = tuple(_of_raters(clips, dimensions))
        case Target.PAIRS:
            made = tuple(_given(manifest, clips, dimensions)) or tuple(_compared(clips, dimensions))
    if not made:
        raise TooFew(f"Nobody said anything of {', '.join(dimensions)} in the {len(clips)} clips to learn from.")
    return made


def asked(chosen: Sequence[Lesson | Comparison], dimensions: int) -> Asked:
    """All of them in one batch; a clip of two comparisons is heard once."""
    if not chosen or isinstance(chosen[0], Lesson):
        alone = [lesson for lesson in chosen if isinstance(lesson, Lesson)]
        scores = torch.tensor([lesson.scores for lesson in alone]).reshape(len(alone), dimensions)
        none = torch.zeros(0, dtype=torch.long)
        return Asked(tuple(lesson.row for lesson in alone), Wanted(scores, none, none, none))
    pairs = [lesson for lesson in chosen if isinstance(lesson, Comparison)]
    names = list(dict.fromkeys(clip for pair in pairs for clip in (pair.better, pair.worse)))
    at = {name: number for number, name in enumerate(names)}
    columns = ([at[p.better] for p in pairs], [at[p.worse] for p in pairs], [p.dimension for p in pairs])
    unsaid = torch.full((len(names), dimensions), float("nan"))
    return Asked(tuple(map(Row, names)), Wanted(unsaid, *(torch.tensor(column) for column in columns)))


def clips_of(lesson: Lesson | Comparison) -> tuple[str, ...]:
    return (lesson.row.clip,) if isinstance(lesson, Lesson) else (lesson.better, lesson.worse)


def _of_means(clips: Sequence[Clip], dimensions: Sequence[str]) -> Iterator[Lesson]:
    for clip in clips:
        said = [clip.mean(dimension) for dimension in dimensions]
        if any(value is not None for value in said):
            yield Lesson(Row(clip.id), tuple(float("nan") if value is None else value for value in said))


def _of_raters(clips: Sequence[Clip], dimensions: Sequence[str]) -> Iterator[Lesson]:
    for clip in clips:
        for rater in dict.fromkeys(rating.rater for rating in clip.ratings):
            said = {rating.dimension: rating.value for rating in clip.ratings if rating.rater == rater}
            if any(dimension in said for dimension in dimensions):
                yield Lesson(Row(clip.id, rater), tuple(said.get(d, float("nan")) for d in dimensions))


def _given(manifest: Manifest, clips: Sequence[Clip], dimensions: Sequence[str]) -> Iterator[Comparison]:
    """Both of a pair have to be among the clips."""
    among = {clip.id for clip in clips}
    for pair in manifest.pairs:
        if pair.dimension in dimensions and pair.better in among and pair.worse in among:
            yield Comparison(pair.better, pair.worse, list(dimensions).index(pair.dimension))


def _compared(clips: Sequence[Clip], dimensions: Sequence[str]) -> Iterator[Comparison]:
    """Where nobody compared: what one rater gave to one clip against what the same rater gave to another."""
    for number, dimension in enumerate(dimensions):
        for first, second in _partners(clips):
            theirs = _by_rater(second, dimension)
            votes = [mine - theirs[rater] for rater, mine in _by_rater(first, dimension).items() if rater in theirs]
            if lead := sum(votes):
                better, worse = (first, second) if lead > 0 else (second, first)
                yield Comparison(better.id, worse.id, number)


def _by_rater(clip: Clip, dimension: str) -> dict[str, float]:
    return {rating.rater: rating.value for rating in clip.ratings if rating.dimension == dimension}


def _partners(clips: Sequence[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Each with some others, spread over all."""
    count = len(clips)
    if count <= 2 * _PARTNERS:
        yield from combinations(clips, 2)
        return
    steps = dict.fromkeys(1 + (count - 2) // 2 * step // _PARTNERS for step in range(_PARTNERS))
    for at, clip in enumerate(clips):
        yield from ((clip, clips[(at + step) % count]) for step in steps)
