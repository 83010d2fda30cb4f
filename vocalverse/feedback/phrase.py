"""What is said of a piece of evidence, as `phrases/*.toml` have it, and how sentences are put together.

`{value}` is the measurement with its unit, where it shows most plainly or of the whole take; `{size}` is the same without
its sign. When it was is put behind. What raised a score is told as praise, what lowered it as advice.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vocalverse.errors import VocalVerseError
from vocalverse.records import Language
from vocalverse.toml import WrongError, from_table, read_table

_FOLDER = Path(__file__).with_name("phrases")
_SENTENCES = Path(__file__).with_name("sentences.toml")
_PLACEHOLDERS = frozenset({"value", "size"})


class PhrasesBroken(VocalVerseError):
    """What comes with the package cannot be read: it was tampered with, or is not whole."""

    code = "phrases_broken"


@dataclass(frozen=True)
class Said:
    en: str
    zh: str
    when: bool = True  # with the moment, where there is one

    def tongue(self, language: Language) -> str:
        return self.en if language is Language.EN else self.zh

    @property
    def placeholders(self) -> frozenset[str]:
        return _placeholders(self.en) | _placeholders(self.zh)


@dataclass(frozen=True)
class Phrase:
    """Where neither more nor less is better, advice depends on the side of the best."""

    raised: Said
    lowered: Said | None = None
    best: float | None = None
    above: Said | None = None
    below: Said | None = None

    def advice(self, value: float) -> Said:
        side = self.lowered if self.best is None else self.above if value > self.best else self.below
        assert side is not None  # held when it was read
        return side


@dataclass(frozen=True)
class Joined:
    """A sentence around praise, advice, or both."""

    both: Said
    praise: Said
    advice: Said

    def around(self, praise: str, advice: str, language: Language) -> str:
        """Empty where there is neither."""
        if not (praise or advice):
            return ""
        frame = self.both if praise and advice else self.praise if praise else self.advice
        text = frame.tongue(language).format(praise=praise, advice=advice)
        return text[0].upper() + text[1:]


@dataclass(frozen=True)
class OfLines:
    """What is said of lines of the song: the best one, and one that is off by more, by less, or anyhow."""

    best: Said
    more: Said
    less: Said
    off: Said


@dataclass(frozen=True)
class Sentences:
    when: Said
    thanks: Said
    dimension: Joined
    overall: Joined
    lines: dict[str, OfLines]  # pitch, rhythm
    reasons: dict[str, Said]
    remarks: dict[str, Said]  # of those that the singer may hear of
    figured: dict[str, Said]  # reasons again, where the figures in them are known


@cache
def phrases() -> Mapping[str, Phrase]:
    """By the evidence's name."""
    read: dict[str, Phrase] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for name, table in _table(path).items():
            read[name] = _phrase(path, name, table)
    return MappingProxyType(read)


@cache
def sentences() -> Sentences:
    try:
        return from_table(Sentences, _table(_SENTENCES))
    except WrongError as error:
        raise _broken(_SENTENCES, error) from None


def _phrase(path: Path, name: str, table: dict[str, Any]) -> Phrase:
    try:
        phrase = from_table(Phrase, table, name)
        _require_sides(name, phrase)
    except WrongError as error:
        raise _broken(path, error) from None
    return phrase


def _require_sides(name: str, phrase: Phrase) -> None:
    sided = [one is not None for one in (phrase.best, phrase.above, phrase.below)]
    if any(sided) != all(sided) or any(sided) == (phrase.lowered is not None):
        raise WrongError(f"{name} says either `lowered`, or `best`, `above` and `below`.")
    for said in (phrase.raised, phrase.lowered, phrase.above, phrase.below):
        if said and (unknown := said.placeholders - _PLACEHOLDERS):
            raise WrongError(f"{name} asks for {', '.join(sorted(unknown))}.")


def _table(path: Path) -> dict[str, Any]:
    try:
        return read_table(path)
    except WrongError as error:
        raise _broken(path, error) from None


def _broken(path: Path, error: WrongError) -> PhrasesBroken:
    return PhrasesBroken(f"{path}: {error} Install VocalVerse anew.")


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
