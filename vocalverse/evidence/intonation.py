"""Evidence of intonation: against the song where it is known, else against the scale that the take itself makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vocalverse.evidence.kind import Found, Kind, Moment, Unit
from vocalverse.evidence.moments import plainest
from vocalverse.measure.free.scale import ScaleNote, scattered
from vocalverse.measure.take import AgainstSong, Measured

_FARTHEST_CENTS = 100.0  # another note: farther off is no worse
_LONGEST_S = 0.5  # a long note counts no more
# Without a song, notes first have to make a scale, and what lies on it may still be the wrong note.
_MAKE_SCALE_S, _WITHOUT_SONG = 2.0, 0.5
_MEANT = 0.85  # of a song's notes: charts are wrong in places, and singers decorate
_PHRASE_NOTES, _BY_CHANCE_NOTES = 3, 4
_HIGH_SHARE = 0.2  # of notes
_HIGH_NOTES = 4
_QUICK_S = 0.22


@dataclass(frozen=True)
class _Tuned:
    notes: tuple[ScaleNote, ...]
    by_song: bool

    def found(self, notes: Sequence[ScaleNote]) -> Found:
        return Found(self.off_cents(notes), self.sure * sum(_counts(note) for note in notes))

    @property
    def sure(self) -> float:
        """What a second of it is worth."""
        seconds = sum(_counts(note) for note in self.notes)
        return 1.0 if self.by_song else _WITHOUT_SONG * max(0.0, 1 - _MAKE_SCALE_S / seconds)

    def off_cents(self, notes: Sequence[ScaleNote]) -> float:
        off, counts = np.asarray([(note.off_cents, _counts(note)) for note in notes]).T
        if not self.by_song:
            return scattered(float(np.average(off, weights=counts)))
        nearest = np.argsort(off)
        within = np.cumsum(counts[nearest]) <= max(_MEANT * counts.sum(), counts[nearest[0]])
        return float(np.average(off[nearest][within], weights=counts[nearest][within]))


def _notes_off(measured: Measured) -> Found | None:
    """How far notes are off their pitches, in the mean."""
    tuned = _tuned(measured)
    if tuned is None:
        return None
    phrases = [
        [note for note in tuned.notes if phrase.start_s <= (note.start_s + note.end_s) / 2 < phrase.end_s]
        for phrase in measured.phrases
    ]
    moments = [
        Moment(notes[0].start_s, notes[-1].end_s, _phrase_off(tuned, notes))
        for notes in phrases
        if len(notes) >= _PHRASE_NOTES
    ]
    return replace(tuned.found(tuned.notes), moments=plainest(moments))


def _phrase_off(tuned: _Tuned, notes: Sequence[ScaleNote]) -> float:
    """A few notes may be far from the scale by chance: without a song, a phrase is told between itself and the take."""
    if tuned.by_song:
        return tuned.off_cents(notes)
    alone = len(notes) / (len(notes) + _BY_CHANCE_NOTES)
    return alone * tuned.off_cents(notes) + (1 - alone) * tuned.off_cents(tuned.notes)


def _high_notes_off(measured: Measured) -> Found | None:
    """The same of the highest: who has the song's range in hand sings them as the others."""

    def highest(notes: Sequence[ScaleNote]) -> list[ScaleNote]:
        from_midi = np.quantile([note.midi for note in notes], 1 - _HIGH_SHARE)
        return [note for note in notes if note.midi >= from_midi]

    return _some_off(measured, highest)


def _quick_notes_off(measured: Measured) -> Found | None:
    """The same of the shortest: a voice that is agile meets them, too."""
    return _some_off(measured, lambda notes: [note for note in notes if note.end_s - note.start_s < _QUICK_S])


def _some_off(measured: Measured, which: Callable[[Sequence[ScaleNote]], Sequence[ScaleNote]]) -> Found | None:
    tuned = _tuned(measured)
    some = which(tuned.notes) if tuned else ()
    if tuned is None or len(some) < _HIGH_NOTES:
        return None
    return replace(
        tuned.found(some), moments=plainest([Moment(note.start_s, note.end_s, note.off_cents) for note in some])
    )


def _tuned(measured: Measured) -> _Tuned | None:
    song = measured.against_song
    if isinstance(song, AgainstSong) and song.intonation:
        return _Tuned(_against(song), by_song=True)
    scale = measured.by_itself.scale
    return _Tuned(scale.notes, by_song=False) if scale else None


def _against(song: AgainstSong) -> tuple[ScaleNote, ...]:
    notes = []
    for note in song.intonation.notes if song.intonation else ():
        midi = song.melody.lines[note.line].notes[note.note].midi
        if midi is not None:
            notes.append(ScaleNote(note.start_s, note.end_s, midi, min(abs(note.cents), _FARTHEST_CENTS)))
    return tuple(notes)


def _counts(note: ScaleNote) -> float:
    return min(note.end_s - note.start_s, _LONGEST_S)


KINDS = (
    Kind("notes_off", Unit.CENTS, _notes_off),
    Kind("high_notes_off", Unit.CENTS, _high_notes_off),
    Kind("quick_notes_off", Unit.CENTS, _quick_notes_off),
)
