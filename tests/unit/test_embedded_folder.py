"""The data folder: one owner, secrets for nobody else, and sentences for what goes wrong with disks."""

import json
import os
import re
import stat
from pathlib import Path

import pytest

from vocalverse.embedded.folder import DataFolder, explaining
from vocalverse.embedded.server import write_private
from vocalverse.errors import BadSettings, Busy, DiskFull
from vocalverse.settings import Settings, environment_for


def test_a_second_owner_is_told_who_holds_the_folder_and_since_when(tmp_path: Path) -> None:
    with DataFolder(tmp_path).claimed(), pytest.raises(Busy) as refused, DataFolder(tmp_path).claimed():
        pass
    assert f"Process {os.getpid()} " in str(refused.value)
    assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d", str(refused.value))


def test_a_folder_is_free_again_when_its_owner_has_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with DataFolder(tmp_path).claimed():
            pass


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    with DataFolder(folder).claimed():
        assert stat.S_IMODE(folder.stat().st_mode) in (0o700, 0o711)


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    before = folder.stat().st_mode, tmp_path.stat().st_mode
    with DataFolder(folder).claimed():
        pass
    assert (folder.stat().st_mode, tmp_path.stat().st_mode) == before


def test_secrets_are_kept_and_closed_to_others(tmp_path: Path) -> None:
    first = DataFolder(tmp_path).secret("postgres")
    other = DataFolder(tmp_path).secret("valkey")
    assert DataFolder(tmp_path).secret("postgres") == first
    assert len({first, other}) == 2
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_the_stack_is_told_to_other_commands_and_closed_to_others(tmp_path: Path) -> None:
    DataFolder(tmp_path).write_stack({"database_url": "postgresql://x", "port": 9000})
    settings = Settings.read({"VOCALVERSE_DATA": str(tmp_path)})
    assert (settings.database_url, settings.port) == ("postgresql://x", 9000)
    assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600


def test_what_was_written_before_stays_whole_until_the_new_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_private(file, "old")
    with file.open() as reader:
        write_private(file, "new")
        assert reader.read() == "old"
    assert file.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_child_is_ruled_by_the_stack_and_not_by_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOCALVERSE_PORT", "1")
    monkeypatch.setenv("VOCALVERSE_GRACE_S", "7")
    (tmp_path / "stack.json").write_text(json.dumps({"port": 9000}))
    settings = Settings.read(environment_for(tmp_path, {"port": 9000}, grace_s=1.5, max_starts=2))
    assert (settings.port, settings.grace_s, settings.max_starts) == (9000, 7.0, 2)


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="make room"), explaining(tmp_path), Path("/dev/full").open("w") as full:
        full.write("x")
        full.flush()


def test_a_file_where_the_folder_should_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSettings, match="--data"), explaining(tmp_path):
        DataFolder(tmp_path / "file" / "data").write_stack({})
