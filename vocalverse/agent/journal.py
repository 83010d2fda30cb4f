"""What the agent must still know after the power was cut: one row per recording, in SQLite.

found → uploading → acknowledged → deleted, and `rejected` for what the server will not take as it is. Every change
is on the disk before the agent acts on it. Nothing is removed from the folder on any other word than this one.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from vocalverse.agent.faults import FileChanged, JournalTrouble
from vocalverse.agent.items import Backlog, Item, ItemState, Note, item_of, new_upload_id
from vocalverse.agent.watch import Found
from vocalverse.errors import BadSettings, Busy

SCHEMA_VERSION = 1
FORGET_AFTER_S = 90 * 86400.0  # a deleted file's row
FORGET_REJECTED_AFTER_S = 86400.0

_SCHEMA = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    upload_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('found', 'uploading', 'acknowledged', 'deleted', 'rejected')),
    lane TEXT NOT NULL CHECK (lane IN ('live', 'bulk')),
    sha256 TEXT,
    recording TEXT,
    backing BLOB,
    backing_sent INTEGER NOT NULL DEFAULT 0,
    recording_id TEXT,
    error_code TEXT,
    error TEXT,
    found_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    UNIQUE (name, size, mtime_ns),
    CHECK (state NOT IN ('acknowledged', 'deleted') OR recording_id IS NOT NULL)
);
CREATE INDEX items_by_state ON items (state, lane, mtime_ns);
CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL);
"""


class Journal:
    """One connection; each thread opens its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._careful():
            self._db = sqlite3.connect(path, timeout=10.0, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._make_tables()

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what lies in the folder ---

    def notice(self, found: Found) -> Item:
        """The row of a finished file: the one it has, the one it had before it was rewritten, or a new one."""
        with self._transaction():
            if known := self._one("name = ? AND size = ? AND mtime_ns = ?", *_key(found)):
                return self._back_in_the_folder(known)
            waiting = "name = ? AND state IN ('found', 'uploading', 'rejected')"
            if older := self._one(waiting + " ORDER BY id DESC", os.fsencode(found.name)):
                return self._rewritten(older, found)
            now = time.time()
            made = self._db.execute(
                "INSERT INTO items (name, size, mtime_ns, upload_id, state, lane, found_at, changed_at)"
                " VALUES (?, ?, ?, ?, 'found', ?, ?, ?)",
                (*_key(found), new_upload_id(), found.lane, now, now),
            )
            return self._row(made.lastrowid)

    def twin(self, item: Item, sha256: str) -> Item | None:
        """An acknowledged row of the same path with the same content: the file was only touched."""
        same = "name = ? AND sha256 = ? AND state IN ('acknowledged', 'deleted') AND id <> ?"
        return self._one(same, os.fsencode(item.name), sha256, item.id)

    def adopt(self, older: Item, newer: Item) -> Item:
        """The older row stands for the touched file from now on."""
        with self._transaction():
            self._db.execute("DELETE FROM items WHERE id = ?", (newer.id,))
            return self._set(older.id, state=ItemState.ACKNOWLEDGED, size=newer.size, mtime_ns=newer.mtime_ns)

    # --- the way of one recording ---

    def begin(self, item: Item, *, upload_id: str, sha256: str, recording: str, backing: str | None) -> Item:
        """Fixes what will be said to the server, before anything is."""
        return self._set(
            item.id,
            state=ItemState.UPLOADING,
            upload_id=upload_id,
            sha256=sha256,
            recording=recording,
            backing=os.fsencode(backing) if backing is not None else None,
            backing_sent=item.backing_sent and upload_id == item.upload_id,
        )

    def backing_sent(self, item: Item) -> Item:
        return self._set(item.id, backing_sent=True)

    def trouble(self, item: Item, code: str, message: str) -> Item:
        """It still waits, and this is why."""
        return self._set(item.id, error_code=code, error=message)

    def acknowledge(self, item: Item, recording_id: UUID) -> Item:
        """Only for the very content that was sent."""
        with self._transaction():
            if self._row(item.id).identity != item.identity:
                raise FileChanged(f"{item.name} was written again while it was uploaded: the new content follows.")
            return self._set(
                item.id, state=ItemState.ACKNOWLEDGED, recording_id=str(recording_id), error_code=None, error=None
            )

    def reject(self, item: Item, code: str, message: str) -> Item:
        return self._set(item.id, state=ItemState.REJECTED, error_code=code, error=message)

    def deleted(self, item: Item) -> Item:
        return self._set(item.id, state=ItemState.DELETED)

    def retry(self, ids: Iterable[int]) -> list[Item]:
        """Put rejected ones back, under a new upload id: the old one is spent. No ids: all of them."""
        chosen = set(ids)
        with self._transaction():
            parked = [item for item in self.items(ItemState.REJECTED) if not chosen or item.id in chosen]
            return [self._start_again(item) for item in parked]

    # --- questions ---

    def due(self, acknowledged_before: float) -> list[Item]:
        rows = self._ask("SELECT * FROM items WHERE state = 'acknowledged' AND changed_at <= ?", acknowledged_before)
        return [item_of(row) for row in rows]

    def item(self, item_id: int) -> Item | None:
        return self._one("id = ?", item_id)

    def items(self, *states: ItemState) -> list[Item]:
        marks = ", ".join("?" * len(states))
        rows = self._ask(f"SELECT * FROM items WHERE state IN ({marks}) ORDER BY changed_at, id", *states)
        return [item_of(row) for row in rows]

    def next_waiting(self, resting: frozenset[int] = frozenset()) -> Item | None:
        """Live before bulk, then the oldest recording, without those that rest."""
        rows = self._ask(
            "SELECT * FROM items WHERE state IN ('found', 'uploading')"
            " ORDER BY lane = 'live' DESC, mtime_ns, id LIMIT ?",
            len(resting) + 1,
        )
        return next((item_of(row) for row in rows if row["id"] not in resting), None)

    def backlog(self) -> Backlog:
        row = self._ask(
            "SELECT count(*) AS count, coalesce(sum(size), 0) AS size, min(found_at) AS oldest FROM items"
            " WHERE state IN ('found', 'uploading')"
        )[0]
        age_s = max(0.0, time.time() - row["oldest"]) if row["oldest"] is not None else 0.0
        return Backlog(row["count"], row["size"], age_s)

    def counts(self) -> dict[ItemState, int]:
        rows = self._ask("SELECT state, count(*) AS count FROM items GROUP BY state")
        found = {ItemState(row["state"]): int(row["count"]) for row in rows}
        return {state: found.get(state, 0) for state in ItemState}

    # --- notes ---

    def note(self, key: str, value: str | None) -> None:
        """None takes the note away."""
        if value is None:
            self._ask("DELETE FROM notes WHERE key = ?", key)
        else:
            self._ask("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", key, value, time.time())

    def notes(self) -> Mapping[str, Note]:
        return {row["key"]: Note(row["value"], row["at"]) for row in self._ask("SELECT * FROM notes")}

    def forget_old(self, is_there: Callable[[str], bool]) -> None:
        """Rows of files deleted long ago, and rejected ones that somebody took out of the folder."""
        self._ask("DELETE FROM items WHERE state = 'deleted' AND changed_at < ?", time.time() - FORGET_AFTER_S)
        for item in self.items(ItemState.REJECTED):
            if item.changed_at < time.time() - FORGET_REJECTED_AFTER_S and not is_there(item.name):
                self._ask("DELETE FROM items WHERE id = ?", item.id)

    # --- SQL ---

    def _back_in_the_folder(self, item: Item) -> Item:
        if item.state is ItemState.DELETED:
            return self._set(item.id, state=ItemState.ACKNOWLEDGED)
        if item.state is ItemState.REJECTED and item.error_code == "file_vanished":
            state = ItemState.UPLOADING if item.sha256 else ItemState.FOUND
            return self._set(item.id, state=state, error_code=None, error=None)
        return item

    def _rewritten(self, item: Item, found: Found) -> Item:
        if item.state is ItemState.REJECTED:
            item = self._start_again(item)
        # The upload id and the old digest stay: when the content turns out to be the same, so is the upload.
        return self._set(
            item.id, state=ItemState.FOUND, size=found.identity.size, mtime_ns=found.identity.mtime_ns, lane=found.lane
        )

    def _start_again(self, item: Item) -> Item:
        return self._set(
            item.id,
            state=ItemState.FOUND,
            upload_id=new_upload_id(),
            sha256=None,
            recording=None,
            backing=None,
            backing_sent=False,
            error_code=None,
            error=None,
        )

    def _set(self, item_id: int, **values: Any) -> Item:
        if "state" in values:
            values["changed_at"] = time.time()
        settings = ", ".join(f"{column} = ?" for column in values)
        self._ask(f"UPDATE items SET {settings} WHERE id = ?", *values.values(), item_id)
        return self._row(item_id)

    def _row(self, item_id: int | None) -> Item:
        return item_of(self._ask("SELECT * FROM items WHERE id = ?", item_id)[0])

    def _one(self, condition: str, *values: Any) -> Item | None:
        rows = self._ask(f"SELECT * FROM items WHERE {condition} LIMIT 1", *values)
        return item_of(rows[0]) if rows else None

    def _ask(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._careful():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._careful():
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield

    @contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as trouble:
            raise JournalTrouble(f"The journal {self.path} cannot be used ({trouble}): is its disk full?") from trouble

    def _make_tables(self) -> None:
        with self._transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise BadSettings(f"The journal {self.path} was written by a newer version: update this agent.")
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


class Ownership:
    """Holds a journal for one agent. The lock is SQLite's own, so it is portable and ends with the process."""

    def __init__(self, journal: Path) -> None:
        journal.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(journal.with_name(journal.name + ".owner"), timeout=0, isolation_level=None)
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            self._db.close()
            raise Busy(f"Another agent works with {journal}: end it, or give this one another folder.") from None

    def release(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _key(found: Found) -> tuple[bytes, int, int]:
    return os.fsencode(found.name), found.identity.size, found.identity.mtime_ns
