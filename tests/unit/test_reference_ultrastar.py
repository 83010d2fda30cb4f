"""UltraStar charts: beats to seconds, words, duets, encodings, and what is refused."""

import pytest

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.melody import BOTH, SOLO, Line, Melody, NoteKind
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.read import read_reference

HEAD = "#TITLE:Song\n#ARTIST:Singer\n#BPM:150\n#GAP:1000\n"  # a beat of 0.1 s


def chart(body: str, *, head: str = HEAD) -> Melody:
    return read_reference((head + body).encode(), name="song.txt")


def spans(line: Line) -> list[tuple[float, float]]:
    return [(note.start_s, note.end_s) for note in line.notes]


def test_a_beat_is_a_quarter_of_the_told_one_and_starts_after_the_gap() -> None:
    melody = chart(": 0 4 0 La\n: 10 5 -3 la\nE\n")
    assert spans(melody.lines[0]) == [(1.0, 1.4), (2.0, 2.5)]
    assert [note.midi for note in melody.notes] == [60, 57]
    assert (melody.title, melody.artist, melody.offsets.gap_s) == ("Song", "Singer", 1.0)
    assert not melody.octave_is_known
    assert melody.warnings == ()


@pytest.mark.parametrize("bpm", ["312,5", "312.5"])
def test_a_tempo_may_be_written_with_a_comma(bpm: str) -> None:
    melody = chart(": 25 25 0 La\nE\n", head=f"#BPM: {bpm}\n#GAP: 500,5\n")
    assert spans(melody.lines[0]) == [(1.7005, 2.9005)]


def test_the_kinds_of_notes_say_what_counts() -> None:
    melody = chart(": 0 1 5 a\n* 1 1 5 b\nR 2 1 5 c\nG 3 1 5 d\nF 4 1 5 e\nE\n")
    assert [note.kind for note in melody.notes] == list(NoteKind)
    assert [note.midi for note in melody.notes] == [65, 65, None, None, None]


@pytest.mark.parametrize(
    "body",
    [": 0 1 0 Hel\n: 1 1 0 lo\n: 2 1 0  you\n: 3 1 0 ~\n: 4 1 0  there\n- 5\n: 6 1 0 All\nE", None],
    ids=["leading", "trailing"],
)
def test_blanks_before_or_after_syllables_part_words(body: str | None) -> None:
    melody = chart(body or ": 0 1 0 Hel\n: 1 1 0 lo \n: 2 1 0 you\n: 3 1 0 ~ \n: 4 1 0 there \n- 5\n: 6 1 0 All \nE")
    assert [line.text for line in melody.lines] == ["Hello you there", "All"]
    assert [note.ends_word for note in melody.notes] == [False, True, False, True, True, True]
    assert [note.continues for note in melody.notes] == [False, False, False, True, False, False]


def test_a_tilde_in_front_of_letters_goes_on_with_the_word() -> None:
    melody = chart(": 0 1 0 i\n: 1 1 2 ~n\n: 2 1 4  love\nE\n")
    assert melody.lines[0].text == "in love"
    assert [note.text for note in melody.notes] == ["i", "n", "love"]


def test_a_relative_chart_counts_each_line_from_where_the_last_one_said() -> None:
    relative = chart(": 0 4 0 one\n- 8 10\n: 0 4 0 two\n- 10\n: 2 4 0 three\nE\n", head=HEAD + "#RELATIVE:YES\n")
    absolute = chart(": 0 4 0 one\n- 8\n: 10 4 0 two\n- 20\n: 22 4 0 three\nE\n")
    assert relative.lines == absolute.lines


def test_a_relative_chart_that_does_not_say_so_is_told_what_it_needs() -> None:
    with pytest.raises(ReferenceBroken, match=r"song.txt: line 7: time runs backwards.*#RELATIVE:YES"):
        chart(": 10 4 0 one\n- 8 10\n: 0 4 0 two\nE\n")


def test_the_tempo_changes_where_a_line_says_so() -> None:
    melody = chart(": 0 10 0 a\nB 10 75\n: 10 5 0 b\nB 20 300\n: 20 20 0 c\nE\n")
    assert spans(melody.lines[0]) == [(1.0, 2.0), (2.0, 3.0), (4.0, 5.0)]


def test_in_a_duet_each_sings_their_lines_and_what_both_sing_is_one_line() -> None:
    shared = "- 18\n: 20 4 7 both\n"
    melody = chart(f"P1\n: 0 4 0 he\n{shared}P2\n: 10 4 4 she\n{shared}E\n", head=HEAD + "#P1:He\n#DUETSINGERP2:She\n")
    assert [(line.text, line.singers) for line in melody.lines] == [
        ("he", SOLO),
        ("she", frozenset({2})),
        ("both", BOTH),
    ]
    assert [line.text for line in melody.for_singer(2).lines] == ["she", "both"]


def test_the_third_singer_of_old_duets_is_both() -> None:
    melody = chart("P 1\n: 0 4 0 he\nP 2\n: 10 4 4 she\nP 3\n: 20 4 7 both\nE\n")
    assert [(line.text, line.singers) for line in melody.lines] == [
        ("he", SOLO),
        ("she", frozenset({2})),
        ("both", BOTH),
    ]


@pytest.mark.parametrize(
    ("encoding", "head", "words", "guessed"),
    [
        ("utf-8", "", "größer 歌", False),
        ("utf-8-sig", "", "größer 歌", False),
        ("utf-16", "", "größer 歌", False),
        ("cp1252", "#ENCODING:CP1252\n", "größer", False),
        ("cp1250", "#ENCODING:CP1250\n", "źdźbło", False),
        ("utf-8", "#ENCODING:CP1252\n", "größer", False),
        ("cp1252", "", "größer", True),
        ("cp1250", "#LANGUAGE:Polish\n", "źdźbło", True),
        ("cp932", "#LANGUAGE:Japanese\n", "きみのうた", True),
        ("cp932", "", "きみのうた", True),
        ("gb18030", "", "月亮代表我的心", True),
    ],
)
def test_letters_are_read_in_the_encoding_of_the_file(encoding: str, head: str, words: str, guessed: bool) -> None:
    data = f"#TITLE:{words}\n{head}#BPM:100\n: 0 4 0 {words}\nE\n".encode(encoding)
    melody = read_reference(data)
    assert (melody.title, melody.lines[0].text) == (words, words)
    assert bool(melody.warnings) == guessed


@pytest.mark.parametrize(
    ("encoding", "words"), [("gb18030", "月亮代表我的心"), ("cp932", "さくらさくら弥生"), ("cp1252", "Ô là où ça é dé")]
)
def test_the_encoding_is_guessed_where_syllables_stand_one_by_one(encoding: str, words: str) -> None:
    syllables = words.split() if encoding == "cp1252" else list(words)
    notes = "".join(f": {5 * at} 4 0 {syllable}\n" for at, syllable in enumerate(syllables))
    melody = read_reference(f"#BPM:100\n{notes}E\n".encode(encoding))
    assert [note.text for note in melody.notes] == syllables


def test_an_encoding_that_is_asked_for_is_taken() -> None:
    data = "#BPM:100\n: 0 4 0 łza\nE\n".encode("cp1250")
    assert read_reference(data, options=ReadOptions(encoding="windows-1250")).lines[0].text == "łza"


def test_notes_that_overlap_or_have_no_length_are_repaired_and_it_is_said() -> None:
    melody = chart(": 0 10 0 a\n: 5 5 2 b\n: 12 0 2 c\n: 16 2 0 e\n: 14 2 0 d\nE\n")
    assert [note.text for note in melody.notes] == ["a", "b", "d", "e"]
    assert spans(melody.lines[0])[0] == (1.0, 1.5)
    assert [warning.split(":")[0] for warning in melody.warnings] == [
        "Notes without length, left out",
        "Notes cut where the next one starts",
        "Notes put into the order of their times",
    ]


def test_a_little_before_the_recording_is_cut_and_much_is_refused() -> None:
    assert spans(chart(": 0 10 0 a\nE\n", head="#BPM:150\n#GAP:-500\n").lines[0]) == [(0.0, 0.5)]
    with pytest.raises(ReferenceBroken, match=r"20\.00 s before the recording"):
        chart(": 0 10 0 a\nE\n", head="#BPM:150\n#GAP:-20000\n")


def test_pitches_counted_from_elsewhere_are_moved_by_octaves() -> None:
    melody = chart(": 0 4 72 a\n: 4 4 76 b\nE\n")
    assert [note.midi for note in melody.notes] == [60, 64]
    assert "-6 octaves" in melody.warnings[0]


def test_a_chart_that_was_cut_off_is_read_with_a_warning() -> None:
    assert "cut off" in chart(": 0 4 0 La\n").warnings[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#TITLE:x\n: 0 4 0 a\nE\n", "it has no #BPM"),
        ("#BPM:0\n: 0 4 0 a\nE\n", "line 1: a tempo of 0 beats"),
        ("#BPM:-120\n: 0 4 0 a\nE\n", "line 1: a tempo of -120"),
        ("#BPM:nan\n: 0 4 0 a\nE\n", "line 1: 'nan' is no number"),
        ("#BPM:1e9\n: 0 4 0 a\nE\n", "line 1: '1e9' is no number"),
        ("#BPM:999999\n: 0 4 0 a\nE\n", "line 1: a tempo of 999999"),
        ("#BPM:100\n#GAP:99999999\n: 0 4 0 a\nE\n", "line 2: a #GAP of 100,000 s"),
        ("#BPM:100\n: 0 x 0 a\nE\n", "line 2: ': 0 x 0 a' should be a note"),
        ("#BPM:100\n: 0 4 0 a\n- x\nE\n", "line 3: '- x' should end a line"),
        ("#BPM:100\n: 0 999999999 0 a\nE\n", "check its tempo"),
        ("#BPM:100\n: 9999999 4 0 a\nE\n", "check its tempo"),
        ("#BPM:100\nE\n", "no line of a song"),
        ("#BPM:100\n: 0 4 99 a\n: 8 4 -99 b\nE\n", "MIDI goes from 0 to 127"),
        ("#BPM:100\n#RELATIVE:YES\n: 0 4 0 a\n-\n: 0 4 0 b\nE\n", "line 4: a #RELATIVE chart"),
        ("#BPM:100\n" + ": 0 1 0 a\n" * 20_001, "line 20002: more than 20,000 notes"),
        ("#BPM:100\n" + "\n" * 100_001, "lines, and no chart is that long"),
        ("#BPM:100\n: 0 1 0 " + "a" * 3_000, "line 2: 3,008 letters"),
        ("#BPM:100\n: 0 1 0 a\n" * 150_000, "MiB are too many"),
    ],
)
def test_what_no_chart_can_be_is_refused_and_the_line_named(text: str, says: str) -> None:
    with pytest.raises(ReferenceBroken) as refused:
        read_reference(text.encode(), name="song.txt")
    assert str(refused.value).startswith("song.txt: ")
    assert says in str(refused.value)
