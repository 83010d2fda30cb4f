"""XML from strangers: no entities, nothing fetched, bounded in bytes, depth and elements; plain or zipped (.mxl)."""

import io
import re
import zipfile
import zlib
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from vocalverse.errors import ReferenceBroken

_BYTES_AT_MOST = 2**24
_ZIP_BYTES_AT_MOST = 2**22
_ENTRIES_AT_MOST = 1_000
_DEPTH_AT_MOST = 64  # a score needs 12
_ELEMENTS_AT_MOST = 400_000
_ENCRYPTED = 0x1
_CONTAINER = "META-INF/container.xml"
# Expat knows these by itself; others it would ask Python's codecs for, of which some are no encodings of text.
_ENCODINGS = ("utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{0,60})""")


def parse_xml(data: bytes) -> Element:
    """The root. Raises ReferenceBroken with the line."""
    if len(data) > _BYTES_AT_MOST:
        raise ReferenceBroken(f"unpacked it has more than {_BYTES_AT_MOST // 2**20} MiB: export the sung part alone.")
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].decode("latin-1").lower() not in _ENCODINGS:
        raise ReferenceBroken(f"line 1: its encoding {declared[1].decode('latin-1')!r} is not read: save it as UTF-8.")
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise ReferenceBroken(f"line {reader.line}: this XML is damaged: {error}.") from None
    return reader.builder.close()


class _Reader:
    def __init__(self) -> None:
        self.builder = TreeBuilder()
        self.depth = self.elements = 0
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.builder.data
        parser.EntityDeclHandler = self._refuse
        parser.UnparsedEntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > _DEPTH_AT_MOST or self.elements > _ELEMENTS_AT_MOST:
            raise ReferenceBroken(f"line {self.line}: elements nested or repeated beyond any score.")
        self.builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self.depth -= 1
        self.builder.end(tag)

    def _refuse(self, *_: object) -> NoReturn:
        raise ReferenceBroken(f"line {self.line}: it declares entities, which no score needs: they are not read.")


def unzip_score(data: bytes) -> bytes:
    """The score in a .mxl file, as its container says."""
    if len(data) > _ZIP_BYTES_AT_MOST:
        raise ReferenceBroken(f"a zipped score of more than {_ZIP_BYTES_AT_MOST // 2**20} MiB.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.namelist()) > _ENTRIES_AT_MOST:
                raise ReferenceBroken(f"a zip file of more than {_ENTRIES_AT_MOST} files is no score.")
            return _entry(archive, _score_name(archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise ReferenceBroken(f"this zip file is damaged: {error}.") from None


def _score_name(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    if _CONTAINER in names:
        for file in parse_xml(_entry(archive, _CONTAINER)).iter("rootfile"):
            if (name := file.get("full-path", "")) in names:
                return name
    for name in names:
        if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF/"):
            return name
    raise ReferenceBroken("this zip file holds no MusicXML.")


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ReferenceBroken(f"{name} in it is locked or packed in a way that no score is.")
    with archive.open(info) as file:
        return file.read(_BYTES_AT_MOST + 1)  # one more: what is too long shows itself to whoever parses it
