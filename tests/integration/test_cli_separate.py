"""`vocalverse separate` on real files: what comes out, and what is said of files that cannot be heard."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from PIL import Image

import vocalverse.samples
from vocalverse.audio.decode import decode
from vocalverse.cli import main

RATE_HZ = 44_100
TAKE = Path(vocalverse.samples.__file__).parent / "takes" / "vocadito_10.flac"


@pytest.fixture(autouse=True)
def plainly_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which backend is the quickest here is measured elsewhere: it takes longer than all of these."""
    from vocalverse.separate import ear
    from vocalverse.separate.backends import open_backend

    monkeypatch.setattr(
        ear, "open_fastest", lambda network, precision, **_: open_backend(network, "torch", precision, 1)
    )


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    def run(*arguments: object) -> Result:
        env = {"VOCALVERSE_DATA": str(tmp_path / "data")}
        return CliRunner().invoke(main, ["separate", *map(str, arguments), "-o", str(tmp_path / "out")], env=env)

    return run


@pytest.fixture
def told(run: Callable[..., Result]) -> Callable[..., dict[str, Any]]:
    """What it tells programs; `failed` files are expected."""

    def told(*arguments: object, failed: int = 0) -> dict[str, Any]:
        done = run(*arguments, "--json")
        assert done.exit_code == (1 if failed else 0), done.output
        said: dict[str, Any] = json.loads(done.stdout)
        assert said["failed"] == failed, said
        return said

    return told


@pytest.fixture(scope="module")
def song() -> np.ndarray:
    """Two seconds of somebody singing above a hum, in two channels that differ."""
    voice, _ = soundfile.read(TAKE, dtype="float32", frames=RATE_HZ * 2, start=RATE_HZ)
    time_s = np.arange(len(voice)) / RATE_HZ
    hum = sum(0.1 / k * np.sin(2 * np.pi * 110 * k * time_s) for k in range(1, 6))
    return np.stack([voice + hum, voice + 0.8 * hum], axis=1).astype(np.float32) * 0.5


@pytest.fixture
def take(tmp_path: Path, song: np.ndarray) -> Path:
    path = tmp_path / "take.wav"
    soundfile.write(path, song, RATE_HZ, subtype="FLOAT")
    return path


def heard(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        return np.array(decode(file).samples)


def read(path: str) -> np.ndarray:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate_hz == RATE_HZ
    return samples


def left_in(folder: Path) -> Iterator[str]:
    yield from sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_stems_add_up_to_the_recording(told: Callable[..., dict[str, Any]], take: Path):
    (one,) = told(take, "--format", "wav")["files"]
    whole = read(one["stems"]["voice"]) + read(one["stems"]["backing"])
    assert np.abs(whole - heard(take)).max() < 1e-6
    assert one["duration_s"] == pytest.approx(2.0)
    assert 0 < one["voice_share"] <= 1
    assert one["real_time_factor"] == pytest.approx(one["took_s"] / 2.0)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "seconds"),
    [(44_100, 1, 2.0), (8_000, 2, 2.0), (192_000, 2, 1.0), (48_000, 6, 1.0), (44_100, 2, 0.1)],
    ids=["mono", "8 kHz", "192 kHz", "six channels", "a tenth of a second"],
)
def test_any_rate_length_and_number_of_channels_is_heard(
    told: Callable[..., dict[str, Any]], tmp_path: Path, song: np.ndarray, rate_hz: int, channels: int, seconds: float
):
    path = tmp_path / "odd.wav"
    samples = np.resize(song.mean(axis=1), round(rate_hz * seconds))
    soundfile.write(path, np.repeat(samples[:, None], channels, axis=1), rate_hz)
    (one,) = told(path)["files"]
    for stem in one["stems"].values():
        written = read(stem)
        assert written.shape == (len(heard(path)), min(channels, 2))
        assert np.isfinite(written).all()


def test_silence_stays_silent(told: Callable[..., dict[str, Any]], tmp_path: Path):
    soundfile.write(tmp_path / "silence.flac", np.zeros((RATE_HZ, 2)), RATE_HZ)
    (one,) = told(tmp_path / "silence.flac", "--dereverb", "--picture")["files"]
    assert one["voice_share"] == 0
    assert one["voice_to_backing_db"] is None
    assert not read(one["stems"]["voice"]).any()


def test_a_file_that_cannot_be_heard_is_named_with_its_code_and_the_others_are_separated(
    told: Callable[..., dict[str, Any]], tmp_path: Path, take: Path
):
    (tmp_path / "notes.txt").write_text("no sound at all\n" * 50)
    (tmp_path / "broken.flac").write_bytes(TAKE.read_bytes()[:60])
    os.mkfifo(tmp_path / "pipe.wav")
    bad = ("notes.txt", "broken.flac", "pipe.wav", "none.wav")
    said = told(*(tmp_path / name for name in bad[:2]), take, *(tmp_path / name for name in bad[2:]), failed=4)
    codes = [one["error"] for one in said["files"]]
    assert codes == ["unsupported_format", "undecodable", None, "bad_input", "not_found"]
    assert said["separated"] == 1
    assert list(left_in(tmp_path / "out")) == ["take.backing.flac", "take.voice.flac"]


def test_folders_are_walked_and_names_that_clash_are_told_apart(run: Callable[..., Result], tmp_path: Path, take: Path):
    for name in ("in/a.wav", "in/below/a.wav", "other/a.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(take.read_bytes())
    done = run(tmp_path / "in", tmp_path / "other", "--stems", "voice", "--fast")
    assert done.exit_code == 0, done.output
    assert list(left_in(tmp_path / "out")) == ["a-2.voice.flac", "a.voice.flac", "below/a.voice.flac"]
    assert done.stdout.count("✓") == 3
    assert "3 separated, 0 failed: 6.0 s of sound in" in done.stdout
    assert "real-time factor" in done.stdout


def test_a_known_backing_is_given_to_the_ear_and_what_became_of_it_is_told(
    told: Callable[..., dict[str, Any]], tmp_path: Path, take: Path, song: np.ndarray
):
    backing = np.random.default_rng(3).standard_normal(song.shape).astype(np.float32) * 0.1
    soundfile.write(tmp_path / "song.wav", backing, RATE_HZ)
    soundfile.write(tmp_path / "mixed.wav", song + backing, RATE_HZ, subtype="FLOAT")
    (one,) = told(tmp_path / "mixed.wav", "--backing", tmp_path / "song.wav")["files"]
    assert one["backing_heard"] in (True, False)
    assert (told(take)["files"][0])["backing_heard"] is None


def test_a_backing_that_is_not_there_ends_it_before_it_begins(run: Callable[..., Result], tmp_path: Path, take: Path):
    done = run(take, "--backing", tmp_path / "none.wav", "--json")
    assert (done.exit_code, json.loads(done.stderr)["error"]) == (4, "not_found")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("notes.txt", "notes.txt: this is none of"), (".", "is a folder"), ("empty.wav", "empty.wav is empty")],
)
def test_a_backing_that_cannot_be_heard_is_named(
    run: Callable[..., Result], tmp_path: Path, take: Path, wrong: str, said: str
):
    (tmp_path / "notes.txt").write_text("no sound at all\n" * 50)
    (tmp_path / "empty.wav").touch()
    done = run(take, "--backing", tmp_path / wrong)
    assert done.exit_code in (1, 2)
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_picture_stands_beside_the_stems(told: Callable[..., dict[str, Any]], take: Path):
    (one,) = told(take, "--picture", "--dereverb")["files"]
    with Image.open(one["stems"]["picture"]) as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height > 600  # before, voice and backing
    assert set(one["stems"]) == {"voice", "backing", "picture"}


@pytest.mark.parametrize(
    "wrong",
    [
        ("--stems", "voice,drums"),
        ("--stems", ""),
        ("--fast", "--best"),
        ("--model", "no such model"),
        ("--dereverb-model", "no such model"),
    ],
)
def test_what_cannot_be_wished_for_is_said_in_a_sentence(
    run: Callable[..., Result], take: Path, tmp_path: Path, wrong: tuple[str, ...]
):
    done = run(take, *wrong, "--json")
    assert done.exit_code in (2, 4)
    assert json.loads(done.stderr)["error"] in ("bad_input", "model_unknown")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--model", "anvuew-dereverb"), "takes the room out of a voice; it does not separate"),
        (("--dereverb-model", "spleeter-2stems"), "separates; it does not dereverberate"),
        (("--model", "kim-vocals"), "vocalverse models fetch kim-vocals"),
        (("--dereverb-model", "anvuew-dereverb"), "vocalverse models fetch anvuew-dereverb"),
    ],
)
def test_a_model_of_the_wrong_purpose_or_not_here_is_named_before_anything_is_heard(
    run: Callable[..., Result], take: Path, tmp_path: Path, wrong: tuple[str, ...], said: str
):
    done = run(take, *wrong, "--json")
    assert done.exit_code in (4, 6)
    assert said in json.loads(done.stderr)["message"]
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_nothing_half_done(
    run: Callable[..., Result], tmp_path: Path, take: Path, monkeypatch: pytest.MonkeyPatch
):
    """In the middle of the second stem."""
    from vocalverse.cli.separate_views import Told

    def interrupt(self: Told, stage: str, fraction: float) -> None:
        if stage == "write" and fraction > 0.6:
            assert len(list((tmp_path / "out").iterdir())) == 2
            raise KeyboardInterrupt

    monkeypatch.setattr(Told, "progress", interrupt)
    assert run(take).exit_code == 130
    assert list(left_in(tmp_path / "out")) == []


def test_its_help_imports_nothing_heavy():
    program = (
        "import sys\nfrom vocalverse.cli import main\n"
        "main(['separate', '--help'], standalone_mode=False)\n"
        "print({'torch', 'numpy', 'soundfile', 'PIL', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
