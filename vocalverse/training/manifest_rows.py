"""Rows of a manifest, wherever they come from, as clips and pairs. Whatever is wrong is told with its row."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from vocalverse.training.faults import Faults
from vocalverse.training.manifest import Clip, Manifest, Pair, Rating
from vocalverse.training.manifest_damage import damage_of

_NEEDED = ("id", "audio", "singer", "song", "licence")
_NO_TEXT = ("ratings", "synthetic", "damage")
_CLIP_KEYS = tuple(one.name for one in fields(Clip))
_PAIR_KEYS = tuple(one.name for one in fields(Pair))
_RATING_KEYS = tuple(one.name for one in fields(Rating))
_SPLITS = re.compile(r"train|validation|test\w*")
_OURS = ("breath", "technique", "timbre", "emotion")  # what people misspell

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    where: str  # line 3
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Scale:
    low: float = 1.0
    high: float = 5.0

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def manifest_of(rows: Iterable[Row], path: Path, *, scale: Scale | None = None, folder: Path | None = None) -> Manifest:
    """`path` is what they come from; files are named from `folder`, or from where it lies."""
    gathered = _Gathered(Faults(path), folder or path.parent, scale or Scale())
    for at, row in enumerate(rows):
        gathered.take(row, first=at == 0)
    gathered.look_at_all()
    gathered.faults.raise_any()
    return Manifest(
        tuple(clip for _, clip in gathered.clips),
        tuple(pair for _, pair in gathered.pairs),
        gathered.scale.low,
        gathered.scale.high,
    )


class _Gathered:
    def __init__(self, faults: Faults, folder: Path, scale: Scale) -> None:
        self.faults, self.folder, self.scale = faults, folder, scale
        self.ids: set[str] = set()  # of clips that were refused too
        self.clips: list[tuple[str, Clip]] = []
        self.pairs: list[tuple[str, Pair]] = []

    def take(self, row: Row, *, first: bool) -> None:
        def say(what: str) -> None:
            self.faults.add(row.where, what)

        said = {name: value for name, value in row.said.items() if value is not None}
        if "scale" in said and not said.keys() - {"scale"}:
            self._take_scale(said["scale"], say, first=first)
        elif "better" in said or "worse" in said:
            if pair := _pair(said, say):
                self.pairs.append((row.where, pair))
        else:
            self.ids.add(str(said.get("id", "")))
            if clip := _clip(said, self.folder, self.scale, say):
                self.clips.append((row.where, clip))

    def _take_scale(self, said: object, say: Say, *, first: bool) -> None:
        ends = [_number(one) for one in said] if isinstance(said, Sequence) else []
        match ends:
            case [float(low), float(high)] if low < high:
                self.scale = Scale(low, high)
            case _:
                say(f"the scale is {said!r}: give its two ends, such as [1, 5]")
        if not first:
            say("the scale has to stand first, before what it is the scale of")

    def look_at_all(self) -> None:
        """What no row shows alone."""
        if not self.clips and not self.faults.found:
            self.faults.add("all of it", "no clip is listed")
        self._twice("the id", [(where, clip.id) for where, clip in self.clips])
        self._twice("the file", [(where, str(clip.audio.resolve())) for where, clip in self.clips])
        self._pairs_of_known_clips()
        self._dimensions_spelt_alike()

    def _twice(self, what: str, said: Sequence[tuple[str, str]]) -> None:
        first: dict[str, str] = {}
        for where, name in said:
            if name in first:
                self.faults.add(where, f"{what} {name} stands in {first[name]} already: every clip stands there once")
            first.setdefault(name, where)

    def _pairs_of_known_clips(self) -> None:
        for where, pair in self.pairs:
            for name in (pair.better, pair.worse):
                if name not in self.ids:
                    self.faults.add(where, f"no clip has the id {name!r}{_meant(name, sorted(self.ids))}")

    def _dimensions_spelt_alike(self) -> None:
        rated = [(where, one.dimension) for where, clip in self.clips for one in clip.ratings]
        spelt = {name: where for where, name in reversed([*rated, *((where, p.dimension) for where, p in self.pairs)])}
        for name, where in spelt.items():
            alike = [one for one in (*_OURS, *spelt) if one != name and _plain(one) == _plain(name)]
            near = [] if name in _OURS else get_close_matches(name.lower(), _OURS, n=1, cutoff=0.8)
            if name not in _OURS and (alike or near):
                self.faults.add(
                    where, f"the dimension {name!r} is spelt almost as {[*alike, *near][0]!r}: settle on one"
                )


def _clip(said: Mapping[str, Any], folder: Path, scale: Scale, say: Say) -> Clip | None:
    _known(said, _CLIP_KEYS, say)
    text = {name: _text(said, name, say) for name in _CLIP_KEYS if name not in _NO_TEXT}
    if missing := [name for name in _NEEDED if not text[name]]:
        say(f"no {', '.join(missing)}: a clip needs {', '.join(_NEEDED)}")
        return None
    audio = folder / text["audio"]
    if not (is_there := _is_file(audio)):
        say(f"there is no file {audio}")
    if text["split"] and not _SPLITS.fullmatch(text["split"]):
        say(f"the split is {text['split']!r}: say train, validation or test (test1, test2, … where there are several)")
    synthetic = said.get("synthetic", False)
    if not isinstance(synthetic, bool):
        say(f"synthetic is {synthetic!r}: say true or false")
    clip = Clip(
        id=text["id"],
        audio=audio,
        singer=text["singer"],
        song=text["song"],
        licence=text["licence"],
        domain=text["domain"],
        system=text["system"],
        language=text["language"],
        gender=text["gender"],
        room=text["room"],
        text=text["text"],
        split=text["split"],
        synthetic=bool(synthetic),
        ratings=_ratings(said.get("ratings", ()), scale, say),
        damage=damage_of(said["damage"], say) if "damage" in said else None,
    )
    return clip if is_there else None


def _ratings(said: object, scale: Scale, say: Say) -> tuple[Rating, ...]:
    if not isinstance(said, Sequence) or isinstance(said, str):
        say('ratings are a list such as [{"dimension": "breath", "value": 4, "rater": "a"}]')
        return ()
    ratings = tuple(rating for one in said if (rating := _rating(one, scale, say)))
    named = [(rating.dimension, rating.rater) for rating in ratings]
    for dimension, rater in sorted({one for one in named if named.count(one) > 1}):
        say(
            f"{f'{rater!r}' if rater else 'a rater without a name'} rated {dimension} twice: name raters, keep one each"
        )
    return ratings


def _rating(said: object, scale: Scale, say: Say) -> Rating | None:
    if not isinstance(said, Mapping):
        say(f"a rating is {said!r}, no object with dimension and value")
        return None
    said = {name: value for name, value in said.items() if value is not None}
    _known(said, _RATING_KEYS, say)
    dimension, value = _text(said, "dimension", say), _number(said.get("value"))
    if not dimension:
        say("a rating has no dimension")
    elif value is None:
        say(f"the rating of {dimension} is {said.get('value')!r}, no finite number")
    elif value not in scale:
        say(
            f"the rating of {dimension} is {value:g}, and the scale goes from {scale.low:g} to {scale.high:g}: correct it,"
            ' or begin with a line such as {"scale": [0, 10]}'
        )
    else:
        return Rating(dimension, value, _text(said, "rater", say))
    return None


def _pair(said: Mapping[str, Any], say: Say) -> Pair | None:
    _known(said, _PAIR_KEYS, say)
    better, worse, dimension, rater = (_text(said, name, say) for name in _PAIR_KEYS)
    if not (better and worse and dimension):
        say("a pair needs better, worse and dimension")
        return None
    if better == worse:
        say(f"{better!r} is held against itself")
        return None
    return Pair(better, worse, dimension, rater)


def _known(said: Mapping[str, Any], keys: Sequence[str], say: Say) -> None:
    for name in said:
        if name not in keys:
            say(f"unknown key {name!r}{_meant(name, keys) or ': there are ' + ', '.join(keys)}")


def _meant(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f": did you mean {near[0]!r}?" if near else ""


def _text(said: Mapping[str, Any], name: str, say: Say) -> str:
    match said.get(name, ""):
        case str(text):
            return text.strip()
        case bool() | float() | dict() | list() as other:
            say(f"{name} is {other!r}, no text")
            return "?"
        case other:
            return str(other)


def _number(value: object) -> float | None:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:
        number = math.inf
    return number if math.isfinite(number) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no system has such a name
        return False


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
