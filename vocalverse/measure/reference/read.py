"""Any reference file → Melody. What it is, its content tells; a file's name is often wrong."""

import re
from collections.abc import Callable

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.lrc import read_lrc
from vocalverse.measure.reference.melody import Melody, Source
from vocalverse.measure.reference.midi import read_midi
from vocalverse.measure.reference.musicxml import read_musicxml
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.ultrastar import read_ultrastar

_BYTES_AT_MOST = {
    Source.ULTRASTAR: 2**21,  # 100 times a long one
    Source.LRC: 2**21,
    Source.MIDI: 2**20,
    Source.MUSICXML: 2**24,  # a full score, of which one part is sung
}
_LOOKED_AT = 65_536  # bytes: some charts have a long preface
_CHART = re.compile(
    r"^[ \t]*(?:#(?:BPM|TITLE|ARTIST|GAP|VERSION)[ \t]*:|[:*RGF] *-?[0-9]+ +[0-9]+ +-?[0-9]+)",
    re.MULTILINE | re.IGNORECASE,
)
_LYRICS = re.compile(r"^[ \t]*\[[0-9]{1,4}:[0-9]{1,2}(?:[.:][0-9]{1,6})?\]", re.MULTILINE)
_XML = re.compile(r"\s*<[?!A-Za-z]")


def read_reference(data: bytes, *, name: str = "the reference", options: ReadOptions = ReadOptions()) -> Melody:
    """UltraStar, MIDI, MusicXML or LRC. Raises ReferenceBroken, which says where in the file `name` it is broken."""
    source = told_by(data)
    if source is None:
        raise ReferenceBroken(
            f"{name}: this is no reference that can be read. UltraStar charts, MIDI (also .kar), MusicXML (also .mxl) "
            "and LRC are."
        )
    if len(data) > _BYTES_AT_MOST[source]:
        raise ReferenceBroken(
            f"{name}: {len(data) / 2**20:.1f} MiB are too many for {source}, of which no song fills "
            f"{_BYTES_AT_MOST[source] / 2**20:.0f}: is it the right file?"
        )
    try:
        return _READERS[source](data, options)
    except ReferenceBroken as error:
        raise ReferenceBroken(f"{name}: {error}") from None


def told_by(data: bytes) -> Source | None:
    """Which kind of file its content makes it."""
    if data.startswith(b"MThd") or (data.startswith(b"RIFF") and data[8:12] == b"RMID"):
        return Source.MIDI
    if data.startswith(b"PK\x03\x04"):
        return Source.MUSICXML
    text = _glimpse(data[:_LOOKED_AT])
    if _XML.match(text):
        return Source.MUSICXML
    if _CHART.search(text):
        return Source.ULTRASTAR
    return Source.LRC if _LYRICS.search(text) else None


def _glimpse(data: bytes) -> str:
    """Enough of the text to see its signs, which are ASCII in every encoding but UTF-16."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"))
    if not wide:
        return data.decode("latin-1").removeprefix("\xef\xbb\xbf")
    return data.replace(b"\0", b"").decode("latin-1").lstrip("\xff\xfe")


_READERS: dict[Source, Callable[[bytes, ReadOptions], Melody]] = {
    Source.ULTRASTAR: lambda data, options: read_ultrastar(data, options=options),
    Source.LRC: lambda data, options: read_lrc(data, options=options),
    Source.MIDI: lambda data, options: read_midi(data, options=options),
    Source.MUSICXML: lambda data, options: read_musicxml(data, options=options),
}
