"""Does a file end where it should? Asked of containers whose decoders do not say."""

import struct
from typing import BinaryIO

_CHUNKS_AT_MOST = 1000
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # a recorder that streams cannot know the size beforehand
_OGG_PAGE_BYTES_AT_MOST = 27 + 255 + 255 * 255
_OGG_LAST_PAGE = 0x04


def wav_is_cut(file: BinaryIO) -> bool:
    """The data chunk promises more bytes than there are."""
    ends_at = file.seek(0, 2)
    file.seek(0)
    order = ">" if file.read(4) == b"RIFX" else "<"
    at, long_data = 12, 0
    for _ in range(_CHUNKS_AT_MOST):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return False
        name, size = struct.unpack(f"{order}4sI", head)
        if name == b"ds64":
            body = file.read(16)
            long_data = struct.unpack("<8xQ", body)[0] if len(body) == 16 else 0
        if name == b"data":
            promised = size if size not in _UNKNOWN_SIZES else long_data
            return at + 8 + int(promised) > ends_at
        at += 8 + size + size % 2
    return False


def ogg_is_cut(file: BinaryIO) -> bool:
    """The last page is not whole, or is not marked as the last."""
    ends_at = file.seek(0, 2)
    file.seek(max(0, ends_at - _OGG_PAGE_BYTES_AT_MOST))
    tail = file.read(_OGG_PAGE_BYTES_AT_MOST)
    page = tail[tail.rfind(b"OggS") :] if b"OggS" in tail else b""
    if len(page) < 27:
        return True
    segments = page[27 : 27 + page[26]]
    whole = len(segments) == page[26] and len(page) >= 27 + page[26] + sum(segments)
    return not (whole and page[5] & _OGG_LAST_PAGE)
