"""Who is learnt from and who is judged on: by singer and by song, never by clip.

Where singers and songs fall into groups that share neither, whole groups are dealt out. Where they are entangled, because
many singers sing the same songs, singers and songs are dealt out apart, and a clip whose singer and song came to lie in
different parts is left out. Of several ways to deal, that is taken in which the part that fares worst fares best.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from vocalverse.errors import ManifestBroken, SplitLeaks, TooFew
from vocalverse.training.manifest import Clip, Manifest

_TRIALS = 48
_ENOUGH = 0.5  # of what a part was to have
_FEWEST_SINGERS = 3

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SHARES = {TRAIN: 0.7, VALIDATION: 0.15, TEST: 0.15}


class Apart(StrEnum):
    """What may not lie in two parts."""

    SINGER = "singer"
    SONG = "song"

    def of(self, clip: Clip) -> str:
        return clip.singer if self is Apart.SINGER else clip.song


BOTH = frozenset(Apart)

Parts = Mapping[str, tuple[Clip, ...]]


@dataclass(frozen=True)
class Splits:
    parts: Parts
    left_out: tuple[Clip, ...] = ()  # their singer would be in one part, their song in another

    def __getitem__(self, name: str) -> tuple[Clip, ...]:
        """`test` is all of test1, test2 and so on."""
        return tuple(clip for part, clips in self.parts.items() if _plain(part) == name for clip in clips)


@dataclass(frozen=True)
class Fold:
    learn: tuple[Clip, ...]
    held: tuple[Clip, ...]


def split(
    manifest: Manifest, shares: Mapping[str, float] = SHARES, *, seed: int = 0, apart: frozenset[Apart] = BOTH
) -> Splits:
    """As the manifest says, where it says so; a part that it does not have is taken out of `train`. Raises SplitLeaks
    where a singer or a song is in two parts.
    """
    given = given_splits(manifest)
    if not given:
        return deal(manifest.clips, shares, seed=seed, apart=apart)
    missing = {name: share for name, share in shares.items() if name not in {TRAIN, *map(_plain, given)}}
    left_out: tuple[Clip, ...] = ()
    if missing and TRAIN in given:
        carved = deal(given[TRAIN], {TRAIN: shares.get(TRAIN, 0.7), **missing}, seed=seed, apart=apart)
        given, left_out = {**given, **carved.parts}, carved.left_out
    require_apart(given, apart)
    return Splits(given, left_out)


def deal(
    clips: Sequence[Clip], shares: Mapping[str, float], *, seed: int = 0, apart: frozenset[Apart] = BOTH
) -> Splits:
    """Into parts of about these shares of all clips. The same seed gives the same parts, in whatever order clips come."""
    shares = {name: share for name, share in shares.items() if share > 0}
    if Apart.SINGER in apart and len({clip.singer for clip in clips}) < max(_FEWEST_SINGERS, len(shares)):
        raise _too_few(clips, shares)
    ordered, wanted = sorted(clips, key=lambda clip: clip.id), np.asarray(list(shares.values())) / sum(shares.values())
    found = _dealt(ordered, wanted, seed, apart)
    if not _worst(found, wanted):
        raise _too_few(clips, shares)
    parts = {name: tuple(_where(ordered, found == at)) for at, name in enumerate(shares)}
    require_apart(parts, apart)
    return Splits(parts, tuple(_where(ordered, found < 0)))


def folds(clips: Sequence[Clip], count: int, *, seed: int = 0, apart: frozenset[Apart] = BOTH) -> tuple[Fold, ...]:
    """Each holds back clips that share no singer and no song with those that it learns from."""
    dealt = deal(clips, {str(at): 1.0 for at in range(count)}, seed=seed, apart=apart)
    return tuple(_fold(clips, held, apart) for held in dealt.parts.values())


def require_apart(parts: Parts, apart: frozenset[Apart] = BOTH) -> None:
    """Raises SplitLeaks where a singer or a song lies in two parts. Tests need not be apart from each other."""
    for what in sorted(apart):
        where: defaultdict[str, set[str]] = defaultdict(set)
        for name, clips in parts.items():
            for clip in clips:
                where[what.of(clip)].add(_plain(name))
        leaks = {one: sorted(names) for one, names in sorted(where.items()) if len(names) > 1}
        if leaks:
            first = ", ".join(f"{one!r} in {' and '.join(names)}" for one, names in list(leaks.items())[:3])
            raise SplitLeaks(
                f"{len(leaks)} of {len(where)} {what}s would be learnt from and judged on: {first}. Split by singer and"
                " by song, or leave the splits out and let it be done."
            )


def of_split(manifest: Manifest, name: str, *, apart: frozenset[Apart] = BOTH) -> Manifest:
    """What the manifest itself says is in it, and nobody of whom another part knows; `test` is all tests."""
    given = given_splits(manifest)
    require_apart(given, apart)
    chosen = [clip for part, clips in given.items() if name in (part, _plain(part)) for clip in clips]
    if not chosen:
        raise TooFew(f"No clip is in the split {name!r}; there is {', '.join(given) or 'none'}.")
    return manifest.only(chosen)


def _plain(name: str) -> str:
    return TEST if name.startswith(TEST) else name


def given_splits(manifest: Manifest) -> dict[str, tuple[Clip, ...]]:
    said: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in manifest.clips:
        said[clip.split].append(clip)
    without = said.pop("", [])
    if said and without:
        raise ManifestBroken(
            f"{len(without)} of {len(manifest.clips)} clips have no split, such as {without[0].id!r}, and the others have"
            " one: give all of them one, or none."
        )
    return {name: tuple(clips) for name, clips in said.items()}


# --- dealing out: an array [clips] with each one's part, below 0 where it is in none


_Dealt = npt.NDArray[np.intp]
_Shares = npt.NDArray[np.float64]


def _dealt(clips: Sequence[Clip], wanted: _Shares, seed: int, apart: frozenset[Apart]) -> _Dealt:
    """In whole groups, where that gives every part enough; it leaves nobody out."""
    keys = [[f"{what} {what.of(clip)}" for what in sorted(apart)] or [clip.id] for clip in clips]
    random = np.random.default_rng(seed)
    whole = _deal_groups(_groups(keys), wanted, random)
    if apart != BOTH or _worst(whole, wanted) >= _ENOUGH:
        return whole
    trials = [whole, *(_deal_apart(clips, wanted, random) for _ in range(_TRIALS))]
    return max(trials, key=lambda dealt: _worst(dealt, wanted))


def _groups(keys: Sequence[Sequence[str]]) -> list[int]:
    """Of each clip, a number that it shares with all that it is connected to by a key."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while (above := parent.setdefault(key, key)) != key:
            parent[key] = key = parent[above]
        return key

    for first, *others in keys:
        for other in others:
            parent[root(other)] = root(first)
    numbers: dict[str, int] = {}
    return [numbers.setdefault(root(first), len(numbers)) for first, *_ in keys]


def _deal_groups(groups: Sequence[int], wanted: _Shares, random: np.random.Generator) -> _Dealt:
    """The largest first, each to the part that lacks most."""
    sizes = Counter(groups)
    chance = random.permutation(len(sizes))
    have = np.zeros(len(wanted))
    part: dict[int, int] = {}
    for group in sorted(sizes, key=lambda one: (-sizes[one], chance[one])):
        part[group] = int(np.argmax(wanted * len(groups) - have))
        have[part[group]] += sizes[group]
    return np.asarray([part[group] for group in groups])


def _deal_apart(clips: Sequence[Clip], wanted: _Shares, random: np.random.Generator) -> _Dealt:
    """Singers by their clips; then every song to the part that lacks most of those whose singers sing it."""
    of_singer = _shuffled(Counter(clip.singer for clip in clips), random)
    singers: dict[str, int] = {}
    have = np.zeros(len(wanted))
    for singer, count in of_singer.items():
        singers[singer] = int(np.argmax(wanted - have / len(clips)))
        have[singers[singer]] += count
    sung: defaultdict[str, _Shares] = defaultdict(lambda: np.zeros(len(wanted)))
    for clip in clips:
        sung[clip.song][singers[clip.singer]] += 1
    kept, songs = np.zeros(len(wanted)), {}
    for song in _shuffled(Counter(clip.song for clip in clips), random):
        lacks = np.where(sung[song] > 0, kept / wanted, np.inf)
        songs[song] = int(np.argmin(lacks))
        kept[songs[song]] += sung[song][songs[song]]
    parts = [(singers[clip.singer], songs[clip.song]) for clip in clips]
    return np.asarray([one if one == other else -1 for one, other in parts])


def _shuffled(counts: Counter[str], random: np.random.Generator) -> dict[str, int]:
    names = sorted(counts)
    return {names[at]: counts[names[at]] for at in random.permutation(len(names))}


def _worst(dealt: _Dealt, wanted: _Shares) -> float:
    """How much of what it was to have the part has that fares worst."""
    have = np.bincount(dealt[dealt >= 0], minlength=len(wanted))
    return float(np.min(have / (wanted * len(dealt))))


def _fold(clips: Sequence[Clip], held: tuple[Clip, ...], apart: frozenset[Apart]) -> Fold:
    taken = {what: {what.of(clip) for clip in held} for what in apart}
    ids = {clip.id for clip in held}
    learn = [
        clip
        for clip in clips
        if clip.id not in ids and not any(what.of(clip) in names for what, names in taken.items())
    ]
    if not learn:
        raise TooFew(f"Nothing is left to learn from without the singers and songs of {len(held)} clips held back.")
    return Fold(tuple(learn), held)


def _where(clips: Sequence[Clip], chosen: npt.NDArray[np.bool_]) -> list[Clip]:
    return [clip for clip, yes in zip(clips, chosen, strict=True) if yes]


def _too_few(clips: Sequence[Clip], shares: Mapping[str, float]) -> TooFew:
    singers, songs = (len({what.of(clip) for clip in clips}) for what in Apart)
    return TooFew(
        f"{len(clips)} clips of {singers} singers and {songs} songs give no {len(shares)} parts ({', '.join(shares)}) that"
        " share neither singer nor song: record more of either, or ask for fewer parts."
    )
