"""What lies below the sung line: words, breaths, phrases and the time."""

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vocalverse.measure.picture import colours
from vocalverse.measure.picture.asked import Asked, AskedLine
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.scale import Scale
from vocalverse.measure.picture.shapes import Box, Curve, Shape, Words, line
from vocalverse.measure.take import Measured

# Heights.
WORDS, BREATHS, SECONDS = 33.0, 13.0, 17.0
_LEVELS = 2  # of words, so that quick lines do not push each other away
_LEVEL, _SIZE = 13.0, 11
_TICK_S = 5


@dataclass(frozen=True)
class _Word:
    left: float
    right: float
    text: str


def words(asked: Asked, scale: Scale, letters: Letters) -> Iterator[Shape]:
    free = [scale.left] * _LEVELS
    for one in asked.lines:
        if not one.text or not scale.row.start_s <= one.start_s < scale.row.end_s:
            continue
        begins = scale.x(one.start_s)
        level = next((at for at in range(_LEVELS) if free[at] <= begins), int(np.argmin(free)))
        placed = list(_placed(one, free[level], scale, letters))
        over = max(0.0, placed[-1].right - scale.right)  # the last line of a row is not to leave the page
        back = min(over, placed[0].left - free[level])
        for word in placed:
            y, colour = scale.bottom + 13 + level * _LEVEL, colours.OFF if one.missed else colours.INK
            yield Words(word.left - back, y, word.text, _SIZE, colour)
        free[level] = placed[-1].right - back


def _placed(asked: AskedLine, free: float, scale: Scale, letters: Letters) -> Iterator[_Word]:
    """Each word where it begins; the whole line where that is all that is known."""
    begun, start_s = "", asked.start_s
    for note in asked.notes:
        start_s = start_s if begun else note.start_s
        begun += note.text
        if begun and (note.ends_word or _is_wide(note.text)):
            left = max(free, scale.x(start_s))
            free = left + letters.width(begun, _SIZE) + 3
            yield _Word(left, free, begun)
            begun = ""
    if rest := begun if asked.notes else asked.text:
        left = max(free, scale.x(start_s))
        yield _Word(left, left + letters.width(rest, _SIZE) + 3, rest)


def _is_wide(text: str) -> bool:
    """Chinese, Japanese and Korean: what is sung on a note stands for itself."""
    return any(unicodedata.east_asian_width(letter) == "W" for letter in text)


def breaths(measured: Measured, scale: Scale, y: float) -> Iterator[Shape]:
    """Red where they cut a word."""
    cutting = {one.breath for one in measured.breathing.in_words or ()}
    for index, breath in enumerate(measured.breathing.breaths):
        if scale.row.overlaps(breath.start_s, breath.end_s):
            left, colour = scale.x(breath.start_s), colours.OFF if index in cutting else colours.AIR
            yield Box(left, y - 3, max(3.0, scale.x(breath.end_s) - left), 6, colour, rounded=3)


def phrases(measured: Measured, scale: Scale, y: float) -> Iterator[Shape]:
    """Each as a bracket under what is sung in it; red where the air was used up before its end."""
    airless = {end.phrase for end in measured.breathing.ends if end.out_of_air}
    for index, phrase in enumerate(measured.phrases):
        if scale.row.overlaps(phrase.start_s, phrase.end_s):
            start, end = scale.x(phrase.start_s), scale.x(phrase.end_s)
            yield Curve(np.asarray([(start, y - 3), (start, y), (end, y), (end, y - 3)]), colours.GREY)
            if index in airless:
                yield line(max(start, end - 14), y, end, y, colours.OFF, 2.4)


def time(scale: Scale, y: float) -> Iterator[Shape]:
    yield line(scale.left, y, scale.right, y, colours.PALE)
    for second in range(math.ceil(scale.row.start_s), int(scale.row.end_s) + 1):
        x, told = scale.x(second), second % _TICK_S == 0
        yield line(x, y, x, y + (4 if told else 2), colours.PALE)
        if told:
            yield line(x, scale.top, x, scale.bottom, colours.GRID)
            yield Words(x, y + 13, f"{second // 60}:{second % 60:02d}", 9, colours.GREY, "middle")
