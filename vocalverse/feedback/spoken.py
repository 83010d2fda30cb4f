"""Numbers in a text in English or Chinese: digits, clock times, shares, and numbers that are written as words."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from vocalverse.feedback.facts import Quantity, Scale

# What may stand behind a number, and what that makes of it. A longer one that begins alike comes first.
_UNITS: Mapping[str, tuple[Scale, ...]] = {
    r"cents?\s*(?:a|per|/)\s*s(?:ec(?:ond)?)?\b": (Scale(Quantity.CENTS_PER_S),),
    r"cents?\b|音分": (Scale(Quantity.CENTS),),
    r"semitones?\b|half[- ]steps?\b|个?半音": (Scale(Quantity.CENTS, 100.0),),
    r"octaves?\b|个?八度": (Scale(Quantity.CENTS, 1200.0),),
    r"db\b|decibels?\b|分贝": (Scale(Quantity.DB),),
    r"hz\b|hertz\b|times a second\b|赫兹?": (Scale(Quantity.HZ),),
    r"ms\b|milliseconds?\b|毫秒": (Scale(Quantity.S, 0.001),),
    r"s\b|sec\b|seconds?\b|秒": (Scale(Quantity.S),),
    r"min\b|minutes?\b|分钟": (Scale(Quantity.S, 60.0),),
    r"%|per ?cent\b": (Scale(Quantity.PERCENT),),
    r"(?:times )?(?:a|per) minute\b|/min\b": (Scale(Quantity.PER_MINUTE),),
    r"(?:out )?of 100\b|/\s*100\b": (Scale(Quantity.MARK),),
    r"(?:out )?of 5\b|/\s*5\b": (Scale(Quantity.SCORE),),
    r"分": (Scale(Quantity.MARK), Scale(Quantity.SCORE)),
    r"[个处次句遍口声条段]": (Scale(Quantity.COUNT),),
}
# What may stand before one.
_BEFORE: Mapping[str, tuple[Scale, ...]] = {
    r"(?<![a-z])lines?\s|第(?=[^秒]*?[句行])": (Scale(Quantity.LINE),),
    r"第(?=[^句行]*?秒)": (Scale(Quantity.AT_S),),
    r"每秒": (Scale(Quantity.CENTS_PER_S), Scale(Quantity.HZ)),
    r"每分钟": (Scale(Quantity.PER_MINUTE),),
    r"百分之": (Scale(Quantity.PERCENT),),
}
_BARE = (Scale(Quantity.COUNT),)


def _listed(words: str) -> list[str]:
    return words.split()


_SMALL = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _listed("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
_ENGLISH = {word: value for value, word in enumerate(_SMALL)} | {word: 10 * at for at, word in enumerate(_TENS, 2)}
_HANZI = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_PARTS = {
    "half": 50.0,
    "一半": 50.0,
    "a third": 100 / 3,
    "two thirds": 200 / 3,
    "a quarter": 25.0,
    "three quarters": 75.0,
}
_ROUGHLY = 5.0  # percent: `half` is said of what lies near it

_DIGITS = r"(?:(?<!\d)[+-])?\d+(?:,\d{3})*(?:\.\d+)?"
_FIGURE = "[零〇一二两三四五六七八九]"
_LETTER = "[零〇一二两三四五六七八九十百千]"
_NUMERALS = rf"{_LETTER}+(?:点{_FIGURE}+)?"
_WORDS = rf"\b(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_SMALL[1:10])}))?|{'|'.join(reversed(_SMALL))})\b"
_NUMBER = rf"(?:{_DIGITS}|{_NUMERALS}|{_WORDS})"
_CLOCK = r"(?:\d+:\d\d(?::\d\d)?(?:\.\d+)?)"
_HANZI_CLOCK = rf"(?:(?:{_DIGITS}|{_NUMERALS})分钟?(?:{_DIGITS}|{_NUMERALS})秒)"
_TIME = rf"(?:{_CLOCK}|{_HANZI_CLOCK})"
_TO = r"\s*(?:-|to|until|至|到)\s*"
_AND = r"\s*(?:-|to|and|or|至|到|和|或)\s*"
_SPACES = r"[ \t]*-?[ \t]*"


@dataclass(frozen=True)
class Heard:
    """A number in a text, as what it may be told: of nothing that is measured where that is empty."""

    quoted: str
    value: float
    slack: float  # what rounding takes or gives
    scales: tuple[Scale, ...]
    signed: bool = False
    until: float | None = None  # of a stretch of time


def numbers_in(text: str) -> Iterator[Heard]:
    """All of them, in their order. What is a digit and fits nowhere is one, too."""
    plain = _plain(text)
    at = 0
    while at < len(plain):
        found = next((heard for pattern in _patterns() if (heard := pattern.match(plain, at))), None)
        if found is None:
            at += 1
            continue
        yield _heard(found, after_letter=plain[at - 1 : at].isascii() and plain[at - 1 : at].isalpha())
        at = found.end()


def _plain(text: str) -> str:
    """One way of writing for all dashes, colons and widths."""
    return re.sub("[‐‑‒–—−~]", "-", unicodedata.normalize("NFKC", text)).lower()


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    units = "|".join(f"(?P<unit{at}>{written})" for at, written in enumerate(_UNITS))
    before = "|".join(f"(?P<before{at}>{written})" for at, written in enumerate(_BEFORE))
    idioms = rf"(?!十分(?!之|钟|\d|{_FIGURE}))(?!一[个处次句遍口声条段])"
    many = rf"(?:{_DIGITS}|(?={_LETTER}*[十百]){_LETTER}{{2,}}|(?!zero|one\b){_WORDS})"  # `one` is said of anything
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"(?P<from>{_TIME}){_TO}(?P<to>{_TIME})",
            rf"(?P<from>{_TIME})",
            rf"(?<![a-z])(?P<part>{'|'.join(_PARTS)})\b(?![ -]?(?:a )?(?:step|tone|semitone|音))",
            rf"(?P<whole>{_NUMERALS}|\d+)分之(?P<share>{_NUMERALS}|\d+)",
            rf"(?<![a-z])(?P<line>{'|'.join(_ORDINALS)}|\d+(?:st|nd|rd|th))\s+lines?\b",
            rf"(?:{before}){_SPACES}(?P<number>{_NUMBER})(?:{_SPACES}(?:音分|赫兹?|次))?",
            rf"{idioms}(?P<number>{_NUMBER}){_SPACES}(?:{units})",
            rf"{idioms}(?P<number>{_NUMBER})(?={_AND}{_NUMBER}{_SPACES}(?:{units}))",
            rf"(?<![\d])(?P<number>{many})",
        )
    )


def _heard(found: re.Match[str], *, after_letter: bool) -> Heard:
    said = {name: text for name, text in found.groupdict().items() if text is not None}
    quoted = found[0].strip()
    if "from" in said:
        until = _seconds(said["to"]) if "to" in said else None
        return Heard(quoted, _seconds(said["from"]), 0.5, (Scale(Quantity.AT_S),), until=until)
    if "part" in said:
        return Heard(quoted, _PARTS[said["part"]], _ROUGHLY, (Scale(Quantity.PERCENT),))
    if "line" in said:
        return Heard(quoted, _ordinal(said["line"]), 0.5, (Scale(Quantity.LINE),))
    if "share" in said:
        percent = 100 * _value(said["share"]) / (_value(said["whole"]) or 1.0)
        return Heard(quoted, percent, 0.5 if said["whole"] == "百" else _ROUGHLY, (Scale(Quantity.PERCENT),))
    number = said["number"]
    scales = () if after_letter and number[0].isdigit() else _scales(said)
    digits = len(number.partition("." if "." in number else "点")[2])
    return Heard(quoted, _value(number), 0.5 * 10.0**-digits, scales, signed=number[0] in "+-")


def _scales(said: Mapping[str, str]) -> tuple[Scale, ...]:
    for kinds, name in ((_UNITS, "unit"), (_BEFORE, "before")):
        for at, scales in enumerate(kinds.values()):
            if f"{name}{at}" in said:
                return scales
    return _BARE


def _seconds(clock: str) -> float:
    parts = [part for part in re.split("[:分钟秒]+", clock) if part]
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + _value(part)
    return seconds


def _value(number: str) -> float:
    if number[-1].isdigit():
        return float(number.replace(",", ""))
    if number[0].isascii():
        return float(sum(_ENGLISH[word] for word in re.split("[- ]", number)))
    whole, _, behind = number.partition("点")
    fraction = "".join(str(_HANZI[letter]) for letter in behind)
    return _hanzi(whole) + (float(f"0.{fraction}") if fraction else 0.0)


def _ordinal(word: str) -> float:
    return float(word[:-2]) if word[0].isdigit() else _ORDINALS.index(word) + 1.0


def _hanzi(whole: str) -> float:
    """三十五 is 35, and 三五 said digit by digit too."""
    if not set(whole) & set(_PLACES):
        return float("".join(str(_HANZI[letter]) for letter in whole))
    total, digit = 0.0, 0.0
    for letter in whole:
        if letter in _PLACES:
            total += (digit or 1.0) * _PLACES[letter]
            digit = 0.0
        else:
            digit = float(_HANZI[letter])
    return total + digit
