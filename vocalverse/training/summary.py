"""What a manifest holds, in numbers."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

from vocalverse.errors import SplitLeaks
from vocalverse.training.manifest import Clip, Manifest


@dataclass(frozen=True)
class Dimension:
    dimension: str
    clips: int  # that were rated
    ratings: int
    raters: int  # with a name
    rated_twice: int  # clips that two raters and more rated: what agreement can be told from
    mean: float | None
    spread: float | None  # standard deviation of the clips' means
    pairs: int


@dataclass(frozen=True)
class Summary:
    clips: int
    pairs: int
    singers: int
    songs: int
    hours: float
    unreadable: int  # files whose length no one can tell
    licences: dict[str, int]
    splits: dict[str, int]
    domains: dict[str, int]
    dimensions: tuple[Dimension, ...]
    same_sound: tuple[tuple[str, ...], ...]  # ids of clips that are the same file under several names


def summary(manifest: Manifest) -> Summary:
    clips = manifest.clips
    lengths = [_seconds(clip.audio) for clip in clips]
    known = [length for length in lengths if length is not None]
    return Summary(
        clips=len(clips),
        pairs=len(manifest.pairs),
        singers=len({clip.singer for clip in clips}),
        songs=len({clip.song for clip in clips}),
        hours=sum(known) / 3600,
        unreadable=len(clips) - len(known),
        licences=_counted([clip.licence for clip in clips]),
        splits=_counted([clip.split for clip in clips if clip.split]),
        domains=_counted([clip.domain for clip in clips if clip.domain]),
        dimensions=tuple(_dimension(manifest, name) for name in manifest.dimensions),
        same_sound=same_sound(clips),
    )


def same_sound(clips: Sequence[Clip]) -> tuple[tuple[str, ...], ...]:
    """Files of the same bytes. Only those of the same size are read."""
    sizes: defaultdict[int, list[Clip]] = defaultdict(list)
    for clip in clips:
        sizes[clip.audio.stat().st_size].append(clip)
    digests: defaultdict[bytes, list[str]] = defaultdict(list)
    for alike in sizes.values():
        for clip in alike if len(alike) > 1 else ():
            with clip.audio.open("rb") as file:
                digests[hashlib.file_digest(file, "sha256").digest()].append(clip.id)
    return tuple(tuple(ids) for ids in digests.values() if len(ids) > 1)


def require_one_split(manifest: Manifest, same: Sequence[Sequence[str]]) -> None:
    """Of the same sound, whoever is said to sing it."""
    splits = {clip.id: clip.split for clip in manifest.clips}
    for ids in same:
        if len({splits[name] for name in ids}) > 1:
            raise SplitLeaks(
                f"{' and '.join(f'{name} ({splits[name]})' for name in ids[:3])} are the same recording, in different"
                " splits: keep one of them."
            )


def _dimension(manifest: Manifest, name: str) -> Dimension:
    raters = [[one.rater for one in clip.ratings if one.dimension == name] for clip in manifest.clips]
    means = [mean for clip in manifest.clips if (mean := clip.mean(name)) is not None]
    return Dimension(
        dimension=name,
        clips=len(means),
        ratings=sum(map(len, raters)),
        raters=len({rater for each in raters for rater in each if rater}),
        rated_twice=sum(len(each) > 1 for each in raters),
        mean=fmean(means) if means else None,
        spread=pstdev(means) if means else None,
        pairs=sum(pair.dimension == name for pair in manifest.pairs),
    )


def _seconds(path: Path) -> float | None:
    import soundfile

    try:
        return float(soundfile.info(path).duration)
    except (soundfile.LibsndfileError, OSError):
        return None


def _counted(names: Sequence[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())
