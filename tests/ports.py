"""Ports that nobody takes between our look and the server's start."""

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"

_LOWEST = 15_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: set[int] = set()


def free_port() -> int:
    """Never the same twice, and none that the kernel gives to connections: with servers about it makes many of them."""
    above = int(_RANGE.read_text().split()[0]) if _RANGE.is_file() else 32_768
    for port in random.SystemRandom().sample(range(_LOWEST, max(above, _LOWEST + 1000)), k=1000):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise AssertionError(f"no port between {_LOWEST} and {above} is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
