"""Any bytes: a melody or a sentence about what is wrong with them, and soon."""

import json
import struct
import time
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.patience import allowed_s
from vocalverse.errors import BadInput, ReferenceBroken
from vocalverse.measure.reference.melody import Melody, Source
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.read import read_reference, told_by
from vocalverse.measure.reference.stored import from_json, to_json

CHART = (
    b"#TITLE:Song\n#ENCODING:CP1252\n#BPM:150,5\n#GAP:1000\n#RELATIVE:YES\nP1\n: 0 4 0 Hel\n* 4 4 2 lo\n- 10 12\n"
    b"F 0 4 0 \xe4\nB 8 200\nR 8 4 -3  ~\nP2\nG 0 4 7 you\nP3\n- 20\n: 1 2 3 all\nE\n"
)
LRC = b"[ti:Song]\n[offset:+100]\n[00:10.00][00:30.5]<00:10.10>Hel<00:10.5>lo <00:11>you\n[00:15:50]\xe6\x88\x91\n[01:00]\n"
_EVENTS = (
    b"\0\xff\x03\x06Melody\0\xff\x51\x03\x07\xa1\x20\0\xff\x05\x03la \0\x90\x3c\x5a\x83\x60\x3c\0\0\x3e\x5a\x83\x60\x3e\0"
    b"\0\xf0\x02ab\0\xff\x01\x05/kar \0\x91\x40\x40\x10\x81\x40\0\0\xff\x2f\0"
)
MIDI = b"MThd" + struct.pack(">IHHH", 6, 1, 1, 480) + b"MTrk" + struct.pack(">I", len(_EVENTS)) + _EVENTS
MUSICXML = (
    b"<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE score-partwise PUBLIC '-//x' 'http://x/y.dtd'><score-partwise>"
    b"<part-list><score-part id='P1'><part-name>Voice</part-name></score-part></part-list><part id='P1'><measure number='1'>"
    b"<attributes><divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type></time><transpose><chromatic>-2"
    b"</chromatic></transpose></attributes><sound tempo='90' segno='a'/><barline><ending number='1,2' type='start'/>"
    b"</barline><note><pitch><step>C</step><alter>1</alter><octave>4</octave></pitch><duration>2</duration><tie type='start'/>"
    b"<lyric number='1'><syllabic>begin</syllabic><text>la</text></lyric></note><backup><duration>1</duration></backup>"
    b"<barline><repeat direction='backward' times='3'/><ending type='stop'/></barline></measure><measure number='2'>"
    b"<note><chord/><pitch><step>D</step><octave>4</octave></pitch><duration>4</duration></note><sound dacapo='yes'/>"
    b"</measure></part></score-partwise>"
)


def packed(score: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", "<c><rootfile full-path='song.xml'/></c>")
        archive.writestr("song.xml", score)
    return out.getvalue()


SEEDS = {
    Source.ULTRASTAR: CHART,
    Source.LRC: LRC,
    Source.MIDI: MIDI,
    Source.MUSICXML: MUSICXML,
}


@pytest.mark.parametrize("source", list(SEEDS))
def test_content_tells_what_a_file_is_whatever_it_is_called(source: Source) -> None:
    assert told_by(SEEDS[source]) is source
    assert read_reference(SEEDS[source], name="song.pdf").source is source


def test_a_zipped_score_is_a_score() -> None:
    assert read_reference(packed(MUSICXML)) == read_reference(MUSICXML)


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"%PDF-1.7", b"just some words\nand more\n", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_reference_is_told_what_is_one(data: bytes) -> None:
    with pytest.raises(
        ReferenceBroken, match=r"^song\.x: this is no reference.*UltraStar.*MIDI.*MusicXML.*LRC"
    ) as refused:
        read_reference(data, name="song.x")
    assert (refused.value.code, refused.value.http_status, refused.value.exit_status) == ("reference_broken", 422, 2)


def test_an_encoding_that_nobody_knows_is_the_callers_mistake() -> None:
    with pytest.raises(BadInput, match="no encoding 'klingon'"):
        read_reference(CHART, options=ReadOptions(encoding="klingon"))


def survives(data: bytes) -> None:
    """A melody that can be stored, or ReferenceBroken; anything else is a fault."""
    try:
        melody = read_reference(data, name="song")
    except ReferenceBroken as error:
        said = str(error)
    else:
        assert isinstance(melody, Melody)
        assert from_json(json.loads(json.dumps(to_json(melody)))) == melody
        return
    assert said.startswith("song: ")
    assert len(said) < 2_000


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    st.sampled_from(
        [b"", b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk", b"PK\3\4", b"<score-partwise>", b"#BPM:100\n", b"[00:01]"]
    ),
    st.binary(max_size=300),
)
def test_any_bytes_are_a_melody_or_refused(start: bytes, rest: bytes) -> None:
    survives(start + rest)


_pieces = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [
            *(
                b"-1",
                b"0",
                b"999999999",
                b"1e999",
                b"nan",
                b"\xff\xff\xff\x7f",
                b"\0\0",
                b"\x80",
                b"\n",
                b" ",
                b"~",
                b"P3",
            ),
            *(
                b"\n- 5\n",
                b"\n: 0 1 0 x\n",
                b"B 0 1\n",
                b"[00:00.00]",
                b"<99:99>",
                b"<note>",
                b"</measure>",
                b"<!ENTITY a 'b'>",
            ),
            *(b"\xff\x51\x03\0\0\1", b"\x90\x40\x40", b"encoding='idna'", b"'999'", b"\xc3\xa4", b"\xe4", b"\xff\xfe"),
        ]
    ),
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.sampled_from([*SEEDS.values(), packed(MUSICXML)]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), _pieces), min_size=1, max_size=4),
)
def test_a_file_with_anything_changed_in_it_is_a_melody_or_refused(
    seed: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    data = seed
    for place, taken, put in changes:
        at = int(place * len(data))
        data = data[:at] + put + data[at + taken :]
    survives(data)


def _zip_bomb() -> bytes:
    return packed(b"<score-partwise>" + b"<a>" * 5_000_000)


@pytest.mark.parametrize(
    "data",
    [
        b"#BPM:100\n" + b"\n" * 2_000_000,
        b"#BPM:100\n-" + b" " * 2_000_000 + b"x",
        b"#BPM:100\n" + b"- 1\n" * 99_000,
        b"#BPM:100\n" + b": 0 1 0 x\n" * 19_000 + b"E",
        b"[00:01.00]" * 200_000,
        b"[00:01.00]x\n" + b"[a:" * 600_000,
        (b"[00:01.00]" + b"<00:01.00>" * 190 + b"\n") * 1_000,
        b"MThd"
        + struct.pack(">IHHH", 6, 1, 1, 96)
        + b"MTrk"
        + struct.pack(">I", 10**6)
        + b"\0\x90\1\1"
        + b"\0\1\1" * 333_000,
        b"<score-partwise>" + b"x" * 16_000_000,
        b"<score-partwise>" + b"<a b='c'/>" * 390_000 + b"</score-partwise>",
        b"<!DOCTYPE x [" + b" " * 15_000_000,
        b"<?xml" + b" " * 16_000_000,
        _zip_bomb(),
        b" " * 16_000_000,
    ],
    ids=lambda data: data[:12].hex(),
)
def test_the_worst_that_fits_takes_seconds_at_most(data: bytes) -> None:
    began_s = time.perf_counter()
    survives(data)
    assert time.perf_counter() - began_s < allowed_s(4.0)
