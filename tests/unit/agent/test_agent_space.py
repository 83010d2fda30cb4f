"""Only what the server has may leave the folder."""

import logging
import os
from pathlib import Path
from uuid import uuid4

import pytest

from vocalverse.agent.files import Identity
from vocalverse.agent.items import ItemState
from vocalverse.agent.journal import Journal
from vocalverse.agent.space import Space
from vocalverse.agent.watch import Found
from vocalverse.records import Lane


class House:
    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder = folder
        self.journal = journal

    def put(
        self,
        name: object,
        size: int = 100,
        state: ItemState = ItemState.ACKNOWLEDGED,
        age_s: float = 0.0,
        backing: str | None = None,
    ):
        (self.folder / name).write_bytes(bytes(size))
        item = self.journal.notice(Found(name, Identity.of(self.folder / name), Lane.BULK))
        item = self.journal.begin(item, upload_id=item.upload_id, sha256=name, recording="{}", backing=backing)
        if state is ItemState.ACKNOWLEDGED:
            item = self.journal.acknowledge(item, uuid4())
        elif state is ItemState.REJECTED:
            item = self.journal.reject(item, "x", "y")
        self.journal._db.execute("UPDATE items SET changed_at = changed_at - ? WHERE id = ?", (age_s, item.id))
        return item

    def tidy(self, grace_s: float = 60.0, budget: int | None = None, keep: bool = False):
        used = sum(os.lstat(self.folder / name).st_size for name in os.listdir(self.folder))
        Space(self.folder, self.journal, grace_s=grace_s, budget=budget, keep=keep).tidy(used)
        return sorted(os.listdir(self.folder))


@pytest.fixture
def house(folder: Path, tmp_path: Path):
    with Journal(tmp_path / "journal.sqlite3") as journal:
        yield House(folder, journal)


def test_an_acknowledged_file_goes_after_the_grace_time(house: House):
    old = house.put("old.wav", age_s=61)
    house.put("new.wav", age_s=0)
    assert house.tidy() == ["new.wav"]
    assert house.journal.item(old.id).state is ItemState.DELETED


@pytest.mark.parametrize("state", [ItemState.UPLOADING, ItemState.REJECTED])
def test_what_the_server_does_not_have_never_goes(house: House, state: ItemState, caplog: pytest.LogCaptureFixture):
    house.put("a.wav", state=state, age_s=10**9)
    with caplog.at_level(logging.WARNING):
        assert house.tidy(grace_s=0, budget=1) == ["a.wav"]
    assert "none of them is deleted" in caplog.text


def test_over_budget_the_oldest_acknowledged_go_early_and_no_more_than_needed(house: House):
    for age, name in ((30, "c.wav"), (50, "a.wav"), (40, "b.wav")):
        house.put(name, age_s=age)
    house.put("waiting.wav", state=ItemState.UPLOADING, age_s=99)
    assert house.tidy(budget=250) == ["c.wav", "waiting.wav"]


def test_keep_deletes_nothing(house: House):
    house.put("a.wav", age_s=10**9)
    assert house.tidy(keep=True) == ["a.wav"]


def test_another_content_under_the_same_name_stays(house: House):
    house.put("a.wav", age_s=10**9)
    (house.folder / "a.wav").write_bytes(b"a new take")
    assert house.tidy() == ["a.wav"]


def test_its_sidecar_and_its_own_backing_go_along_and_a_shared_backing_stays(house: House):
    for name in ("a.wav.json", "a.backing.ogg", "shared.ogg"):
        (house.folder / name).write_bytes(b"{}")
    house.put("a.wav", age_s=10**9, backing="a.backing.ogg")
    house.put("b.wav", age_s=10**9, backing="shared.ogg")
    assert house.tidy() == ["shared.ogg"]


def test_a_sidecar_stays_for_another_recording_that_still_needs_it(house: House):
    (house.folder / "a.json").write_bytes(b"{}")
    house.put("a.wav", age_s=10**9)
    house.put("a.flac", state=ItemState.UPLOADING)
    assert house.tidy() == ["a.flac", "a.json"]
