"""17: what is sent through the gateway to harm us ends refused or rejected, soon, within its memory, fetching nothing."""

import io
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from tests.chaos.breakable import BreakableHouse, children_of
from tests.chaos.evidence import moves
from tests.chaos.takes import a_take, send, taken, until_ended
from tests.patience import allowed_s

RATE_HZ = 44_100
MOST_BYTES = 768 * 2**20  # `DecodeLimits.memory_bytes`; a worker holds one recording at most
WITHIN_S = 5.0


def silent_hours() -> bytes:
    """Six hours in 400 kB, which would be gigabytes in memory."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", 4_000, 1, format="FLAC", subtype="PCM_16") as file:
        for _ in range(6 * 60):
            file.write(np.zeros(4_000 * 60, np.int16))
    return out.getvalue()


def a_wav(*, rate_hz: int = RATE_HZ, channels: int = 2, says_bytes: int = 4000, bits: int = 16) -> bytes:
    said = struct.pack("<HHIIHH", 1, channels, rate_hz, 4 * RATE_HZ, 4, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(said)) + said + b"data" + struct.pack("<I", says_bytes) + bytes(4000)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def lying_about_its_length() -> bytes:
    """A second of FLAC that says it is six hours."""
    data = bytearray(a_take(1, seconds=1))
    data[22:26] = struct.pack(">I", 6 * 3600 * RATE_HZ)
    return bytes(data)


def playlists(port: int) -> dict[str, bytes]:
    """Each would have us fetch from a port at which nobody may knock."""
    url = f"http://127.0.0.1:{port}/song"
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{url}.ts\n#EXT-X-ENDLIST\n".encode()
    return {
        "m3u": f"#EXTM3U\n{url}\n".encode(),
        "hls": hls,
        "hls behind an mp3 frame": b"\xff\xfb\x90\x00" + hls * 10,
        "concat": f"ffconcat version 1.0\nfile '{url}'\nfile 'file:///etc/hostname'\n".encode(),
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio {port} RTP/AVP 0\n".encode(),
        "smil": f'<smil><body><audio src="{url}"/></body></smil>'.encode(),
        "mp4 that refers elsewhere": _mp4_with_reference(url),
    }


def _mp4_with_reference(url: str) -> bytes:
    def box(kind: bytes, *inner: bytes) -> bytes:
        body = b"".join(inner)
        return struct.pack(">I", 8 + len(body)) + kind + body

    elsewhere = box(b"dref", bytes(4), struct.pack(">I", 1), box(b"url ", bytes(4), url.encode() + b"\0"))
    media = box(b"mdia", box(b"minf", box(b"dinf", elsewhere)))
    return box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", box(b"trak", media))


def harmful(port: int) -> dict[str, bytes]:
    whole = a_take(2)
    return {
        "six silent hours": silent_hours(),
        "a wav of a thousand channels": a_wav(channels=1000),
        "a wav at 2 GHz": a_wav(rate_hz=2**31 - 1),
        "a wav of 1 Hz": a_wav(rate_hz=1),
        "a wav of 4 GB in 4 kB": a_wav(says_bytes=2**32 - 2),
        "a flac of six hours in a second": lying_about_its_length(),
        "a flac cut in its head": whole[:40],
        "a flac cut after a tenth": whole[: len(whole) // 10],
        "an ogg without audio": b"OggS\x00\x02" + bytes(20) + b"\x01\x08OpusHead",
        "an m4a without audio": b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00" + bytes(300),
        "an aac of zeros": b"\xff\xf1\x50\x80\x00\x1f\xfc" + bytes(300),
        "a picture in an endless tag": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(500),
        "noise": np.random.default_rng(7).bytes(50_000),
        "a zip": b"PK\x03\x04" + bytes(2000),
        **playlists(port),
    }


@pytest.fixture
def house(standing_house: BreakableHouse) -> BreakableHouse:
    return standing_house


@pytest.fixture
def venue(house: BreakableHouse) -> Iterator[httpx.Client]:
    with house.client(house.venue()) as client:
        yield client


class Peaks:
    """The greatest resident memory of a worker, and of all it starts, for as long as it is watched."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._over = threading.Event()
        self.children = 0

    @property
    def worker(self) -> int:
        return _peak(self._worker)

    @contextmanager
    def watched(self) -> Iterator["Peaks"]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.children = max([self.children, *map(_peak, children_of(self._worker))])


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def test_harmful_files_are_refused_with_a_reason_in_time_within_memory_and_fetch_nothing(
    house: BreakableHouse, venue: httpx.Client
) -> None:
    (worker,) = house.worker_pids()
    with socket.create_server(("127.0.0.1", 0)) as lure, Peaks(worker).watched() as peaks:
        files = harmful(lure.getsockname()[1])
        sent = {
            name: taken(send(venue, f"harmful-{number:02d}", data)) for number, (name, data) in enumerate(files.items())
        }
        ends = {name: until_ended(venue, recording_id) for name, recording_id in sent.items()}
        lure.settimeout(0)
        with pytest.raises(BlockingIOError):
            lure.accept()
    for name, end in ends.items():
        reasons = (
            [end["reason"]] if end["state"] == "rejected" else [one["code"] for one in end["assessment"]["reasons"]]
        )
        assert reasons, name
        assert (end["state"], end["outcome"]) in (("rejected", None), ("done", "refused")), (name, end)
        assert end["attempts"] == 1, name
        seen = moves(house, sent[name])
        assert seen[-1].at_s - seen[-2].at_s <= allowed_s(WITHIN_S), name
    print(f"peaks: worker {peaks.worker / 2**20:.0f} MiB, decoder {peaks.children / 2**20:.0f} MiB")
    assert peaks.worker < MOST_BYTES
    assert 0 < peaks.children < MOST_BYTES
    assert house.worker_pids() == [worker]
    assert until_ended(venue, taken(send(venue, "harmless-after-all", a_take(3))))["outcome"] == "unscored"
