"""`vocalverse up`: everything on this machine, under one supervisor, from empty folders to judged samples."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from vocalverse.embedded.children import Children
from vocalverse.embedded.first_release import choose_first
from vocalverse.embedded.first_takes import FirstTakes, Recording
from vocalverse.embedded.folder import DataFolder, explaining
from vocalverse.embedded.server import port_is_free
from vocalverse.embedded.stack import servers, stack_of
from vocalverse.errors import BadSettings, Busy, Unavailable
from vocalverse.records import WorkerClass
from vocalverse.settings import Settings, environment_for

_TEND_EVERY_S = 0.2
_READY_WITHIN_S = 90.0
_ENDS_AT_MOST = 4  # of the gateway, before it was ever ready
_STOP_WITHIN_S = 2.5
_GRACE_S = 1.5  # what a task gets to finish when all is being stopped; then it is handed back


@dataclass(frozen=True)
class UpOptions:
    data: Path
    host: str
    port: int
    workers: int = 1
    database_url: str = ""  # empty: the embedded one, so for all three
    redis_url: str = ""
    blob_url: str = ""
    check: bool = False  # stop when the samples are judged


class Screen(Protocol):
    """Where it is told how things stand."""

    def say(self, line: str) -> None: ...

    def show(self, recordings: Sequence[Recording]) -> None:
        """The samples, while they are being judged."""

    def results(self, recordings: Sequence[Recording], *, address: str, new: bool) -> None: ...


class Stopped(BaseException):
    """SIGINT or SIGTERM came. Not an Exception: nothing on the way is to take it for a fault."""


def up(options: UpOptions, screen: Screen) -> bool:
    """Returns when it is told to stop, or with `check` when the samples are judged: were they all?"""
    folder = DataFolder(options.data)
    with ExitStack() as house, _stopped_by_signals():
        house.enter_context(explaining(options.data))
        house.enter_context(folder.claimed())
        _check_port(options)
        addresses, revive_servers = house.enter_context(
            servers(
                folder,
                screen.say,
                database_url=options.database_url,
                redis_url=options.redis_url,
                blob_url=options.blob_url,
            )
        )
        stack = stack_of(addresses, host=options.host, port=options.port)
        folder.write_stack(stack)
        house.callback(folder.stack.unlink, missing_ok=True)
        environment = environment_for(folder.path, stack, grace_s=_GRACE_S)
        choose_first(Settings.read(environment), screen.say)
        children = Children(folder.logs, environment, _commands(options), screen.say)
        house.callback(children.stop, within_s=_STOP_WITHIN_S)

        def tend() -> None:
            revive_servers()
            children.tend()

        address = _address(options)
        _wait_until_ready(address, children, tend)
        screen.say(f"The gateway answers at {address}.")
        takes = house.enter_context(
            closing(
                FirstTakes(
                    folder.path / "samples",
                    url=address,
                    database_url=addresses.database_url,
                    environment=environment,
                )
            )
        )
        new = takes.take_in(tend, screen.say)
        judged = takes.until_judged(tend, screen.show)
        screen.results(judged, address=address, new=new)
        if not options.check:
            _tend_forever(tend)
    return takes.all_done(judged)


def _commands(options: UpOptions) -> dict[str, Sequence[str]]:
    """In the order in which they are stopped."""
    return {
        "gateway": ("serve",),
        "dispatcher": ("dispatch",),
        "workers": ("work", "--class", WorkerClass.CPU, "--processes", str(options.workers)),
    }


def _address(options: UpOptions) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)
    return f"http://[{host}]:{options.port}" if ":" in host else f"http://{host}:{options.port}"


def _check_port(options: UpOptions) -> None:
    try:
        free = port_is_free(options.host, options.port)
    except (OSError, OverflowError) as odd:
        raise BadSettings(f"Nothing can listen at {options.host} port {options.port}: {odd}.") from odd
    if not free:
        raise Busy(
            f"Port {options.port} is taken by another program: end that one, or choose another port, such as"
            f" --port {options.port + 1}."
        )


def _wait_until_ready(address: str, children: Children, tend: Callable[[], None]) -> None:
    import httpx

    gateway = children.all[0]
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until and gateway.ends < _ENDS_AT_MOST:
        tend()
        try:
            if httpx.get(f"{address}/readyz", timeout=2.0, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # it is still starting
        time.sleep(0.05)
    raise Unavailable(f"The gateway does not become ready. Its log {gateway.log} ends: {gateway.last_word()}")


def _tend_forever(tend: Callable[[], None]) -> None:
    while True:
        tend()
        time.sleep(_TEND_EVERY_S)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """SIGINT and SIGTERM end the block, once: what is being stopped then is not to be interrupted."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in handled:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    handled = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, before in handled.items():
            signal.signal(number, before)
