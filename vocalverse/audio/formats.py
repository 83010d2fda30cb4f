"""Which of the five formats a file holds: told by its first bytes, never by its name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from vocalverse.errors import UnsupportedFormat


class Container(StrEnum):
    WAV = "wav"
    FLAC = "flac"
    OGG = "ogg"
    MP3 = "mp3"
    MP4 = "mp4"
    ADTS = "adts"


class Codec(StrEnum):
    PCM = "pcm"
    FLOAT = "float"
    G711 = "g711"
    ADPCM = "adpcm"
    FLAC = "flac"
    VORBIS = "vorbis"
    OPUS = "opus"
    MP3 = "mp3"
    AAC = "aac"
    ALAC = "alac"


@dataclass(frozen=True)
class Format:
    """`codec` is None where only the decoder can tell: WAV and MP4 hold several."""

    container: Container
    codec: Codec | None = None


_HEAD_BYTES = 64
_ID3_TAGS_AT_MOST = 4
_OGG_CODECS = {b"\x01vorbis": Codec.VORBIS, b"OpusHead": Codec.OPUS, b"\x7fFLAC": Codec.FLAC}


def sniff(file: BinaryIO) -> Format:
    """The format of `file` from its start; its position is left as it was.

    Raises UnsupportedFormat for all else, playlists and session descriptions among it.
    """
    came_from = file.tell()
    try:
        head = _head_behind_tags(file)
    finally:
        file.seek(came_from)
    found = _riff(head) or _flac(head) or _ogg(head) or _mp4(head) or _mpeg(head)
    if found is None:
        raise UnsupportedFormat("this is none of WAV, FLAC, Ogg, MP3 and M4A: send one of them")
    return found


def _head_behind_tags(file: BinaryIO) -> bytes:
    """ID3 tags may stand before MP3, AAC and FLAC alike, and hold pictures of any size."""
    at = 0
    for _ in range(_ID3_TAGS_AT_MOST + 1):
        file.seek(at)
        head = file.read(_HEAD_BYTES)
        if len(head) < 10 or not head.startswith(b"ID3"):
            return head
        at += 10 + _syncsafe(head[6:10]) + (10 if head[5] & 0x10 else 0)
    return b""


def _syncsafe(four: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))


def _riff(head: bytes) -> Format | None:
    known = head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE"
    return Format(Container.WAV) if known else None


def _flac(head: bytes) -> Format | None:
    return Format(Container.FLAC, Codec.FLAC) if head.startswith(b"fLaC") else None


def _ogg(head: bytes) -> Format | None:
    if not head.startswith(b"OggS") or len(head) < 28:
        return None
    payload = head[27 + head[26] :]
    for magic, codec in _OGG_CODECS.items():
        if payload.startswith(magic):
            return Format(Container.OGG, codec)
    return None


def _mp4(head: bytes) -> Format | None:
    return Format(Container.MP4) if head[4:8] == b"ftyp" else None


def _mpeg(head: bytes) -> Format | None:
    """A frame header of MPEG audio: layer 3 is MP3, layer 0 is AAC in ADTS."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 0xF < 13:
        return Format(Container.ADTS, Codec.AAC)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version != 1 and layer == 1 and bitrate not in (0, 15) and rate != 3:
        return Format(Container.MP3, Codec.MP3)
    return None
