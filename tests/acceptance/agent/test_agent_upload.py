"""What an agent does with a server, over real HTTP, when all goes well and when nothing does."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.agent_gateway import Fault, Gateway, Venue
from tests.patience import allowed_s, until
from vocalverse.agent.client import Server
from vocalverse.agent.items import ItemState
from vocalverse.agent.journal import Journal
from vocalverse.agent.run import Agent
from vocalverse.errors import Unauthenticated, Unavailable

TAKE = bytes(range(256)) * 10  # 2,560 bytes: three parts of 1,000


def the_only_content(gateway: Gateway) -> bytes:
    (content,) = gateway.contents.values()
    return content


def test_a_small_recording_goes_in_one_request_with_its_metadata(venue: Venue, gateway: Gateway):
    venue.put("a.flac", TAKE, {"song": "Ä-1", "consent": {"keep_audio": True}})
    venue.work()
    assert the_only_content(gateway) == TAKE
    assert [line.split()[0] for line in gateway.lines()] == ["PUT"]
    (said,) = gateway.metadata.values()
    assert said == {"song": "Ä-1", "consent": {"keep_audio": True}, "machine": "pc-1"}
    assert venue.states() == {"a.flac": "acknowledged"}


def test_a_large_recording_goes_in_parts(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(single_bytes=0, room="7")
    venue.put("a.wav", TAKE)
    venue.work()
    assert the_only_content(gateway) == TAKE
    assert len(gateway.lines("/parts/")) == 3
    assert next(iter(gateway.metadata.values())) == {"machine": "pc-1", "room": "7"}


def test_a_backing_is_sent_before_the_upload_is_completed_and_is_no_recording_itself(venue: Venue, gateway: Gateway):
    (venue.folder / "b.ogg").write_bytes(b"backing")
    venue.put("a.wav", TAKE, {"backing": "b.ogg"})
    venue.work()
    (upload,) = gateway.uploads.values()
    assert upload.backing == b"backing"
    assert "backing" not in upload.said["recording"]
    assert len(gateway.contents) == 1


@pytest.mark.parametrize("where", ["PUT /v1/uploads/[^/]+$", "/parts/2", "/complete"])
@pytest.mark.parametrize("kind", ["drop", "lose", "portal"])
def test_a_broken_line_costs_nothing_but_what_was_on_it(
    new_venue: Callable[..., Venue], gateway: Gateway, kind: str, where: str
):
    if (kind, where) == ("drop", "/complete"):
        kind = "lose"  # it has no body worth cutting
    venue = new_venue(single_bytes=0)
    gateway.faults = [Fault(where, kind=kind)]
    venue.put("a.wav", TAKE)
    venue.work()
    assert the_only_content(gateway) == TAKE
    assert len(gateway.lines("/parts/1")) == 1
    assert len(gateway.contents) == 1


def test_an_answer_lost_after_the_commit_makes_no_second_recording(venue: Venue, gateway: Gateway):
    gateway.faults = [Fault("/content", kind="lose", times=2)]
    venue.put("a.wav", TAKE)
    venue.work()
    assert len(gateway.lines("/content")) == 3
    assert the_only_content(gateway) == TAKE


def test_only_missing_parts_are_sent_after_a_new_start(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(single_bytes=0, patience_s=0.3)
    gateway.faults = [Fault("/parts/3", status=500, times=1000)]
    venue.put("a.wav", TAKE)
    with pytest.raises(Unavailable):
        venue.work()
    gateway.faults = []
    venue.work()
    assert [line[-1] for line in gateway.lines("/parts/")] == ["1", "2", "3"]
    assert the_only_content(gateway) == TAKE


def test_parts_that_the_server_says_are_missing_at_the_end_are_sent_again(
    new_venue: Callable[..., Venue], gateway: Gateway
):
    venue = new_venue(single_bytes=0)
    gateway.faults = [Fault("/parts/2", status=409, code="upload_incomplete")]
    venue.put("a.wav", TAKE)
    venue.work()
    assert the_only_content(gateway) == TAKE


def test_a_part_damaged_on_the_line_is_sent_again(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(single_bytes=0)
    gateway.faults = [Fault("/parts/2", kind="damage")]
    venue.put("a.wav", TAKE[1:])
    venue.work()
    assert len(gateway.lines("/parts/2")) == 2
    assert the_only_content(gateway) == TAKE[1:]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(venue: Venue, gateway: Gateway, status: int):
    gateway.faults = [Fault("/content", status=status, headers={"Retry-After": "1"})]
    began = time.monotonic()
    venue.put("a.wav", TAKE)
    venue.work()
    assert gateway.requests[0].at - began >= 1.0
    assert the_only_content(gateway) == TAKE


def test_a_recording_that_the_server_fails_on_does_not_hold_up_the_others(
    new_venue: Callable[..., Venue], gateway: Gateway
):
    venue = new_venue()
    failing: list[str] = []

    def is_the_first_and_the_other_waits(line: str) -> bool:
        failing.append(line)
        return line == failing[0] and TAKE not in gateway.contents.values()

    venue.put("a.wav", b"poison")
    gateway.faults = [Fault("/content", status=500, times=1000, only_for=is_the_first_and_the_other_waits)]
    venue.put("b.wav", TAKE)
    os.utime(venue.folder / "a.wav", (1, 1))
    venue.work()
    assert next(iter(gateway.contents.values())) == TAKE
    assert len(gateway.contents) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_stops_once_and_drops_nothing(venue: Venue, gateway: Gateway, status: int):
    gateway.faults = [Fault("/content", status=status, times=100)]
    venue.put("a.wav", TAKE)
    with pytest.raises(Exception, match="injected") as caught:
        venue.work()
    assert caught.value.http_status == status
    assert venue.states() == {"a.wav": "uploading"}
    gateway.faults = []
    venue.work()
    assert the_only_content(gateway) == TAKE


def test_a_bad_key_pauses_a_watching_agent_with_a_sentence_in_the_journal(new_venue: Callable[..., Venue]):
    venue = new_venue(once=False, key="vv_wrong.key")
    venue.put("a.wav", TAKE)
    thread = threading.Thread(target=venue.work)
    thread.start()

    def note() -> Any:
        with Journal(venue.options.journal) as journal:
            return journal.notes().get("paused")

    try:
        paused = until(note, "it pauses")
    finally:
        venue.stop.set()
        thread.join()
    assert "does not let us in" in paused.value
    assert venue.states() == {"a.wav": "uploading"}


def test_a_wrong_key_is_answered_before_the_body_is_read(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(key="vv_wrong.key")
    venue.put("a.wav", bytes(4 * 2**20))
    with pytest.raises(Unauthenticated):
        venue.work()
    assert gateway.received < 4 * 2**20


@pytest.mark.parametrize(
    ("status", "code"), [(409, "upload_conflict"), (410, "upload_deleted"), (422, "bad_metadata"), (400, "bad_name")]
)
def test_what_the_server_refuses_is_parked_with_its_code_and_stays_in_the_folder(
    venue: Venue, gateway: Gateway, status: int, code: str
):
    gateway.faults = [Fault("/content", status=status, code=code, times=100)]
    path = venue.put("a.wav", TAKE)
    venue.work()
    (item,) = venue.items()
    assert (item.state, item.error_code) == (ItemState.REJECTED, code)
    assert path.read_bytes() == TAKE
    venue.work()
    assert len(gateway.faults) == 1
    assert gateway.faults[0].times == 99


def test_too_large_for_one_request_is_tried_in_parts_and_then_parked(venue: Venue, gateway: Gateway):
    gateway.max_single_bytes = 100
    venue.put("a.wav", TAKE)
    venue.work()
    assert the_only_content(gateway) == TAKE
    gateway.faults = [Fault("PUT /v1/uploads/[^/]+$", status=413, code=None)]
    venue.put("b.wav", TAKE[1:])
    venue.work()
    assert venue.items(ItemState.REJECTED)[0].error_code == "http_413"


def test_a_refused_recording_can_be_put_back_under_a_new_upload_id(venue: Venue, gateway: Gateway):
    gateway.faults = [Fault("/content", status=422, code="bad_metadata")]
    venue.put("a.wav", TAKE, {"songg": "x"})
    venue.work()
    refused = venue.items()[0]
    (venue.folder / "a.wav.json").write_text('{"song": "x"}')
    with Journal(venue.options.journal) as journal:
        journal.retry([refused.id])
    venue.work()
    assert venue.items()[0].upload_id != refused.upload_id
    assert next(iter(gateway.metadata.values()))["song"] == "x"


def test_a_page_of_somebody_else_never_counts_as_an_acknowledgement(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(patience_s=0.2)
    gateway.faults = [Fault("", kind="portal", times=10000)]
    venue.put("a.wav", TAKE)
    with pytest.raises(Unavailable):
        venue.work()
    assert venue.states() == {"a.wav": "uploading"}


def test_a_proxys_404_is_no_verdict_on_the_recording(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(patience_s=0.2)
    gateway.faults = [Fault("", status=404, code=None, times=10000)]
    venue.put("a.wav", TAKE)
    with pytest.raises(Unavailable):
        venue.work()
    assert venue.states() == {"a.wav": "uploading"}


def test_an_upload_that_the_server_swept_away_is_opened_again(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(single_bytes=0)
    gateway.faults = [Fault("/complete", status=404, code="not_found")]
    venue.put("a.wav", TAKE)
    venue.work()
    assert len(gateway.lines("PUT /v1/uploads/[^/]+$")) == 2
    assert the_only_content(gateway) == TAKE


def test_a_file_rewritten_after_it_was_uploaded_is_a_new_recording(venue: Venue, gateway: Gateway):
    venue.put("a.wav", TAKE)
    venue.work()
    venue.put("a.wav", TAKE[::-1])
    venue.work()
    assert sorted(gateway.contents.values()) == sorted([TAKE, TAKE[::-1]])
    assert len({item.upload_id for item in venue.items()}) == 2


def test_a_file_that_was_only_touched_is_not_uploaded_again(venue: Venue, gateway: Gateway):
    path = venue.put("a.wav", TAKE)
    venue.work()
    os.utime(path, (1_700_000_000, 1_700_000_000))
    venue.work()
    assert len(gateway.contents) == 1
    assert venue.states() == {"a.wav": "acknowledged"}


def test_a_file_rewritten_in_mid_upload_is_uploaded_whole_under_a_new_id(
    new_venue: Callable[..., Venue], gateway: Gateway
):
    venue = new_venue(single_bytes=0)
    path = venue.put("a.wav", TAKE)
    gateway.faults = [Fault("/parts/2", status=503, headers={"Retry-After": "0"})]

    def rewrite(line: str) -> None:
        if line.endswith("/parts/1") and path.read_bytes() == TAKE:
            path.write_bytes(TAKE[::-1] + b"more")

    gateway.meanwhile = rewrite
    venue.work()
    venue.work()
    assert TAKE[::-1] + b"more" in gateway.contents.values()
    assert set(gateway.contents.values()) <= {TAKE, TAKE[::-1] + b"more"}
    assert venue.states() == {"a.wav": "acknowledged"}


def test_live_goes_first_even_when_it_comes_amid_a_long_upload(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(single_bytes=0, bandwidth=20_000)
    venue.put("bulk.wav", bytes(6_000))

    def sing(line: str) -> None:
        if line.endswith("/parts/1") and not (venue.folder / "live.wav").exists():
            venue.put("live.wav", b"live", {"lane": "live"})

    gateway.meanwhile = sing
    venue.work()
    assert [len(content) for content in gateway.contents.values()] == [4, 6_000]
    assert len(gateway.lines("/parts/")) == 7


def test_within_a_lane_the_oldest_goes_first(venue: Venue, gateway: Gateway):
    for age, name in ((1, "new.wav"), (3, "oldest.wav"), (2, "old.wav")):
        path = venue.put(name, name.encode())
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    venue.work()
    assert list(gateway.contents.values()) == [b"oldest.wav", b"old.wav", b"new.wav"]


def test_a_broken_sidecar_parks_its_recording_and_no_other(venue: Venue, gateway: Gateway):
    (venue.folder / "a.json").write_text('{"backing": "../../etc/passwd"}')
    venue.put("a.wav", TAKE)
    venue.put("b.wav", b"fine")
    venue.work()
    assert venue.states() == {"a.wav": "rejected", "b.wav": "acknowledged"}
    assert the_only_content(gateway) == b"fine"


def test_a_file_that_vanishes_is_shown_and_taken_up_when_it_is_back(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(patience_s=0.1)
    path = venue.put("a.wav", TAKE)
    gateway.faults = [Fault("", status=503, times=10000)]
    with pytest.raises(Unavailable):
        venue.work()
    hidden = path.rename(venue.folder / "elsewhere")
    gateway.faults = []
    venue.work()
    assert venue.items()[0].error_code == "file_vanished"
    hidden.rename(path)
    venue.work()
    assert the_only_content(gateway) == TAKE


def test_a_full_disk_is_waited_out_and_what_is_due_is_deleted_meanwhile(
    new_venue: Callable[..., Venue], gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    venue = new_venue(once=False, grace_s=0.0)
    due = venue.put("due.wav", TAKE)
    with Journal(venue.options.journal) as journal, Server(gateway.url, lambda: venue.options.key) as server:
        agent = Agent(venue.options, server, journal, venue.stop, venue.reporter)
        until_done(agent, venue, lambda: venue.states() == {"due.wav": "deleted"})
        assert not due.exists()
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(60):
            venue.put(f"{number}.wav", b"%d" % number)
        until_done(agent, venue, lambda: "disk is full" in caplog.text)
        journal._db.execute("PRAGMA max_page_count = 100000")
        until_done(agent, venue, lambda: len(gateway.contents) == 61)


def until_done(agent: Agent, venue: Venue, done: Callable[[], object]) -> None:
    """Let it live in this thread, which owns its journal, until somebody sees that it is done."""
    venue.stop.clear()

    def watch() -> None:
        try:
            until(done, "it is done")
        finally:
            venue.stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    agent.live()
    watcher.join()
    assert done()


def test_bandwidth_is_limited(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(bandwidth=40_000)
    venue.put("a.wav", bytes(30_000))
    began = time.monotonic()
    venue.work()
    assert time.monotonic() - began >= 0.6
    assert len(the_only_content(gateway)) == 30_000


def test_a_stop_is_noticed_in_the_middle_of_a_slow_part(new_venue: Callable[..., Venue], gateway: Gateway):
    venue = new_venue(bandwidth=1_000)
    venue.put("a.wav", bytes(100_000))
    stopped_at: list[float] = []

    def stop() -> None:
        until(lambda: gateway.received, "the body is on its way")
        stopped_at.append(time.monotonic())
        venue.stop.set()

    stopping = threading.Thread(target=stop)
    stopping.start()
    venue.work()
    ended = time.monotonic()
    stopping.join()
    assert ended - stopped_at[0] < allowed_s(2.0)
    assert venue.states() == {"a.wav": "uploading"}
