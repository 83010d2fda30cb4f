"""MusicXML: what is written becomes what is sung, and what a hostile file asks for is refused."""

import io
import zipfile
from collections.abc import Sequence

import pytest

from vocalverse.errors import NotFound, ReferenceBroken
from vocalverse.measure.reference.melody import Melody, NoteKind, Source
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.read import read_reference
from vocalverse.measure.reference.score_order import Marks, played_order

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)


def note(pitch: str | None, quarters: float = 1, lyric: str = "", *, more: str = "") -> str:
    """`pitch` like C4 or F#4, None for a rest; two divisions to a quarter. `lyric` like "1:hel-" or "love"."""
    head = "<rest/>"
    if pitch:
        alter = f"<alter>{pitch.count('#') - pitch.count('b')}</alter>"
        head = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    return f"<note>{head}<duration>{round(2 * quarters)}</duration>{more}{''.join(map(verse, lyric.split('|')))}</note>"


def verse(lyric: str) -> str:
    if not lyric:
        return ""
    number, _, text = lyric.rpartition(":")
    syllabic = "begin" if text.endswith("-") else "single"
    return (
        f'<lyric number="{number or 1}"><syllabic>{syllabic}</syllabic><text>{text.removesuffix("-")}</text>'
        f"<extend/></lyric>"
    )


def sound(tempo: int) -> str:
    return f'<sound tempo="{tempo}"/>'


def score(*parts: Sequence[str], names: Sequence[str] = (), head: str = DOCTYPE) -> bytes:
    """Each part as the insides of its measures. A quarter note lasts half a second where no tempo is written."""
    listed = "".join(
        f'<score-part id="P{number}"><part-name>{names[number - 1] if names else ""}</part-name></score-part>'
        for number in range(1, len(parts) + 1)
    )
    written = "".join(
        f'<part id="P{number}">'
        + "".join(
            f'<measure number="{index}">{"<attributes><divisions>2</divisions></attributes>" if index == 1 else ""}'
            f"{measure}</measure>"
            for index, measure in enumerate(measures, 1)
        )
        + "</part>"
        for number, measures in enumerate(parts, 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<score-partwise version="4.0"><work><work-title>Song</work-title>'
        f'</work><identification><creator type="composer">Me</creator></identification>'
        f"<part-list>{listed}</part-list>{written}</score-partwise>"
    ).encode()


def read(data: bytes, **options: str | int) -> Melody:
    return read_reference(data, name="song.xml", options=ReadOptions(**options))  # type: ignore[arg-type]


def spans(melody: Melody) -> list[tuple[float, float]]:
    return [(note.start_s, note.end_s) for note in melody.notes]


TEMPO = sound(60)
REPEAT = '<barline location="right"><repeat direction="backward"/></barline>'
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'


def ending(number: str, inside: str, *, repeat: bool) -> str:
    back = '<repeat direction="backward"/>' if repeat else ""
    return (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>{inside}'
        f'<barline location="right"><ending number="{number}" type="stop"/>{back}</barline>'
    )


def test_notes_have_the_times_and_pitches_of_the_score() -> None:
    melody = read(
        score([TEMPO + note("C4", 1, "Hel-") + note("F#4", 0.5, "lo") + note(None, 0.5) + note("Bb3", 2, "you")])
    )
    assert spans(melody) == [(0.0, 1.0), (1.0, 1.5), (2.0, 4.0)]
    assert [note.midi for note in melody.notes] == [60, 66, 58]
    assert [line.text for line in melody.lines] == ["Hello", "you"]  # the rest parts them
    assert (melody.source, melody.title, melody.artist) == (Source.MUSICXML, "Song", "Me")
    assert melody.octave_is_known
    assert melody.warnings == ()


def test_a_tempo_may_change_and_may_be_written_as_a_mark_for_people() -> None:
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>40</per-minute></metronome></direction-type></direction>"
    )
    melody = read(score([mark + note("C4") + sound(120) + note("D4"), note("E4")]))
    assert spans(melody) == [(0.0, 1.0), (1.0, 1.5), (1.5, 2.0)]


def test_a_score_without_a_tempo_says_so() -> None:
    assert "no tempo" in read(score([note("C4")])).warnings[0]


def test_tied_notes_are_one_and_grace_notes_have_no_length() -> None:
    grace = "<note><grace/><pitch><step>D</step><octave>4</octave></pitch></note>"
    tied = note("C4", 2, "la", more='<tie type="start"/>'), note("C4", 1, more='<tie type="stop"/>')
    melody = read(score([TEMPO + grace + tied[0], tied[1] + note("D4", 1)]))
    assert spans(melody) == [(0.0, 3.0), (3.0, 4.0)]
    assert [note.continues for note in melody.notes] == [False, True]


def test_a_transposed_part_sounds_where_it_sounds() -> None:
    horn = "<attributes><transpose><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose></attributes>"
    assert read(score([TEMPO + horn + note("C5")])).notes[0].midi == 58


def test_what_is_spoken_has_a_rhythm_and_no_pitch() -> None:
    unpitched = "<note><unpitched/><duration>2</duration></note>"
    melody = read(score([TEMPO + unpitched + note("C4", 1, "hey", more="<notehead>x</notehead>")]))
    assert [(note.midi, note.kind) for note in melody.notes] == [(None, NoteKind.RAP)] * 2


def test_of_a_chord_the_highest_note_is_sung_and_a_second_voice_is_another_singer() -> None:
    chord = note("C4", 1, "la") + note("E4", 1).replace("<note>", "<note><chord/>")
    below = "<backup><duration>2</duration></backup>" + note("A3", 1, more="<voice>2</voice>")
    melody = read(score([TEMPO + chord + below + note("D4", 1, "la")]))
    assert [(note.start_s, note.midi, note.text) for note in melody.notes] == [(0, 64, "la"), (1, 62, "la")]


def test_a_pickup_is_as_long_as_its_notes() -> None:
    melody = read(score([TEMPO + note("G3", 1), note("C4", 4)]))
    assert spans(melody) == [(0.0, 1.0), (1.0, 5.0)]


def test_a_measure_is_as_long_as_the_part_that_fills_it() -> None:
    piano = [TEMPO + note("C3", 4), note("C3", 4)]
    melody = read(score([note("C4", 1, "one"), note("D4", 1, "two")], piano))
    assert spans(melody) == [(0.0, 1.0), (4.0, 5.0)]


def test_a_part_that_overfills_its_measure_does_not_hold_up_the_others() -> None:
    melody = read(score([TEMPO + note("C4", 4, "one"), note("D4", 4, "two")], [note("C3", 8), note("C3", 4)]))
    assert spans(melody) == [(0.0, 4.0), (4.0, 8.0)]


def test_each_repeat_sings_the_next_verse_and_its_own_ending() -> None:
    measures = [
        TEMPO + FORWARD + note("C4", 1, "1:one|2:two"),
        ending("1", note("D4", 1, "first"), repeat=True),
        ending("2", note("E4", 1, "last"), repeat=False),
        note("F4", 1, "end"),
    ]
    melody = read(score(measures))
    assert [note.text for note in melody.notes] == ["one", "first", "two", "last", "end"]
    assert spans(melody) == [(float(at), at + 1.0) for at in range(5)]
    assert [note.text for note in read(score(measures), verse=2).notes][:1] == ["two"]


def test_a_repeat_marked_in_another_part_alone_is_a_repeat_of_all() -> None:
    melody = read(score([TEMPO + note("C3") + REPEAT], [note("C4", 1, "la")]))
    assert [note.midi for note in melody.notes] == [60, 60]


@pytest.mark.parametrize(
    ("measures", "order"),
    [
        ([Marks(), Marks(backward_times=2), Marks()], "01012"),
        ([Marks(), Marks(forward=True), Marks(backward_times=3)], "0121212"),
        ([Marks(forward=True), Marks(endings=frozenset({1}), backward_times=2), Marks()], "0102"),
        (
            [
                Marks(),
                Marks(endings=frozenset({1, 2}), backward_times=2),
                Marks(endings=frozenset({3})),
                Marks(backward_times=2),
                Marks(),
            ],
            "010102334",
        ),
        ([Marks(), Marks(backward_times=2), Marks(endings=frozenset({2})), Marks()], "010123"),
        ([Marks(), Marks(jumps=frozenset({"fine"})), Marks(jumps=frozenset({"dacapo"}))], "01201"),
        (
            [
                Marks(),
                Marks(targets=frozenset({"segno"})),
                Marks(jumps=frozenset({"tocoda"})),
                Marks(jumps=frozenset({"dalsegno"})),
                Marks(targets=frozenset({"coda"})),
            ],
            "0123124",
        ),
        (
            [
                Marks(),
                Marks(endings=frozenset({1}), backward_times=2),
                Marks(endings=frozenset({2}), jumps=frozenset({"dacapo"})),
                Marks(),
            ],
            "0102023",
        ),
    ],
    ids=[
        "repeat",
        "three times",
        "first ending alone",
        "three passes",
        "second ending alone",
        "da capo",
        "dal segno",
        "endings after da capo",
    ],
)
def test_measures_are_played_as_musicians_play_them(measures: list[Marks], order: str) -> None:
    assert "".join(str(played.measure) for played in played_order(measures)) == order


def test_the_part_with_lyrics_is_sung_and_another_may_be_named() -> None:
    data = score([TEMPO + note("C3", 2)], [note("C4", 1, "la") + note("D4")], names=["Piano", "Anna"])
    assert [note.midi for note in read(data).notes] == [60, 62]
    for part in ("piano", "P1", "1"):
        assert [note.midi for note in read(data, part=part).notes] == [48]
    with pytest.raises(NotFound, match="There are: 1 'Piano', 2 'Anna'"):
        read(data, part="Bert")


def test_without_lyrics_a_part_called_so_is_sung_and_otherwise_the_first() -> None:
    parts = [TEMPO + note("C3")], [note("C4")]
    assert read(score(*parts, names=["Piano", "Soprano"])).notes[0].midi == 60
    guessed = read(score(*parts, names=["A", "B"]))
    assert guessed.notes[0].midi == 48
    assert "the first was taken" in guessed.warnings[0]


def test_a_timewise_score_is_the_same_the_other_way_round() -> None:
    partwise = score([TEMPO + note("C4", 1, "one"), note("D4", 1, "two")])
    measures = [
        "<attributes><divisions>2</divisions></attributes>" + TEMPO + note("C4", 1, "one"),
        note("D4", 1, "two"),
    ]
    inside = "".join(
        f'<measure number="{number}"><part id="P1">{measure}</part></measure>'
        for number, measure in enumerate(measures, 1)
    )
    head = partwise.decode().partition("<part-list>")[0].replace("partwise", "timewise")
    part_list = '<part-list><score-part id="P1"><part-name/></score-part></part-list>'
    assert read(f"{head}{part_list}{inside}</score-timewise>".encode()) == read(partwise)


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return out.getvalue()


def test_a_zipped_score_is_found_through_its_container_or_without() -> None:
    plain = score([TEMPO + note("C4")])
    container = b'<container><rootfiles><rootfile full-path="right.xml"/></rootfiles></container>'
    packed = zipped(**{"wrong_xml": b"<x/>", "right_xml": plain, "META-INF__container_xml": container})
    assert read(packed) == read(plain) == read(zipped(song_musicxml=plain))


def test_lines_without_rests_end_where_a_clause_does() -> None:
    words = ["Lift", "ev'ry", "voice", "and", "sing,", "", "till", "earth", "ring."]
    melody = read(score([TEMPO + "".join(note("C4", 1, word) for word in words)]))
    assert [line.text for line in melody.lines] == ["Lift ev'ry voice and sing,", "till earth ring."]
    assert melody.lines[0].notes[-1].continues


def test_utf16_is_read() -> None:
    plain = score([TEMPO + note("C4", 1, "愛")])
    assert read(plain.decode().replace("UTF-8", "UTF-16").encode("utf-16")) == read(plain)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY a{index} "&a{index - 1 or ""};&a{index - 1 or ""};">' for index in range(1, 30)
)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (score([note("C4")], head=LAUGHS + "]>"), "it declares entities"),
        (score([note("C4")], head='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "it declares entities"),
        (score([note("C4")], head='<!DOCTYPE x [<!ENTITY % a SYSTEM "http://x/y.dtd"> %a;]>'), "it declares entities"),
        (b"<score-partwise>" + b"<a>" * 100_000, "line 1: elements nested"),
        (b"<score-partwise>" + b"<a/>" * 400_001, "elements nested or repeated"),
        (score([note("C4")])[:-20], "this XML is damaged"),
        (b"<?xml version='1.0' encoding='unicode_escape'?><score-partwise/>", "save it as UTF-8"),
        (b"<html/>", "<html> is no score"),
        (score([note(None)]), "there is no note in it"),
        (score([note("H4")]), "measure 1: a note called 'H'"),
        (score([note("C4"), note("C9").replace(">9<", ">12<")]), "measure 2: the note C12 would sound at 156"),
        (score([note("C4").replace("<duration>2", "<duration>nan")]), "measure 1: 'nan' is no number"),
        (score([note("C4").replace("<duration>2", "<duration>-2")]), "measure 1: a duration below nothing"),
        (score([note("C4").replace("<duration>2", "<duration>99999999")]), "check its tempo"),
        (score(["<attributes><divisions>0</divisions></attributes>" + note("C4")]), "has to have divisions"),
        (score([sound(0) + note("C4")]), "measure 1: a tempo of 0 beats"),
        (score([note("C4")] * 10_001), "more than 10,000 measures"),
        (b"PK\x03\x04" + b"x" * 100, "this zip file is damaged"),
        (zipped(readme_txt=b"hello"), "holds no MusicXML"),
        (zipped(song_xml=b" " * (2**24 + 1)), "unpacked it has more than 16 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_score_can_be_is_refused_and_the_place_named(data: bytes, says: str) -> None:
    with pytest.raises(ReferenceBroken) as refused:
        read(data)
    assert str(refused.value).startswith("song.xml: ")
    assert says in str(refused.value)
