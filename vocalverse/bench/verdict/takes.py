"""Whom releases are tried on, read where they lie: nothing of them is copied into the project.

A folder holds `mir1k` (left the backing, right the voice; `singer_song_clip` in the names), `ravdess_song`, `ssvd` and
`gtsinger` (voices alone), and `rir` (responses of rooms).
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.bench.hearing.data import RATE_HZ, level, read
from vocalverse.errors import BadInput
from vocalverse.training.held import gtsinger_singer, is_held

_RMS = 0.05
_BETWEEN = np.zeros((RATE_HZ // 10, 1), np.float32)  # two clips of one song
_FEMALE = frozenset({"Ani", "ariel", "heycat", "titon"})  # of MIR-1K's singers, as its authors say
_LANGUAGES = {
    "en": "English", "sts-en": "English", "fr": "French", "ge": "German", "sts-ge": "German", "jp": "Japanese",
    "ru": "Russian", "zh": "Chinese", "sts-ch": "Chinese", "svspen": "English", "svspzh": "Chinese",
    "st-parallel-en": "English", "st-parallel-zh": "Chinese", "svs-parallel-fr": "French",
    "svs-parallel-sp": "Spanish", "sts-sp": "Spanish",
}  # fmt: skip
_PLAIN_MANNER = re.compile(r"(control|ground_truth|gt|reference)$", re.IGNORECASE)
_RAVDESS = re.compile(r"03-02-(?P<emotion>0[1-6])-(?P<intensity>0[12])-(?P<statement>0[12])-0[12]-(?P<actor>\d\d)")


class Corpus(StrEnum):
    MIR1K = "mir1k"  # amateurs at a karaoke
    RAVDESS = "ravdess_song"  # actors
    GTSINGER = "gtsinger"  # professional singers
    SSVD = "ssvd"  # voices alone, of all sorts


@dataclass(frozen=True)
class Take:
    """Sound of one singer in one song, out of one file or several."""

    corpus: Corpus
    name: str
    singer: str
    song: str
    files: tuple[Path, ...]
    gender: str = ""
    language: str = ""
    longest_s: float = 60.0  # what is behind that is left out

    @property
    def id(self) -> str:
        return f"{self.corpus.value} {self.name}, {self.longest_s:g} s"

    @property
    def held(self) -> bool:
        """Nothing was learnt from the singer."""
        return is_held(self.singer)

    def voice(self) -> Samples:
        """[frames, 1] at 44.1 kHz."""
        return self._joined(lambda path: read(path)[:, -1:])

    def backing(self) -> Samples:
        """[frames, 1], of a take that has one: as long as the voice, and as loud."""
        return self._joined(lambda path: read(path)[:, :1])

    def _joined(self, part: Callable[[Path], Samples]) -> Samples:
        length, parts = round(self.longest_s * RATE_HZ), []
        for path in self.files:
            parts += [part(path), _BETWEEN]
            if sum(map(len, parts)) >= length:
                break
        return level(np.concatenate(parts)[:length], _RMS, path=self.files[0])


def takes(folder: Path) -> Sequence[Take]:
    """All that lie there, in order. `BadInput` where there is none of a corpus."""
    found = [*_karaoke(folder), *_actors(folder), *_professionals(folder), *_others(folder)]
    missing = set(Corpus) - {take.corpus for take in found}
    if missing:
        raise BadInput(
            f"{folder} has another layout than this bench reads: nothing in {', '.join(sorted(missing))}. --data names"
            " the folder that holds mir1k, ravdess_song, gtsinger, ssvd and rir."
        )
    return found


def spread_out(found: Sequence[Take], count: int) -> Sequence[Take]:
    """At most so many, of as many singers as there are."""
    by_singer = [list(own) for _, own in itertools.groupby(sorted(found, key=_by_singer), lambda take: take.singer)]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_singer))
    return [take for take in turns if take][:count]


def _by_singer(take: Take) -> tuple[str, str]:
    return take.singer, take.name


def _karaoke(folder: Path) -> Iterator[Take]:
    paths = sorted((folder / "mir1k").glob("*_*_*.opus"))
    for song, clips in itertools.groupby(paths, lambda path: path.stem.rpartition("_")[0]):
        singer = song.partition("_")[0]
        gender = "female" if singer in _FEMALE else "male"
        yield Take(Corpus.MIR1K, song, singer, song, tuple(clips), gender, "Chinese")


def _actors(folder: Path) -> Iterator[Take]:
    """Of each actor and statement all that is sung with normal intensity, one emotion after another."""
    named = [
        (match["actor"], match["statement"], path)
        for path in sorted((folder / "ravdess_song").glob("**/*.opus"))
        if (match := _RAVDESS.fullmatch(path.stem)) and match["intensity"] == "01"
    ]
    for (actor, statement), those in itertools.groupby(sorted(named), lambda one: one[:2]):
        gender = "male" if int(actor) % 2 else "female"
        files = tuple(path for _, _, path in those)
        yield Take(Corpus.RAVDESS, f"{actor} {statement}", f"actor{actor}", statement, files, gender, "English")


def _professionals(folder: Path) -> Iterator[Take]:
    """What is sung plainly, without a technique that somebody asked for."""
    for path in sorted((folder / "gtsinger").glob("**/*.opus")):
        if _PLAIN_MANNER.search(path.stem):
            singer = gtsinger_singer(path.stem)
            yield Take(Corpus.GTSINGER, path.stem, singer, path.stem, (path,), language=_language(singer))


def _others(folder: Path) -> Iterator[Take]:
    for path in sorted((folder / "ssvd").glob("**/*.opus")):
        yield Take(Corpus.SSVD, path.stem, path.stem, path.stem, (path,))


def _language(singer: str) -> str:
    """By the longest beginning that is known; empty where none is."""
    known = [start for start in _LANGUAGES if singer.lower().startswith(start)]
    return _LANGUAGES[max(known, key=len)] if known else ""
