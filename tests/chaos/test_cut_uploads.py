"""14: connections cut in mid-body and a gateway that is killed; what arrives in the end is what was sent, once."""

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable
from random import Random

import pytest

from tests.chaos.breakable import BreakableHouse
from tests.chaos.ledger import Ledger
from tests.chaos.takes import announce, complete, digest_header, send_part, taken
from vocalverse.embedded.server import HOST

PART = 64 * 2**10


@pytest.fixture
def house(open_house: Callable[..., BreakableHouse]) -> BreakableHouse:
    """Nobody judges: what counts is what lies there afterwards."""
    return open_house(workers=0, part_bytes=PART)


def cut_off(house: BreakableHouse, key: str, path: str, body: bytes, *, after: int) -> None:
    """Send the head and so much of the body, then cut the line."""
    digest = digest_header(body)["Content-Digest"]
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((HOST, house.port), timeout=10) as line:
        line.sendall(f"{head}Content-Digest: {digest}\r\n\r\n".encode() + body[:after])
        line.shutdown(socket.SHUT_WR)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, no farewell


def test_parts_and_whole_bodies_that_are_cut_anywhere_leave_nothing_behind(
    house: BreakableHouse, open_ledger: Callable[..., Ledger]
) -> None:
    random, ledger = Random(14), open_ledger(house)
    sound = random.randbytes(3 * PART + 1000)
    upload_id = secrets.token_hex(8)
    announce(ledger.http, upload_id, sound)
    parts = [sound[start : start + PART] for start in range(0, len(sound), PART)]
    for number, part in enumerate(parts, start=1):
        for _ in range(5):
            path = f"/v1/uploads/{upload_id}/parts/{number}"
            cut_off(house, ledger.key, path, part, after=random.randrange(len(part)))
            cut_off(
                house, ledger.key, f"/v1/uploads/{secrets.token_hex(8)}/content", sound, after=random.randrange(PART)
            )
        house.wait_until(lambda: not unfinished_files(house), "what was cut off is removed", within_s=120)
        there = ledger.http.get(f"/v1/uploads/{upload_id}").json()["parts"]
        assert [one["number"] for one in there] == list(range(1, number))
        assert send_part(ledger.http, upload_id, number, part).status_code == 200
    recording_id = taken(complete(ledger.http, upload_id))
    ledger._note(upload_id, sound, {"recording_id": recording_id})
    assert ledger.missing() == []
    assert (rows(house, "uploads"), rows(house, "recordings"), rows(house, "tasks")) == (1, 1, 1)


@pytest.mark.parametrize(
    ("seed", "kills"),
    [(1, 2), *(pytest.param(seed, 12, marks=pytest.mark.chaos) for seed in (1, 2, 3))],
    ids=["short", "seed-1", "seed-2", "seed-3"],
)
def test_a_gateway_that_is_killed_again_and_again_takes_every_recording_once_and_whole(
    house: BreakableHouse, open_ledger: Callable[..., Ledger], seed: int, kills: int
) -> None:
    random, ledger = Random(seed), open_ledger(house)
    with ledger.singing(random.randbytes(5 * PART + 7), singers=3):
        for _ in range(kills):
            time.sleep(random.uniform(0.2, 0.8))  # so that it is killed at any point of an upload
            house.end("gateway")
            house.gateway()
    print(f"seed {seed}: {len(ledger.entries)} acknowledged, {kills} kills, {len(ledger.missing())} lost or damaged")
    assert ledger.missing() == []
    assert len({entry.recording_id for entry in ledger.entries}) == len(ledger.entries)
    assert rows(house, "uploads") == rows(house, "recordings") == rows(house, "tasks") == len(ledger.entries)
    assert len(unfinished_files(house)) <= 3 * kills  # singers
    (house.folder / "blobs" / "incoming" / "of-one-that-was-killed").write_bytes(b"half a song")
    an_hour_later(house)
    house.wait_until(lambda: not unfinished_files(house), "what was left unfinished is removed", within_s=120)


def an_hour_later(house: BreakableHouse) -> None:
    """For the files that were left unfinished, and with the gateway's next sweep, which comes as it starts."""
    for path in (house.folder / "blobs" / "incoming").iterdir():
        os.utime(path, (0, 0))
    house.end("gateway", by=signal.SIGTERM)
    house.gateway()


def unfinished_files(house: BreakableHouse) -> list[str]:
    return [name for folder in ("parts", "blobs") for name in os.listdir(house.folder / folder / "incoming")]


def rows(house: BreakableHouse, table: str) -> int:
    return int(str(house.scalar(f"SELECT count(*) FROM {table}")))
