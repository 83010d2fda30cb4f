"""What the decoder's process and its parent say to each other over a pipe.

Frames of a kind, a length and a payload: READY once nothing more will be opened, one HEADER, then BLOCKs of float32
stereo at 44.1 kHz, then one TRAILER. Without a trailer the stream is not whole. FAILED may come in place of any.
"""

import json
import struct
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, BinaryIO

from vocalverse.audio.formats import Codec, Container

SAMPLE_RATE_HZ = 44_100
FRAME_BYTES = 8  # two channels of float32
BLOCK_BYTES_AT_MOST = 32 * 2**20
TEXT_BYTES_AT_MOST = 64 * 2**10
PREFIX = struct.Struct("<cI")


class Kind(bytes, Enum):
    READY = b"R"
    HEADER = b"H"
    BLOCK = b"B"
    TRAILER = b"T"
    FAILED = b"F"


@dataclass(frozen=True)
class Job:
    """All that the decoder is told."""

    import_from: list[str]
    container: Container
    codec: Codec | None
    parent_pid: int  # 0 where it cannot be seen from inside
    max_frames: int  # of output
    memory_bytes: int
    cpu_s: int


@dataclass(frozen=True)
class Header:
    """What the file says of itself."""

    sample_rate_hz: int
    channels: int
    codec: Codec
    declared_s: float | None


@dataclass(frozen=True)
class Trailer:
    """What was found out on the way through all channels of the file."""

    frames: int  # of output
    broken_tail: bool
    longer: bool  # there is more than max_frames
    channel_rms: list[float]  # of the file's channels, full scale = 1
    bad_runs: int  # stretches of NaN, Inf or absurd values too short to be found again as silence
    bad_s: float


@dataclass(frozen=True)
class Failed:
    code: str
    message: str


def send(pipe: BinaryIO, kind: Kind, payload: bytes | memoryview) -> None:
    view = memoryview(payload).cast("B")
    pipe.write(PREFIX.pack(kind.value, len(view)))
    pipe.write(view)


def send_text(pipe: BinaryIO, kind: Kind, said: Header | Trailer | Failed) -> None:
    send(pipe, kind, json.dumps(asdict(said)).encode())
    pipe.flush()


def read_job(text: str) -> Job:
    told: dict[str, Any] = json.loads(text)
    codec = told.pop("codec")
    return Job(container=Container(told.pop("container")), codec=codec and Codec(codec), **told)
