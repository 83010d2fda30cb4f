"""A wire between the dispatcher and Valkey that can be cut where it hurts most."""

import contextlib
import socket
import threading
from collections.abc import Callable
from enum import Enum, auto
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_DELIVERY = b"rq:job:"  # what every enqueue names, and nothing that is said before


class Fault(Enum):
    NONE = auto()
    SWALLOW_REQUEST = auto()  # the delivery never arrives, and nobody says so
    DROP_REPLY = auto()  # the delivery arrives; its reply does not, and the line is cut


class Proxy:
    """Passes bytes on; `fault` says what happens to the next delivery. `struck` once it has happened."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server((HOST, 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.fault = Fault.NONE
        self.struck = threading.Event()

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._open):
            _cut(one)
        for thread in self._threads:
            thread.join(timeout=5)
        for one in (self._listener, *self._open):
            one.close()

    def strike(self, fault: Fault) -> None:
        self.struck.clear()
        self.fault = fault

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._to))
                self._open |= {near, far}
                wire = _Wire(self, near, far)
                self._run(wire.forth)
                self._run(wire.back)

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()


class _Wire:
    """One connection, both ways."""

    def __init__(self, proxy: Proxy, near: socket.socket, far: socket.socket) -> None:
        self._proxy = proxy
        self._near = near
        self._far = far
        self._fault = Fault.NONE  # that has struck this one

    def forth(self) -> None:
        with contextlib.suppress(OSError):
            while said := self._near.recv(65536):
                if self._proxy.fault is not Fault.NONE and _DELIVERY in said:
                    self._fault, self._proxy.fault = self._proxy.fault, Fault.NONE
                    if self._fault is Fault.SWALLOW_REQUEST:
                        self._proxy.struck.set()
                if self._fault is not Fault.SWALLOW_REQUEST:
                    self._far.sendall(said)
        _cut(self._far)

    def back(self) -> None:
        with contextlib.suppress(OSError):
            while said := self._far.recv(65536):
                if self._fault is Fault.DROP_REPLY:
                    self._proxy.struck.set()
                    break
                self._near.sendall(said)
        _cut(self._near)
        _cut(self._far)


def _cut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
