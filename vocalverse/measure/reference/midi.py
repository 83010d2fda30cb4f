"""MIDI and karaoke files (.kar): which track is sung, and what on it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from vocalverse.errors import NotFound, ReferenceBroken
from vocalverse.measure.reference.clock import Clock
from vocalverse.measure.reference.melody import Melody, MelodyNote, Source
from vocalverse.measure.reference.midi_lyrics import Lyrics, fit, lyrics_of, sing
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.smf import MidiFile, MidiNote, parse_smf
from vocalverse.measure.reference.text import decode, find_encoding
from vocalverse.measure.reference.tidy import tidy

# How people call the track that is sung, and what stands beside it under names like that.
_SUNG = re.compile(
    r"melod|voc|\bvox\b|voice|\blead\b|sing|gesang|chant|canto|sopran|solo|主旋律|旋律|歌|メロ|ボーカル", re.IGNORECASE
)
_BESIDE = re.compile(
    r"back|bgv|choir|chor|harm|counter|accomp|guitar|gtr|synth|organ|piano|bass|drum|string|pad\b|brass|伴奏|和声|ギター",
    re.IGNORECASE,
)
_VOICE_RANGE = (36, 88)  # C2 to E6
_MONOPHONIC = 0.5  # share of its time in which a track that could be sung has one note
_NOTES_FOR_A_MELODY = 8
_CANDIDATES_AT_MOST = 256
_MISSED_SYLLABLES = 0.1  # of all


@dataclass(frozen=True)
class _Candidate:
    """What one channel plays in one track."""

    track: int  # from 1
    channel: int
    name: str
    notes: tuple[MidiNote, ...]

    @property
    def is_named(self) -> bool:
        return bool(_SUNG.search(self.name)) and not _BESIDE.search(self.name)

    @property
    def monophony(self) -> float:
        """The share of its sounding time in which no other of its notes sounds."""
        covered, reached = 0, 0
        for note in self.notes:
            covered += max(0, min(reached, note.end_tick) - note.start_tick)
            reached = max(reached, note.end_tick)
        return max(0.0, 1 - covered / sum(note.end_tick - note.start_tick for note in self.notes))

    @property
    def likeness(self) -> float:
        """From 0 to 1: one note at a time, where voices sing, and enough of them."""
        low, high = _VOICE_RANGE
        in_range = sum(low <= note.pitch <= high for note in self.notes) / len(self.notes)
        return self.monophony * in_range * min(1.0, len(self.notes) / _NOTES_FOR_A_MELODY)


def read_midi(data: bytes, *, options: ReadOptions) -> Melody:
    file = parse_smf(data)
    lyrics = lyrics_of(file, asked_encoding=options.encoding)
    candidates = _candidates(file, options.encoding)
    if not candidates:
        raise ReferenceBroken("no note in it has a pitch: there is nothing to sing.")
    if len(candidates) > _CANDIDATES_AT_MOST:
        raise ReferenceBroken(f"it has {len(candidates)} tracks and channels with notes, and no song has as many.")
    chosen, why = _choose(candidates, lyrics, file.clock, options)
    alone = tidy([_in_seconds(chosen.notes, file.clock)])
    if not alone.lines:
        raise ReferenceBroken(f"the notes of track {chosen.track} have no length.")
    sung = sing(alone.lines[0].notes, lyrics.syllables)
    missed = sung.unsung > _MISSED_SYLLABLES * len(lyrics.syllables)
    return Melody(
        lines=tidy(sung.lines).lines,
        source=Source.MIDI,
        title=lyrics.title,
        artist=lyrics.artist,
        language=lyrics.language,
        warnings=(
            *([lyrics.warning] if lyrics.warning else []),
            *([why] if why else []),
            *([f"{sung.unsung} of {len(lyrics.syllables)} syllables have no note of their own."] if missed else []),
            *alone.warnings,
        ),
    )


def _candidates(file: MidiFile, asked_encoding: str | None) -> list[_Candidate]:
    candidates = []
    for number, track in enumerate(file.tracks, 1):
        name = _readable(track.name, asked_encoding)
        by_channel = sorted(track.notes, key=lambda note: note.channel)  # stable: still in the order of time
        for channel, notes in groupby(by_channel, key=lambda note: note.channel):
            candidates.append(_Candidate(number, channel, name, tuple(notes)))
    return candidates


def _readable(name: bytes, asked_encoding: str | None) -> str:
    """A name is only shown and compared: letters that nobody can read stop nothing."""
    try:
        return decode(name, find_encoding(name, asked=asked_encoding)).strip()
    except ReferenceBroken:
        return name.decode("latin-1").strip()


def _choose(
    candidates: Sequence[_Candidate], lyrics: Lyrics, clock: Clock, options: ReadOptions
) -> tuple[_Candidate, str | None]:
    """The track that is sung, and a warning where that was guessed."""
    asked = [one for one in candidates if _is_asked(one, options)]
    if not asked:
        raise NotFound(f"No such track with notes. There are: {_listed(candidates)}.")
    fits = {one: _lyric_fit(one, lyrics, clock) for one in asked}
    best = max(asked, key=lambda one: (one.is_named, fits[one] * one.monophony, one.likeness))
    if len(asked) == 1 or best.is_named:
        return best, None
    if max(fits.values()) == 0 and best.likeness < _MONOPHONIC:
        raise ReferenceBroken(
            f"none of its tracks looks like a melody; name the one that is sung: {_listed(candidates)}."
        )
    reason = "its notes go with the lyrics" if fits[best] else "it looks most like a melody"
    return (
        best,
        f"Track {best.track} (channel {best.channel}) was taken because {reason}. There are: {_listed(candidates)}.",
    )


def _is_asked(one: _Candidate, options: ReadOptions) -> bool:
    part = (options.part or "").strip().casefold()
    return (not part or part in (str(one.track), one.name.casefold())) and options.channel in (None, one.channel)


def _lyric_fit(one: _Candidate, lyrics: Lyrics, clock: Clock) -> float:
    starts = sorted({note.start_tick for note in one.notes})
    return fit([clock.seconds(tick) for tick in starts], lyrics.syllables)


def _listed(candidates: Sequence[_Candidate]) -> str:
    shown = [f"{one.track} {one.name!r} (channel {one.channel}, {len(one.notes)} notes)" for one in candidates[:12]]
    return ", ".join([*shown, "…"] if len(candidates) > 12 else shown)


def _in_seconds(notes: Sequence[MidiNote], clock: Clock) -> list[MelodyNote]:
    return [
        MelodyNote(clock.seconds(note.start_tick), clock.seconds(note.end_tick), float(note.pitch)) for note in notes
    ]
