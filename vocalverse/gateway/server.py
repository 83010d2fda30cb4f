"""uvicorn with the limits that it lacks: on the size and time of headers, and on bodies that nobody reads."""

import errno
import signal
import socket
from asyncio import Transport
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vocalverse.errors import BadSettings, Busy
from vocalverse.gateway.app import make_app
from vocalverse.gateway.problems import BadRequest, answer_to
from vocalverse.gateway.state import State
from vocalverse.settings import Settings

_LINGER_S = 2.0  # for the rest of a body whose request is answered already
_STOP_S = 2  # for requests under way; then they are cut


class _HeaderTimeout(BadRequest):
    code = "header_timeout"
    http_status = 408


class _HeaderTooLarge(BadRequest):
    code = "header_too_large"
    http_status = 431


class LimitedProtocol(HttpToolsProtocol):
    """Counts the bytes and the seconds that a request's head takes."""

    max_header_bytes: int
    header_timeout_s: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head_bytes = 0
        self._timer: Any = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._time_head()
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self.max_header_bytes:
            self._refuse(_HeaderTooLarge(f"The request's head is larger than {self.max_header_bytes} bytes."))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.max_header_bytes:
            self._refuse(_HeaderTooLarge(f"The request's head is larger than {self.max_header_bytes} bytes."))
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.transport.is_closing() or self.cycle.response_complete:
            return  # nobody will read it
        if self.cycle.body:
            super().on_body(body)
        else:
            self.cycle.body = body  # type: ignore[assignment] # not copied: bytes serve as well as a bytearray
            self.cycle.message_event.set()
        self.flow.pause_reading()  # until somebody asks for it: one read at most lies here

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._stop_timer()
        if not self.transport.is_closing():
            super().on_message_complete()
            if self.cycle.response_complete:  # before its body came: only now the connection is idle
                self._unset_keepalive_if_required()
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._in_head and not self.transport.is_closing():
            # Answered before its body came: what is still on its way is dropped, for a while, so that the answer is
            # read and not lost in a reset.
            self._unset_keepalive_if_required()
            self._stop_timer()
            self._timer = self.loop.call_later(_LINGER_S, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        if self._in_head:
            self._refuse(BadRequest("The request is not HTTP as we know it."))
        else:
            self.transport.close()

    def _time_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.header_timeout_s, self._too_slow)

    def _too_slow(self) -> None:
        if self._head_bytes:
            self._refuse(_HeaderTimeout(f"The request's head took longer than {self.header_timeout_s:g} seconds."))
        elif not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, error: BadRequest) -> None:
        """Answer below the application, and close."""
        if self.transport.is_closing():
            return
        answer = answer_to(error)
        fields = [*answer.raw_headers, *self.server_state.default_headers, (b"connection", b"close")]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
        status = f"HTTP/1.1 {answer.status_code} {error.code}\r\n".encode()
        self.transport.write(status + head + b"\r\n" + bytes(answer.body))
        self.transport.close()


class Server(uvicorn.Server):
    """A signal ends it with exit status 0, and what stands after it is done."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


class _Gateway(Server):
    """Stops within seconds: long polls are let go first."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.gateway.waiting.release()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT."""
    listening = listen(settings.host, settings.port)
    app = make_app(State.open(settings))
    limits = {"max_header_bytes": settings.max_header_bytes, "header_timeout_s": settings.header_timeout_s}
    config = uvicorn.Config(
        app,
        loop="auto",
        http=type("Limited", (LimitedProtocol,), limits),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_STOP_S,
    )
    _Gateway(config, app).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or one sentence about why there is none."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, OverflowError):
        raise BadSettings(f"{host!r} port {port} is no address of this machine: set --host and --port.") from None
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
    except OSError as taken:
        listening.close()
        if taken.errno == errno.EADDRINUSE:
            raise Busy(f"Port {port} of {host} is taken. Stop what uses it, or choose another: --port.") from None
        raise BadSettings(f"Port {port} of {host} cannot be used ({taken.strerror}). Choose others.") from None
    listening.listen(2048)
    return listening
