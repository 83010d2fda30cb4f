"""Waiting and sending at the right speed."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalverse.agent.faults import Stopped
from vocalverse.agent.options import parse_duration, parse_size
from vocalverse.agent.pace import LONGEST_RETRY_AFTER_S, LONGEST_WAIT_S, Bandwidth, Rests, backoff_s, parse_retry_after
from vocalverse.errors import BadInput


class Waits(threading.Event):
    """Time that passes only when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def wait(self, timeout: float | None = None):
        self.now += timeout
        return self.is_set()


@given(rate=st.integers(1_000, 10**8), sizes=st.lists(st.integers(1, 2**20), min_size=1, max_size=30))
def test_no_more_is_sent_than_the_rate_and_one_block_allow(rate: int, sizes: list[int]):
    waits = Waits()
    bandwidth = Bandwidth(rate, waits, clock=lambda: waits.now)
    for size in sizes:
        bandwidth.take(size)
    assert sum(sizes) <= rate * waits.now * (1 + 1e-6) + bandwidth.block


def test_without_a_limit_nothing_waits():
    waits = Waits()
    Bandwidth(None, waits).take(2**40)
    assert waits.now == 0.0


def test_a_stop_ends_the_wait():
    stop = threading.Event()
    bandwidth = Bandwidth(1, stop)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped):
        bandwidth.take(1_000)


@given(st.integers(0, 10_000))
def test_a_wait_is_never_longer_than_a_minute(failures: int):
    assert 0 < backoff_s(failures) <= LONGEST_WAIT_S


@given(st.integers(0, 100), st.floats(0, 10**9))
def test_retry_after_is_never_undercut_and_never_believed_for_days(failures: int, asked: float):
    wait_s = backoff_s(failures, at_least_s=asked)
    assert wait_s >= min(asked, LONGEST_RETRY_AFTER_S)
    assert wait_s <= LONGEST_RETRY_AFTER_S * 1.1 + 1


def test_retry_after_is_read_as_seconds_or_as_a_date():
    assert parse_retry_after("120") == 120.0
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < parse_retry_after(in_a_minute) <= 60
    assert parse_retry_after(format_datetime(datetime(2000, 1, 1, tzinfo=UTC))) == 0.0


@given(st.none() | st.text())
def test_any_other_retry_after_is_ignored(text: str | None):
    parse_retry_after(text)


def test_one_recording_rests_without_the_others_and_all_rest_together():
    clock = Waits()
    rests = Rests(clock=lambda: clock.now)
    wait_s = rests.put_off(7)
    assert rests.resting == {7}
    assert not rests.all_rest
    rests.put_off(None, at_least_s=30)
    assert rests.all_rest
    clock.now = wait_s + 0.001
    assert rests.resting == frozenset()
    rests.clear(7)
    assert not rests.all_rest


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("512", 512), ("2M", 2 * 2**20), ("1.5 GB", 1610612736), ("20gib", 20 * 2**30)]
)
def test_sizes_as_people_write_them(text: str, size: int):
    assert parse_size(text) == size


@pytest.mark.parametrize(("text", "seconds"), [("24h", 86400), ("90 s", 90), ("2d", 172800), ("5", 5), ("50ms", 0.05)])
def test_times_as_people_write_them(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "M", "-1", "2X", "1e9", "inf"])
def test_anything_else_is_refused_with_a_sentence(text: str):
    with pytest.raises(BadInput, match="such as"):
        parse_size(text)
    with pytest.raises(BadInput, match="such as"):
        parse_duration(text)
