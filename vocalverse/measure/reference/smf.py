"""Standard MIDI files: bytes → tracks of notes and texts, in ticks. After the specification of 1996."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.clock import Clock, Tempo

_TRACKS_AT_MOST = 512
_EVENTS_AT_MOST = 400_000
_DEFAULT_US_PER_QUARTER = 500_000
_PERCUSSION = 9  # the tenth channel


class Meta(IntEnum):
    TEXT = 1
    NAME = 3
    LYRIC = 5
    END = 0x2F
    TEMPO = 0x51


@dataclass(frozen=True)
class MidiNote:
    start_tick: int
    end_tick: int
    pitch: int
    channel: int  # 1 to 16


@dataclass(frozen=True)
class MidiText:
    tick: int
    kind: Meta
    letters: bytes


@dataclass
class Track:
    notes: list[MidiNote] = field(default_factory=list)
    texts: list[MidiText] = field(default_factory=list)  # the name too
    tempos: list[tuple[int, int]] = field(default_factory=list)  # (tick, µs per quarter)

    @property
    def name(self) -> bytes:
        return next((text.letters for text in self.texts if text.kind is Meta.NAME), b"")


@dataclass(frozen=True)
class MidiFile:
    tracks: tuple[Track, ...]
    clock: Clock  # of ticks


def parse_smf(data: bytes) -> MidiFile:
    """Raises ReferenceBroken, also for a track that is cut off."""
    data = _out_of_riff(data)
    if len(data) < 14 or not data.startswith(b"MThd"):
        raise ReferenceBroken("this MIDI file is cut off in its head.")
    length, form, _, division = struct.unpack(">IHHH", data[4:14])
    if form == 2:
        raise ReferenceBroken("this is a MIDI file of format 2, a bundle of patterns: save the song as format 0 or 1.")
    if form > 2 or length < 6:
        raise ReferenceBroken("the head of this MIDI file is none that the standard knows.")
    tracks, at = [], 8 + length
    while at + 8 <= len(data):
        size = struct.unpack(">I", data[at + 4 : at + 8])[0]
        if data[at : at + 4] == b"MTrk":
            tracks.append(_TrackReader(data, at + 8, min(len(data), at + 8 + size)).read())
        at += 8 + size
        if len(tracks) > _TRACKS_AT_MOST:
            raise ReferenceBroken(f"it has more than {_TRACKS_AT_MOST} tracks.")
    return MidiFile(tuple(tracks), _clock(division, tracks))


def _out_of_riff(data: bytes) -> bytes:
    return data[20:] if data.startswith(b"RIFF") and data[20:24] == b"MThd" else data


def _clock(division: int, tracks: list[Track]) -> Clock:
    if division & 0x8000:  # frames in a second, as films count; there is no tempo then
        frames, ticks = 256 - (division >> 8), division & 0xFF
        if frames not in (24, 25, 29, 30) or not ticks:
            raise ReferenceBroken(f"its clock of {frames} frames in a second is none that the standard knows.")
        return Clock.of([Tempo(0, 1 / ((30_000 / 1001 if frames == 29 else frames) * ticks))])
    if not division:
        raise ReferenceBroken("its quarter note has no ticks, so that nothing in it has a time.")
    told = sorted(change for track in tracks for change in track.tempos)
    us_per_quarter = [(0, _DEFAULT_US_PER_QUARTER), *told]
    return Clock.of(Tempo(tick, us / 1e6 / division) for tick, us in us_per_quarter)


@dataclass
class _TrackReader:
    data: bytes
    at: int
    end: int
    tick: int = 0
    status: int = 0
    track: Track = field(default_factory=Track)
    sounding: dict[tuple[int, int], int] = field(default_factory=dict)  # (channel, pitch) → start

    def read(self) -> Track:
        events = 0
        while self.at < self.end:
            self.tick += self._length()
            status = self._byte()
            if status < 0x80:
                self.at -= 1
                status = self.status
            if not self._event(status):
                break
            events += 1
            if events > _EVENTS_AT_MOST:
                raise ReferenceBroken(f"byte {self.at}: a track of more than {_EVENTS_AT_MOST:,} events.")
        self.track.notes.sort(key=lambda note: (note.start_tick, note.pitch))
        return self.track

    def _event(self, status: int) -> bool:
        """False at the end of the track."""
        match status:
            case 0xFF:
                kind = self._byte()
                return self._meta(kind, self._bytes(self._length()))
            case 0xF0 | 0xF7:
                self._bytes(self._length())
            case _ if 0x80 <= status < 0xF0:
                self.status = status
                first = self._byte()
                second = 0 if status >> 4 in (0xC, 0xD) else self._byte()
                if first > 0x7F or second > 0x7F:
                    raise ReferenceBroken(f"byte {self.at - 1}: this MIDI file is damaged: data above 127.")
                if status >> 4 in (0x8, 0x9):
                    self._key(status & 0xF, first, on=status >> 4 == 0x9 and second > 0)
            case _:
                raise ReferenceBroken(f"byte {self.at - 1}: this MIDI file is damaged: {status:#04x} is no event.")
        return True

    def _meta(self, kind: int, told: bytes) -> bool:
        if kind == Meta.TEMPO and len(told) == 3:
            us_per_quarter = int.from_bytes(told, "big")
            if not us_per_quarter:
                raise ReferenceBroken(f"byte {self.at}: a tempo of no seconds to the quarter note.")
            self.track.tempos.append((self.tick, us_per_quarter))
        elif kind in (Meta.TEXT, Meta.NAME, Meta.LYRIC):
            self.track.texts.append(MidiText(self.tick, Meta(kind), told))
        return kind != Meta.END

    def _key(self, channel: int, pitch: int, *, on: bool) -> None:
        """A key that goes down again has come up before, even where the file forgot to say it."""
        if channel == _PERCUSSION:
            return
        if (start_tick := self.sounding.pop((channel, pitch), None)) is not None and start_tick < self.tick:
            self.track.notes.append(MidiNote(start_tick, self.tick, pitch, channel + 1))
        if on:
            self.sounding[channel, pitch] = self.tick

    def _length(self) -> int:
        """A number in groups of seven bits, of at most four bytes."""
        value = 0
        for _ in range(4):
            byte = self._byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise ReferenceBroken(f"byte {self.at}: this MIDI file is damaged: a number of more than four bytes.")

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        if self.at + count > self.end:
            raise ReferenceBroken(f"byte {self.at}: this MIDI file is cut off here: copy it anew.")
        self.at += count
        return self.data[self.at - count : self.at]
