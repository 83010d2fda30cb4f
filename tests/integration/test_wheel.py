"""The wheel as people get it: all that judging takes is in it, and it judges where nothing else of ours is."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from vocalverse.samples.make import TAKES, make_recording

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS_AT_MOST = 40e6  # bytes
DIMENSIONS = {"breath", "technique", "timbre", "emotion"}
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
OFFLINE = {"HF_HUB_OFFLINE": "1", "http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    said(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT), folder=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with nothing of ours but the wheel; what it depends on is lent by the environment of the tests."""
    folder = tmp_path_factory.mktemp("empty") / "environment"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    said(*PIP, "--python", str(python), "install", "--no-deps", str(wheel), folder=folder)
    (packages,) = (folder / "lib").glob("*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def said(*command: str, folder: Path) -> str:
    """By a process that stands in `folder`, knows no settings of ours, and reaches no network."""
    ours = ("VOCALVERSE_", "PYTHON")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**outside, **OFFLINE, "VOCALVERSE_DATA": str(folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_weights_releases_and_migrations_are_in_the_wheel(wheel: Path):
    sizes = {one.filename: one.file_size for one in zipfile.ZipFile(wheel).infolist()}
    bundled = ROOT / "vocalverse" / "release" / "bundled"
    releases = {str(path.relative_to(ROOT)) for path in bundled.rglob("*") if path.is_file()}
    assert "vocalverse/release/bundled/lite/SHA256SUMS" in releases
    assert releases <= set(sizes)
    assert "vocalverse/models/encoders/bundled/whisper-tiny-en/model.safetensors" in sizes
    assert any(name.startswith("migrations/versions/0001") for name in sizes)
    assert sum(size for name, size in sizes.items() if name.endswith(".safetensors")) < WEIGHTS_AT_MOST


def test_a_song_is_scored_from_the_wheel_without_a_network(python: Path, tmp_path: Path):
    song = make_recording(TAKES[0], tmp_path / "song.flac", seed=1)
    (told,) = json.loads(said(str(python), "-m", "vocalverse", "score", str(song), "--json", folder=tmp_path))["files"]
    assert set(told["dimensions"]) == DIMENSIONS
    assert 0 < told["overall"]["mark"] < 100


def test_all_that_comes_with_it_is_as_it_was_sealed(python: Path, tmp_path: Path):
    lies = said(str(python), "-c", "import vocalverse; print(vocalverse.__file__)", folder=tmp_path)
    assert Path(lies).is_relative_to(python.parents[1])
    for command in (("releases", "verify", "--open"), ("models", "verify")):
        said(str(python), "-m", "vocalverse", *command, folder=tmp_path)
