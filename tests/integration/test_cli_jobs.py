"""Work side by side: in order, and nothing is left when it ends early."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.patience import until
from vocalverse.cli.jobs import JobDied, side_by_side


def opened(slow_s: float = 0.0) -> Callable[[int], tuple[int, int]]:
    def work(thing: int) -> tuple[int, int]:
        time.sleep(slow_s * (3 - thing % 3))
        return thing * thing, os.getpid()

    return work


def dying() -> Callable[[int], int]:
    def work(thing: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return thing

    return work


def children() -> int:
    return len(multiprocessing.active_children())


def test_results_come_in_the_order_of_the_things_and_each_process_is_opened_once():
    results = list(side_by_side(partial(opened, 0.05), range(8), jobs=2))
    assert [result for result, _ in results] == [thing * thing for thing in range(8)]
    assert 1 <= len({process for _, process in results}) <= 2


def test_who_stops_early_leaves_no_process():
    before = children()
    working = side_by_side(partial(opened, 0.5), range(40), jobs=2)
    next(working)
    working.close()
    until(lambda: children() == before, "no process is left", within_s=20)


def test_a_process_that_is_killed_is_told_of():
    with pytest.raises(JobDied):
        list(side_by_side(dying, range(4), jobs=2))


# Whoever is started behind a shell is deaf to Ctrl-C until it listens.
SLEEPING = """
import signal
import time
from functools import partial
from vocalverse.cli.jobs import side_by_side

signal.signal(signal.SIGINT, signal.default_int_handler)
for _ in side_by_side(partial(partial, time.sleep), [0, 600, 600, 600], jobs=2):
    print("one", flush=True)
"""


def test_ctrl_c_ends_all_of_them():
    parent = subprocess.Popen(
        [sys.executable, "-c", SLEEPING], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert parent.stdout
    assert parent.stdout.readline() == b"one\n"
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to all of them
    assert parent.wait(60) != 0
    parent.stdout.close()
    until(lambda: not group_is_there(parent.pid), "no process of it is left")


def group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
