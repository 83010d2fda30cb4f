"""An answer may go out before the body has come. The connection serves on all the same."""

import socket

import pytest

from tests.gateway_house import Gateway

BODY = b"x" * 50_000


@pytest.mark.parametrize("pieces", [1, 5], ids=["at once", "in pieces"])
def test_a_body_that_comes_after_its_answer_does_not_silence_the_connection(gateway: Gateway, pieces: int) -> None:
    head = f"PUT /v1/uploads/early-answer/content HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as wire:
        wire.sendall(head.encode())
        assert answer(wire).startswith(b"HTTP/1.1 401")
        for number in range(pieces):
            wire.sendall(BODY[number * len(BODY) // pieces : (number + 1) * len(BODY) // pieces])
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(wire).startswith(b"HTTP/1.1 200")


def answer(wire: socket.socket) -> bytes:
    """Head and body of one."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += wire.recv(65536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += wire.recv(65536)
    return head


def test_a_connection_goes_on_behind_bodies_that_came_after_their_answers(gateway: Gateway):
    body = bytes(100_000)
    head = f"PUT /v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as wire:
        for _ in range(3):
            wire.sendall(head)
            assert answer(wire).startswith(b"HTTP/1.1 404 ")
            wire.sendall(body)
