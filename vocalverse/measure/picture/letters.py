"""Fonts: the one that comes with Pillow, and those of the system for the letters of other languages."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
    Path.home() / "Library/Fonts",
)
# By the beginnings of their files' names, the better ones first.
_KNOWN = (
    "NotoSans-Regular",
    "DejaVuSans.",
    "LiberationSans-Regular",
    "Arial Unicode",
    "NotoSansCJK-Regular",
    "NotoSansCJKsc-Regular",
    "NotoSansSC",
    "SourceHanSans",
    "wqy-",
    "DroidSansFallback",
    "PingFang",
    "Hiragino Sans",
    "NotoSansJP",
    "ipaexg",
    "ipag",
    "fonts-japanese-gothic",
    "NotoSansKR",
    "NanumGothic.",
    "AppleSDGothicNeo",
)
_KINDS = (".ttf", ".ttc", ".otf")
_NOWHERE = "\U0010ffff"  # a letter that no font has
_WIDE_EM, _NARROW_EM = 1.0, 0.55  # of a letter that no font has


@dataclass(frozen=True)
class Run:
    """Letters that stand side by side in one font."""

    text: str
    font: Font


@dataclass(frozen=True)
class Letters:
    """The fonts, the first ones preferred."""

    files: Sequence[Path | None]  # None: Pillow's own
    _fonts: dict[tuple[int, int], Font] = field(default_factory=dict)
    _known: dict[tuple[int, str], bool] = field(default_factory=dict)

    def runs(self, text: str, size: int) -> list[Run]:
        """In one font, if one has all letters: signs may be of another. Without those that none has."""
        found: list[tuple[int, str]] = []
        for at, letter in self._one_by_one(plain(text)):
            if found and found[-1][0] == at:
                found[-1] = (at, found[-1][1] + letter)
            else:
                found.append((at, letter))
        return [Run(part, self._font(at, size)) for at, part in found]

    def width(self, text: str, size: int) -> float:
        lost = [letter for letter in plain(text) if self._first(letter) is None and not _bare(letter)]
        wide = sum(_WIDE_EM if unicodedata.east_asian_width(letter) in "WF" else _NARROW_EM for letter in lost)
        return sum(run.font.getlength(run.text) for run in self.runs(text, size)) + wide * size

    def lack(self, text: str) -> bool:
        """Some letter of it."""
        return any(self._first(letter) is None and not _bare(letter) for letter in plain(text))

    def _one_by_one(self, text: str) -> Iterator[tuple[int, str]]:
        fonts = range(len(self.files))
        chosen = next((at for at in fonts if all(self._has(at, letter) for letter in text if letter.isalpha())), 0)
        for letter in text:
            at = chosen if self._has(chosen, letter) else self._first(letter)
            if at is not None:
                yield at, letter
            elif bare := _bare(letter):
                yield chosen, bare

    def _first(self, letter: str) -> int | None:
        return next((at for at in range(len(self.files)) if self._has(at, letter)), None)

    def _has(self, at: int, letter: str) -> bool:
        key = (at, letter)
        if key not in self._known:
            font = self._font(at, 16)
            self._known[key] = letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask(_NOWHERE))
        return self._known[key]

    def _font(self, at: int, size: int) -> Font:
        key = (at, size)
        if key not in self._fonts:
            file = self.files[at]
            font = ImageFont.truetype(str(file), size) if file else ImageFont.load_default(size)
            assert isinstance(font, Font)
            self._fonts[key] = font
        return self._fonts[key]


@cache
def of_this_system() -> Letters:
    return Letters((None, *_found()))


def plain(text: str) -> str:
    """One line, and nothing in it that steers anything."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(letter for letter in composed if letter.isprintable())


def _bare(letter: str) -> str:
    """Without its accent, as every font has it; nothing where that is not all that it has."""
    first = unicodedata.normalize("NFKD", letter)[:1]
    return first if first.isascii() and first.isprintable() else ""


def _found() -> list[Path]:
    """At most one file for each known name, and none that cannot be opened."""
    files = [
        file for folder in _FOLDERS if folder.is_dir() for file in folder.rglob("*") if file.suffix.lower() in _KINDS
    ]
    named = [min((file for file in files if file.name.startswith(name)), default=None) for name in _KNOWN]
    return [file for file in named if file is not None and _opens(file)]


def _opens(file: Path) -> bool:
    try:
        ImageFont.truetype(str(file), 16)
    except OSError:
        return False  # somebody's broken font is nothing that a picture should tell
    return True
