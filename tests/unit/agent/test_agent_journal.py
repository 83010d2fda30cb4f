"""The journal forgets nothing that it was told, whoever is killed."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from vocalverse.agent.faults import FileChanged, JournalTrouble
from vocalverse.agent.files import Identity
from vocalverse.agent.items import Item, ItemState
from vocalverse.agent.journal import Journal, Ownership
from vocalverse.agent.watch import Found
from vocalverse.errors import BadSettings, Busy
from vocalverse.records import Lane


@pytest.fixture
def journal(tmp_path: Path):
    with Journal(tmp_path / "journal.sqlite3") as opened:
        yield opened


def found(name: object = "a.wav", size: int = 10, mtime_ns: int = 1, lane: Lane = Lane.BULK):
    return Found(name, Identity(size, mtime_ns), lane)


def begin(journal: Journal, item: Item, sha256: str = "ab"):
    return journal.begin(item, upload_id=item.upload_id, sha256=sha256, recording="{}", backing=None)


def test_every_commit_is_on_the_disk_before_it_returns(journal: Journal):
    assert journal._db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert journal._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_the_same_file_keeps_its_upload_id_over_a_new_start(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    with Journal(path) as journal:
        first = journal.notice(found())
    with Journal(path) as journal:
        assert journal.notice(found()) == first


def test_names_that_are_no_text_are_kept_exactly(journal: Journal):
    name = os.fsdecode(b"\xff\xfe\xe4.wav")
    journal.notice(found(name))
    assert journal.next_waiting().name == name


def test_live_goes_first_then_the_oldest_without_those_that_rest(journal: Journal):
    bulk_new = journal.notice(found("c.wav", mtime_ns=30))
    bulk_old = journal.notice(found("b.wav", mtime_ns=20))
    live = journal.notice(found("d.wav", mtime_ns=40, lane=Lane.LIVE))
    resting = set()
    for expected in (live, bulk_old, bulk_new):
        assert journal.next_waiting(frozenset(resting)) == expected
        resting.add(expected.id)
    assert journal.next_waiting(frozenset(resting)) is None


def test_a_file_rewritten_before_it_was_acknowledged_keeps_its_row(journal: Journal):
    first = begin(journal, journal.notice(found()))
    again = journal.notice(found(size=11, mtime_ns=2))
    assert (again.id, again.upload_id, again.sha256, again.state) == (first.id, first.upload_id, "ab", "found")


def test_a_file_rewritten_after_it_was_acknowledged_gets_a_row_of_its_own(journal: Journal):
    first = journal.acknowledge(begin(journal, journal.notice(found())), uuid4())
    again = journal.notice(found(size=11, mtime_ns=2))
    assert again.upload_id != first.upload_id
    assert journal.item(first.id).state is ItemState.ACKNOWLEDGED


def test_only_the_content_that_was_sent_is_acknowledged(journal: Journal):
    sent = begin(journal, journal.notice(found()))
    journal.notice(found(size=11, mtime_ns=2))
    with pytest.raises(FileChanged):
        journal.acknowledge(sent, uuid4())
    assert journal.item(sent.id).state is ItemState.FOUND


def test_nothing_is_acknowledged_without_a_recording_id(journal: Journal):
    item = journal.notice(found())
    with pytest.raises(JournalTrouble):
        journal._set(item.id, state=ItemState.ACKNOWLEDGED)


def test_a_deleted_file_that_is_put_back_is_not_uploaded_again(journal: Journal):
    item = journal.deleted(journal.acknowledge(begin(journal, journal.notice(found())), uuid4()))
    assert journal.notice(found()).state is ItemState.ACKNOWLEDGED
    assert journal.item(item.id).recording_id == item.recording_id


def test_retry_puts_back_what_was_rejected_and_nothing_else(journal: Journal):
    rejected = journal.reject(begin(journal, journal.notice(found("a.wav"))), "bad_metadata", "No.")
    other = journal.reject(journal.notice(found("b.wav")), "too_large", "No.")
    waiting = journal.notice(found("c.wav"))
    (back,) = journal.retry([rejected.id, waiting.id, 999])
    assert (back.state, back.error_code, back.sha256) == (ItemState.FOUND, None, None)
    assert back.upload_id != rejected.upload_id
    assert journal.item(other.id) == other
    assert [item.id for item in journal.retry([])] == [other.id]


def test_the_backlog_counts_what_the_server_does_not_have(journal: Journal):
    journal.notice(found("a.wav", size=5))
    begin(journal, journal.notice(found("b.wav", size=6)))
    journal.acknowledge(begin(journal, journal.notice(found("c.wav", size=7))), uuid4())
    journal.reject(journal.notice(found("d.wav", size=8)), "x", "y")
    backlog = journal.backlog()
    assert (backlog.count, backlog.size) == (2, 11)
    assert 0 <= backlog.oldest_s < 60


def test_what_is_long_gone_is_forgotten(journal: Journal):
    gone = journal.reject(journal.notice(found("gone.wav")), "x", "y")
    there = journal.reject(journal.notice(found("there.wav")), "x", "y")
    recent = journal.reject(journal.notice(found("recent.wav")), "x", "y")
    journal._db.execute("UPDATE items SET changed_at = 0 WHERE id <> ?", (recent.id,))
    journal.forget_old(lambda name: name == "there.wav")
    assert {item.id for item in journal.items(ItemState.REJECTED)} == {there.id, recent.id} != {gone.id}


def test_two_agents_do_not_share_a_journal(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    with Ownership(path), pytest.raises(Busy, match="Another agent"):
        Ownership(path)
    Ownership(path).release()


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    Journal(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(BadSettings, match="newer"):
        Journal(path)


def test_a_journal_that_is_none_is_said_and_not_overwritten(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(JournalTrouble, match="cannot be used"):
        Journal(path)
    assert path.read_bytes() == b"something else entirely" * 100


WRITER = """
import sys, uuid
from pathlib import Path
from vocalverse.agent.files import Identity
from vocalverse.agent.journal import Journal
from vocalverse.agent.watch import Found
from vocalverse.records import Lane
journal = Journal(Path(sys.argv[1]))
for number in range(100_000):
    item = journal.notice(Found(f"{number}.wav", Identity(1, number), Lane.BULK))
    item = journal.begin(item, upload_id=item.upload_id, sha256="ab", recording="{}", backing=None)
    print("begun", item.id, item.upload_id, flush=True)
    item = journal.acknowledge(item, uuid.uuid4())
    print("acknowledged", item.id, item.recording_id, flush=True)
"""


def test_all_that_a_killed_agent_was_told_is_still_there(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        time.sleep(0.15)
        child.kill()
        said, _ = child.communicate()
        with Journal(path) as journal:
            for line in said.splitlines():
                what, number, value = line.split() if line.count(" ") == 2 else (None, None, None)
                if what == "begun":
                    assert journal.item(int(number)).upload_id == value
                elif what == "acknowledged" and len(value) == 36:
                    assert journal.item(int(number)).recording_id == UUID(value)
            assert journal._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        path = tmp_path / "second.sqlite3"
