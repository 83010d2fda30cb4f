"""MIDI files written here byte by byte: times, the track that is sung, its lyrics."""

import struct
from collections.abc import Sequence

import pytest

from vocalverse.errors import NotFound, ReferenceBroken
from vocalverse.measure.reference.melody import Melody, Source
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.read import read_reference

Event = tuple[int, bytes]  # (tick, event)
QUARTER = 480  # ticks; half a second where no tempo is told


def length(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.insert(0, value & 0x7F | 0x80)
    return bytes(groups)


def track(*events: Event, end: bool = True) -> bytes:
    data, now = b"", 0
    for tick, event in sorted(events, key=lambda one: one[0]):
        data += length(tick - now) + event
        now = tick
    data += b"\0\xff\x2f\0" if end else b""
    return b"MTrk" + struct.pack(">I", len(data)) + data


def midi(*tracks: bytes, form: int = 1, division: int = QUARTER) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, form, len(tracks), division) + b"".join(tracks)


def meta(tick: int, kind: int, text: str | bytes) -> Event:
    told = text if isinstance(text, bytes) else text.encode()
    return tick, bytes([0xFF, kind]) + length(len(told)) + told


def name(text: str) -> Event:
    return meta(0, 3, text)


def tempo(tick: int, us_per_quarter: int) -> Event:
    return meta(tick, 0x51, us_per_quarter.to_bytes(3, "big"))


def notes(pitches: Sequence[int], *, channel: int = 1, ticks: int = QUARTER, start: int = 0) -> list[Event]:
    """One after the other."""
    events = []
    for index, pitch in enumerate(pitches):
        at = start + index * ticks
        events += [(at, bytes([0x8F + channel, pitch, 90])), (at + ticks, bytes([0x7F + channel, pitch, 0]))]
    return sorted(events, key=lambda one: (one[0], one[1][0]))


def chords(count: int, *, channel: int) -> list[Event]:
    return [event for pitch in (48, 52, 55) for event in notes([pitch] * count, channel=channel)]


def read(data: bytes, **options: str | int) -> Melody:
    return read_reference(data, name="song.mid", options=ReadOptions(**options))  # type: ignore[arg-type]


def test_ticks_become_seconds_through_all_tempos() -> None:
    tempos = track(tempo(0, 1_000_000), tempo(2 * QUARTER, 250_000))
    melody = read(midi(tempos, track(name("Melody"), *notes([60, 62, 64, 65]))))
    assert [(note.start_s, note.end_s, note.midi) for note in melody.notes] == [
        (0.0, 1.0, 60),
        (1.0, 2.0, 62),
        (2.0, 2.25, 64),
        (2.25, 2.5, 65),
    ]
    assert melody.source is Source.MIDI
    assert melody.octave_is_known


def test_without_a_tempo_a_quarter_lasts_half_a_second() -> None:
    assert read(midi(track(*notes([60])), form=0)).notes[0].end_s == 0.5


def test_a_clock_of_film_frames_knows_no_tempo() -> None:
    division = (256 - 25) << 8 | 40  # 1,000 ticks in a second
    melody = read(midi(track(tempo(0, 123_456), *notes([60], ticks=1_500)), division=division))
    assert melody.notes[0].end_s == 1.5


def test_running_status_and_a_velocity_of_nothing_are_understood() -> None:
    running = b"\0\x90\x3c\x5a" + length(QUARTER) + b"\x3c\0" + b"\0\x3e\x5a" + length(QUARTER) + b"\x3e\0"
    data = running + b"\0\xf0\x03abc\0\xff\x2f\0"
    melody = read(midi(b"MTrk" + struct.pack(">I", len(data)) + data))
    assert [(note.start_s, note.end_s, note.midi) for note in melody.notes] == [(0.0, 0.5, 60), (0.5, 1.0, 62)]


def test_a_file_wrapped_in_riff_is_the_same_file() -> None:
    plain = midi(track(*notes([60, 62])))
    wrapped = b"RIFF" + struct.pack("<I", len(plain) + 12) + b"RMIDdata" + struct.pack("<I", len(plain)) + plain
    assert read(wrapped) == read(plain)


@pytest.mark.parametrize("called", ["Melody", "LEAD VOCAL", "vocals", "主旋律"])
def test_the_track_that_is_called_so_is_sung(called: str) -> None:
    melody = read(
        midi(
            track(name("Piano right"), *notes([72, 74, 76, 77] * 4, channel=2)),
            track(name(called), *notes([60, 62, 64, 65], channel=4)),
            track(name("Backing vocals"), *notes([67, 69, 71, 72] * 4, channel=3)),
        )
    )
    assert [note.midi for note in melody.notes] == [60, 62, 64, 65]
    assert melody.warnings == ()


def test_without_names_the_track_that_goes_with_the_lyrics_is_sung() -> None:
    tune = [60, 62, 64, 65, 67, 65, 64, 62]
    lyrics = [meta(3 + 2 * QUARTER * index, 5, f"la{index} ") for index in range(8)]
    melody = read(
        midi(
            track(*notes([72, 74] * 16, channel=2, ticks=QUARTER // 2)),
            track(*chords(16, channel=3)),
            track(*lyrics, *notes(tune, channel=4, ticks=2 * QUARTER)),
        )
    )
    assert [note.midi for note in melody.notes] == tune
    assert [note.text for note in melody.notes] == [f"la{index}" for index in range(8)]
    assert "Track 3 (channel 4) was taken because its notes go with the lyrics" in melody.warnings[0]


def test_without_lyrics_the_track_of_one_note_at_a_time_in_the_range_of_voices_is_sung() -> None:
    melody = read(
        midi(
            track(*chords(16, channel=1)),
            track(*notes([28, 31] * 8, channel=2)),
            track(*notes([60, 64] * 8, channel=3)),
            track(*notes([36, 38] * 8, channel=10)),
        )
    )
    assert {note.midi for note in melody.notes} == {60, 64}


def test_nothing_but_chords_is_no_melody_and_a_track_may_be_named() -> None:
    data = midi(track(name("A"), *chords(16, channel=1)), track(name("B"), *chords(16, channel=2)))
    with pytest.raises(ReferenceBroken, match=r"none of its tracks looks like a melody.*1 'A' \(channel 1, 48 notes\)"):
        read(data)
    assert {note.midi for note in read(data, part="b").notes} == {55}
    assert read(data, part="2").lines == read(data, channel=2).lines
    with pytest.raises(NotFound, match="There are: 1 'A'"):
        read(data, part="C")


def test_a_file_of_one_track_keeps_its_channels_apart() -> None:
    data = midi(track(*notes([60, 62], channel=1), *notes([48, 50], channel=2)), form=0)
    assert [note.midi for note in read(data, channel=2).notes] == [48, 50]


def test_karaoke_marks_start_lines_and_blanks_part_words() -> None:
    words = [
        *(meta(0, 1, text) for text in ("@KMIDI KARAOKE FILE", "@LENGL", "@TMy Song", "@TMe")),
        *(meta(index * QUARTER, 1, text) for index, text in enumerate(["\\Hel", "lo", " you", "/and", " me"])),
    ]
    melody = read(midi(track(name("Words"), *words), track(name("Melody"), *notes([60, 62, 64, 65, 67]))))
    assert [line.text for line in melody.lines] == ["Hello you", "and me"]
    assert (melody.title, melody.artist, melody.language) == ("My Song", "Me", "ENGL")


def test_lyric_events_end_lines_with_returns_and_a_hyphen_joins_where_there_are_no_blanks() -> None:
    words = [meta(index * QUARTER, 5, text) for index, text in enumerate(["Hel-", "lo", "you\r", "and", "me"])]
    melody = read(midi(track(name("Melody"), *words, *notes([60, 62, 64, 65, 67]))))
    assert [line.text for line in melody.lines] == ["Hello you", "and me"]


def test_a_note_without_a_syllable_goes_on_with_the_one_before() -> None:
    words = [meta(0, 5, "love "), meta(2 * QUARTER, 5, "you ")]
    melody = read(midi(track(name("Melody"), *words, *notes([60, 62, 64]))))
    assert [(note.text, note.continues, note.ends_word) for note in melody.notes] == [
        ("love", False, False),
        ("", True, True),
        ("you", False, True),
    ]


def test_lyrics_in_the_encoding_of_their_author_are_read_with_a_warning() -> None:
    words = [meta(0, 5, "gr\u00fcn ".encode("cp1252"))]
    melody = read(midi(track(name("Melody"), *words, *notes([60]))))
    assert melody.lines[0].text == "grün"
    assert "cp1252" in melody.warnings[0]


def test_a_name_that_nobody_can_read_stops_nothing() -> None:
    melody = read(midi(track(meta(0, 3, b"\x81\xff\x8d"), *notes([60]))))
    assert melody.notes[0].midi == 60


def test_lines_without_lyrics_end_at_rests() -> None:
    melody = read(midi(track(*notes([60, 62, 64]), *notes([65, 67], start=5 * QUARTER))))
    assert [len(line.notes) for line in melody.lines] == [3, 2]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"MThd\0\0", "cut off in its head"),
        (midi(track(*notes([60])), form=2), "format 2"),
        (midi(track(*notes([60])), form=7), "none that the standard knows"),
        (midi(track(*notes([60])), division=0), "no ticks"),
        (midi(track(*notes([60])), division=0x8000), "its clock of 128 frames"),
        (midi(track(tempo(0, 0), *notes([60]))), "byte 29: a tempo of no seconds"),
        (midi(track(*notes([60]))[:-6]), "this MIDI file is cut off here"),
        (midi(track((0, b"\x90\xff\x5a"))), "data above 127"),
        (midi(track((0, b"\xf4"))), "0xf4 is no event"),
        (midi(track((0, b"\x3c\x5a"))), "0x00 is no event"),
        (midi(track()), "nothing to sing"),
        (midi(track(*notes([36], channel=10))), "nothing to sing"),
        (midi(track((0x0FFFFFFF, b"\x90\x3c\x5a"), (0x0FFFFFFF + QUARTER, b"\x80\x3c\0"))), "check its tempo"),
        (midi(b"MTrk\0\0\0\x08\xff\xff\xff\xff\xff\x90\x3c\x5a"), "more than four bytes"),
        (midi(track(*notes([60, 62] * 10_001, ticks=10))), "more than the 20,000"),
        (midi() + b"\0" * 2**20, "MiB are too many"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_song_can_be_is_refused_and_the_byte_named(data: bytes, says: str) -> None:
    with pytest.raises(ReferenceBroken) as refused:
        read(data)
    assert str(refused.value).startswith("song.mid: ")
    assert says in str(refused.value)
