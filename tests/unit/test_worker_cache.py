"""Whether workers keep what encoders made."""

from pathlib import Path

import pytest

from vocalverse.settings import Settings
from workers.workplace import _workshop


@pytest.mark.parametrize(("said", "kept"), [({}, False), ({"VOCALVERSE_CACHE_BYTES": "1000"}, True)])
def test_a_worker_keeps_nothing_of_anybodys_voice_unless_told_how_much(
    tmp_path: Path, said: dict[str, str], kept: bool
):
    settings = Settings.read({"VOCALVERSE_DATA": str(tmp_path), **said})
    assert settings.cache == str(tmp_path / "cache")
    assert _workshop(settings, threads=1).cache == (tmp_path / "cache" if kept else None)
