"""The lyrics of a MIDI file, as lyric events or in the way of .kar files, and the notes that they are sung on."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.melody import MelodyNote
from vocalverse.measure.reference.smf import Meta, MidiFile, MidiText
from vocalverse.measure.reference.text import decode, find_encoding
from vocalverse.measure.reference.tidy import split_at_rests

NEAR_S = 0.15  # a syllable's event may lie this far from the start of its note
_COMPARED = 1_000  # syllables tell whether a track goes with them
_SYLLABLES_AT_MOST = 10_000
_TOUCHES_S = 0.1  # a melisma goes on without a rest
_WORDS_TRACK = re.compile(rb"words|lyric|karaoke", re.IGNORECASE)


@dataclass(frozen=True)
class Syllable:
    at_s: float
    text: str  # with the blanks that part words
    starts_line: bool


@dataclass(frozen=True)
class Lyrics:
    syllables: tuple[Syllable, ...] = ()
    title: str | None = None
    artist: str | None = None
    language: str | None = None
    warning: str | None = None  # where the encoding was guessed


def lyrics_of(file: MidiFile, *, asked_encoding: str | None) -> Lyrics:
    texts = _longest(file, Meta.LYRIC) or _kar(file)
    encoding = find_encoding(b"\n".join(text.letters for text in texts), asked=asked_encoding)
    told = [(text.tick, decode(text.letters, encoding)) for text in texts]
    facts = [text for _, text in told if text.startswith("@")]
    titles = [text[2:].strip() for text in facts if text.startswith("@T")]
    return Lyrics(
        syllables=_syllables([one for one in told if not one[1].startswith("@")], file.clock.seconds),
        title=next(iter(titles), None),
        artist=next(iter(titles[1:]), None),
        language=next((text[2:].strip() for text in facts if text.startswith("@L")), None),
        warning=encoding.warning,
    )


def _longest(file: MidiFile, kind: Meta) -> list[MidiText]:
    return max(([text for text in track.texts if text.kind is kind] for track in file.tracks), key=len, default=[])


def _kar(file: MidiFile) -> list[MidiText]:
    """Plain text events are lyrics only in a track that says so, by its name or by the marks of lines."""
    found: list[MidiText] = []
    for track in file.tracks:
        texts = [text for text in track.texts if text.kind is Meta.TEXT]
        marked = any(text.letters[:1] in (b"/", b"\\") for text in texts) or _WORDS_TRACK.search(track.name)
        found = texts if marked and len(texts) > len(found) else found
    facts = [text for track in file.tracks for text in track.texts if text.kind is Meta.TEXT]
    return [*(text for text in facts if found and text not in found[:32] and text.letters[:1] == b"@"), *found]


def _syllables(told: Sequence[tuple[int, str]], seconds: Callable[[float], float]) -> tuple[Syllable, ...]:
    syllables: list[Syllable] = []
    new_line = True
    if len(told) > _SYLLABLES_AT_MOST:
        raise ReferenceBroken(f"it has {len(told):,} syllables, and no song has as many.")
    for tick, text in sorted(told, key=lambda one: one[0]):
        new_line = new_line or text[:1] in ("/", "\\", "\r", "\n")
        plain = text.lstrip("/\\\r\n")
        letters = plain.rstrip("\r\n")
        if letters.strip():
            syllables.append(Syllable(seconds(tick), letters, new_line))
            new_line = False
        new_line = new_line or plain != letters
    return _with_blanks(syllables)


def _with_blanks(syllables: Sequence[Syllable]) -> tuple[Syllable, ...]:
    """Some files write no blanks: there a hyphen joins syllables, and everything else ends a word."""
    if any(syllable.text[0].isspace() or syllable.text[-1].isspace() for syllable in syllables):
        return tuple(syllables)
    return tuple(
        replace(one, text=one.text[:-1] if one.text.endswith("-") and len(one.text) > 1 else f"{one.text} ")
        for one in syllables
    )


def fit(starts_s: Sequence[float], syllables: Sequence[Syllable]) -> float:
    """From 0 to 1, how well notes that start there go with the syllables: an F-measure."""
    compared = syllables[:_COMPARED]
    if not starts_s or not compared:
        return 0.0
    if len(syllables) > _COMPARED:
        starts_s = starts_s[: bisect_right(starts_s, compared[-1].at_s + NEAR_S)]
    sung = sum(_nearest(starts_s, one.at_s) is not None for one in compared) if starts_s else 0
    return 2 * min(sung, len(starts_s)) / (len(starts_s) + len(compared))


def _nearest(starts_s: Sequence[float], at_s: float) -> int | None:
    after = bisect_right(starts_s, at_s)
    near = [index for index in (after - 1, after) if 0 <= index < len(starts_s)]
    best = min(near, key=lambda index: abs(starts_s[index] - at_s))
    return best if abs(starts_s[best] - at_s) <= NEAR_S else None


@dataclass(frozen=True)
class Sung:
    lines: list[list[MelodyNote]]
    unsung: int  # syllables without a note near them


def sing(notes: Sequence[MelodyNote], syllables: Sequence[Syllable]) -> Sung:
    """The notes with their syllables, in the lines of the lyrics where these know lines."""
    starts_s = [note.start_s for note in notes]
    texts = [""] * len(notes)
    line_starts: set[int] = set()
    unsung = 0
    for syllable in syllables:
        index = _nearest(starts_s, syllable.at_s)
        unsung += index is None
        index = max(0, bisect_right(starts_s, syllable.at_s) - 1) if index is None else index
        texts[index] += syllable.text
        if syllable.starts_line:
            line_starts.add(index)
    sung = _with_texts(notes, texts)
    if len(line_starts) < 2:
        return Sung(split_at_rests(sung), unsung)
    edges = sorted({0, *line_starts, len(sung)})
    return Sung([sung[begin:end] for begin, end in pairwise(edges)], unsung)


def _with_texts(notes: Sequence[MelodyNote], texts: Sequence[str]) -> list[MelodyNote]:
    sung: list[MelodyNote] = []
    follows = [*texts[1:], " "]
    for note, text, after in zip(notes, texts, follows, strict=True):
        touches = bool(sung) and note.start_s - sung[-1].end_s < _TOUCHES_S
        melisma = not text and touches and bool(sung[-1].text or sung[-1].continues)
        ends = text[-1:].isspace() or after[:1].isspace()
        sung.append(replace(note, text=" ".join(text.split()), ends_word=ends, continues=melisma))
    return sung
