"""Many at once: memory stays flat, and nothing that was acknowledged is missing."""

import base64
import hashlib
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from tests.gateway_house import Gateway, Venue, upload_id
from tests.patience import until

_MB = 2**20


def half_sent(venue: Venue, name: str, body: bytes) -> socket.socket:
    """A part on its way: all of it but the last byte."""
    sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
    raw = socket.create_connection(("127.0.0.1", venue.gateway.port), timeout=200)
    raw.sendall(
        f"PUT /v1/uploads/{name}/parts/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {venue.key}\r\n"
        f"Content-Digest: sha-256=:{sha256}:\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    raw.sendall(body[:-1])
    return raw


def test_two_hundred_uploads_at_once_stay_below_150_megabytes(start: Callable[..., Gateway]):
    gateway = start(body_timeout_s=200)  # the first waits for its last byte until a gigabyte is on the disk
    venues = [gateway.venue() for _ in range(8)]
    body = os.urandom(5 * _MB)
    names = [(venues[number % 8], upload_id()) for number in range(200)]
    for venue, name in names:
        assert venue.open(name, body).status_code == 201
    most = 0
    with ThreadPoolExecutor(50) as pool:
        sending = [pool.submit(half_sent, venue, name, body) for venue, name in names]
        while not all(one.done() for one in sending):
            most = max(most, gateway.resident_bytes())
            time.sleep(0.02)
    time.sleep(0.5)
    most = max(most, gateway.resident_bytes())
    for one in sending:
        raw = one.result()
        raw.sendall(body[-1:])
    for one in sending:
        with one.result() as raw:
            assert raw.recv(4096).startswith(b"HTTP/1.1 200 ")
    most = max(most, gateway.resident_bytes())
    print(f"\nresident at most: {most / _MB:.0f} MB")
    assert most < 150 * _MB


def test_what_was_acknowledged_while_clients_hang_up_is_all_there(start: Callable[..., Gateway]):
    gateway = start()
    venue = gateway.venue()
    bodies = [os.urandom(50_000) for _ in range(60)]

    def send(number: int) -> tuple[str, bytes] | None:
        if number % 3:
            answer = venue.content(upload_id(), bodies[number])
            return (answer.json()["recording_id"], bodies[number]) if answer.status_code == 201 else None
        name = upload_id()
        venue.open(name, bodies[number])
        half_sent(venue, name, bodies[number]).close()
        return None

    with ThreadPoolExecutor(16) as pool:
        acknowledged = [one for one in pool.map(send, range(60)) if one]
    assert len(acknowledged) == 40
    for recording_id, body in acknowledged:
        assert venue.blob(recording_id).read_bytes() == body
    with gateway.connect() as connection:
        counted = connection.scalar(text("SELECT count(*) FROM recordings WHERE venue_id = :v"), {"v": venue.id})
    assert counted == 40
    until(lambda: not list((gateway.data / "parts" / "incoming").iterdir()), "what was cut off is removed")
