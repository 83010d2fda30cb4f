"""The same work on many things, in processes side by side; what it gives comes in the order of the things."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from vocalverse.errors import VocalVerseError

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")


class JobDied(VocalVerseError):
    code = "job_died"


def side_by_side(
    opened: Callable[[], Callable[[_Thing], _Result]], things: Sequence[_Thing], *, jobs: int
) -> Iterator[_Result]:
    """`opened` makes what works in each process, once. It, the things and the results are pickled."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")  # torch does not live through a fork
    with ProcessPoolExecutor(min(jobs, len(things)), context, _begin, (opened,)) as pool:
        try:
            waiting = deque(pool.submit(_work, thing) for thing in things)
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as died:
            raise JobDied("One of the processes was killed, perhaps for want of memory: try fewer --jobs.") from died
        except BaseException:
            # After an error or Ctrl-C nobody waits for what is still under way.
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise


class _Process:
    work: ClassVar[Callable[[Any], Any]]


def _begin(opened: Callable[[], Callable[[Any], Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    _Process.work = staticmethod(opened())


def _work(thing: Any) -> Any:
    return _Process.work(thing)
