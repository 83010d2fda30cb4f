"""What stands above the notes of an UltraStar chart: `#KEY:value`, one to a line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.clock import seconds_per_beat
from vocalverse.measure.reference.melody import Offsets

NUMBER = r"[-+]?[0-9]{1,9}(?:[.,][0-9]{0,9})?"

_HEADER = re.compile(r"#([^:]{1,40}):(.*)")
_GAP_AT_MOST_S = 600.0
_BEATS_PER_TOLD_BEAT = 4  # the grid is four times as fine as #BPM says


@dataclass(frozen=True)
class Header:
    s_per_beat: float
    offsets: Offsets
    relative: bool  # each line counts its beats from where the last one ended
    title: str | None
    artist: str | None
    language: str | None


@dataclass(frozen=True)
class _Told:
    value: str
    line: int


def header_of(lines: list[str]) -> Header:
    """From everywhere in the file: some write a header between the notes."""
    told: dict[str, _Told] = {}
    for number, text in enumerate(lines, 1):
        if match := _HEADER.match(text.lstrip()):
            told.setdefault(match[1].strip().upper(), _Told(match[2].strip(), number))
    if "BPM" not in told:
        raise ReferenceBroken("it has no #BPM: without a tempo, no note of a chart has a time.")
    return Header(
        s_per_beat=beat_s(told["BPM"].value, line=told["BPM"].line),
        offsets=Offsets(
            gap_s=_seconds(told, "GAP", unit_s=1e-3) or 0.0,
            starts_s=_seconds(told, "START", unit_s=1.0),
            ends_s=_seconds(told, "END", unit_s=1e-3),
        ),
        relative=(_text(told, "RELATIVE") or "").upper() == "YES",
        title=_text(told, "TITLE"),
        artist=_text(told, "ARTIST"),
        language=_text(told, "LANGUAGE"),
    )


def declared(data: bytes, key: bytes) -> str | None:
    """A value that must be known before the text can be read: its encoding, its language."""
    found = re.search(rb"^[ \t]*#" + key + rb"[ \t]*:([ -~]{1,60})", data[:65_536], re.MULTILINE | re.IGNORECASE)
    return found[1].decode("ascii").strip() if found else None


def beat_s(beats_per_minute: str, *, line: int) -> float:
    try:
        return seconds_per_beat(number(beats_per_minute, line=line)) / _BEATS_PER_TOLD_BEAT
    except ReferenceBroken as error:
        raise ReferenceBroken(f"line {line}: {error}".removesuffix(".") + ".") from None


def number(text: str, *, line: int) -> float:
    """With a comma as people write it in half of Europe. Neither NaN nor infinity."""
    if not re.fullmatch(NUMBER, text):
        raise ReferenceBroken(f"line {line}: {text[:40]!r} is no number.")
    return float(text.replace(",", "."))


def _seconds(told: Mapping[str, _Told], key: str, *, unit_s: float) -> float | None:
    if not (entry := told.get(key)) or not entry.value:
        return None
    seconds = number(entry.value, line=entry.line) * unit_s
    if key == "GAP" and abs(seconds) > _GAP_AT_MOST_S:
        raise ReferenceBroken(f"line {entry.line}: a #GAP of {seconds:,.0f} s: it is written in milliseconds.")
    return seconds


def _text(told: Mapping[str, _Told], key: str) -> str | None:
    return (told[key].value or None) if key in told else None
