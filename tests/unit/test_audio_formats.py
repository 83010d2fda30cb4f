import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalverse.audio.formats import Codec, Container, Format, sniff
from vocalverse.errors import UnsupportedFormat

OGG_PAGE = b"OggS\x00\x02" + bytes(20) + b"\x01\x1e"


def id3(size: int) -> bytes:
    syncsafe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + syncsafe + bytes(size)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", Format(Container.WAV)),
        (b"RF64\xff\xff\xff\xffWAVEds64", Format(Container.WAV)),
        (b"fLaC\x00\x00\x00\x22", Format(Container.FLAC, Codec.FLAC)),
        (OGG_PAGE + b"\x01vorbis", Format(Container.OGG, Codec.VORBIS)),
        (OGG_PAGE + b"OpusHead", Format(Container.OGG, Codec.OPUS)),
        (b"\xff\xfb\x90\x00\x00\x00\x00\x00", Format(Container.MP3, Codec.MP3)),
        (b"\xff\xf1\x50\x80\x00\x1f\xfc\x00", Format(Container.ADTS, Codec.AAC)),
        (b"\x00\x00\x00\x1cftypM4A ", Format(Container.MP4)),
    ],
)
def test_each_format_is_told_by_its_first_bytes(head: bytes, found: Format):
    assert sniff(io.BytesIO(head + bytes(64))) == found


@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_what_stands_behind_an_id3_tag_decides(size: int):
    assert sniff(io.BytesIO(id3(size) + b"fLaC" + bytes(64))).container is Container.FLAC
    assert sniff(io.BytesIO(id3(size) + id3(7) + b"\xff\xfb\x90\x00" + bytes(64))).container is Container.MP3


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x00",
        b"#EXTM3U\nhttp://example.org/song.mp3\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 96\r\n",
        b"[playlist]\nFile1=http://example.org/song.mp3\n",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        b"FORM\x00\x00\x00\x00AIFFCOMM",
        b"\x1aE\xdf\xa3\x01\x00\x00\x00",
        OGG_PAGE + b"\x80theora",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        id3(20) + b"#EXTM3U\nfile:///etc/passwd\n",
        id3(2**28 - 1)[:100],
        id3(0) * 10,
    ],
)
def test_playlists_sessions_and_other_media_are_unsupported(head: bytes):
    with pytest.raises(UnsupportedFormat) as refused:
        sniff(io.BytesIO(head))
    assert refused.value.code == "unsupported_format"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=120))
def test_any_bytes_are_a_format_or_unsupported_and_the_position_stays(data: bytes):
    file = io.BytesIO(data)
    file.seek(3)
    try:
        assert isinstance(sniff(file), Format)
    except UnsupportedFormat:
        pass
    assert file.tell() == 3
