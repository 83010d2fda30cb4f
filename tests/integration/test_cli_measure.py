"""`vocalverse measure`, as people call it, on singing whose truth is known."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from click.testing import CliRunner, Result
from PIL import Image

from vocalverse.cli import main
from vocalverse.synthesis.singing import Tone, Vibrato, sing

BEAT_S = 0.05  # 300 beats a minute, of which a chart counts quarters
SCALE = (0, 2, 4, 5, 7, 5, 4, 2)
LINES, NOTES, LONG, SHORT, REST = 4, 7, 16, 8, 20  # beats


def chart_and_tones(semitones: int = 0) -> tuple[str, list[Tone]]:
    """The same song twice: as a chart says it and as somebody sings it, in another key if wanted."""
    lines, tones, beat = ["#TITLE:Scale", "#ARTIST:Nobody", "#BPM:300", "#GAP:0"], [], REST
    for line in range(LINES):
        for number in range(NOTES):
            length = LONG if number == NOTES - 1 else SHORT
            pitch = SCALE[(number + line) % len(SCALE)]
            lines.append(f": {beat} {length} {pitch} la ")
            rest_s = REST * BEAT_S if number == 0 else 0.0
            vibrato = Vibrato() if length == LONG else None
            tones.append(Tone(60 + pitch + semitones, length * BEAT_S, rest_s=rest_s, vibrato=vibrato))
            beat += length
        lines.append(f"- {beat + 2}")
        beat += REST
    return "\n".join([*lines, "E", ""]), tones


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("takes")
    chart, tones = chart_and_tones(semitones=3)
    (made / "song.txt").write_text(chart)
    soundfile.write(made / "take.wav", sing(tones, seed=2).samples, 44_100)
    soundfile.write(made / "silence.wav", np.zeros((44_100 * 4, 2)), 44_100)
    return made


@pytest.fixture(autouse=True)
def plainly_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Which backend is the quickest here is measured elsewhere: it takes longer than all of these."""
    from vocalverse.separate import ear
    from vocalverse.separate.backends import open_backend

    monkeypatch.setenv("VOCALVERSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(
        ear, "open_fastest", lambda network, precision, **_: open_backend(network, "torch", precision, 1)
    )


def measured(*said: object) -> Result:
    return CliRunner().invoke(main, ["measure", *map(str, said)])


def test_a_take_is_held_against_its_song_in_another_key(folder: Path):
    result = measured(folder / "take.wav", "--voice", "--song", folder / "song.txt", "--json")
    assert result.exit_code == 0, result.output
    (file,) = json.loads(result.stdout)["files"]
    song = file["measured"]["against_song"]
    assert (song["aligned"]["key_semitones"], song["coverage"]["sung"]) == (3, LINES)
    assert song["intonation"]["score"]["value"] > 90
    assert file["measured"]["vibrato"]["rate_hz"] == pytest.approx(5.5, abs=0.4)
    assert len(file["measured"]["notes"]) == pytest.approx(LINES * NOTES, abs=3)


def test_people_read_a_table(folder: Path):
    said = measured(folder / "take.wav", "--voice", "--song", folder / "song.txt").output
    assert "+3 semitones" in said
    assert f"{LINES} of {LINES}" in said


def test_a_recording_goes_through_the_ear_and_silence_tells_nothing(folder: Path):
    result = measured(folder / "silence.wav", "--song", folder / "song.txt")
    assert result.exit_code == 0, result.output
    assert "nothing sung" in result.output


def test_what_cannot_be_heard_is_named_and_the_others_are_measured(folder: Path, tmp_path: Path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    result = measured(broken, folder / "take.wav", "--voice", "--json")
    assert result.exit_code == 1
    files = json.loads(result.stdout)["files"]
    assert [file["error"] for file in files] == ["unsupported_format", None]


def test_a_chart_that_is_none_is_refused_before_anything_is_heard(folder: Path, tmp_path: Path):
    poem = tmp_path / "poem.txt"
    poem.write_text("Roses are red")
    result = measured(folder / "take.wav", "--song", poem)
    assert (result.exit_code, "poem.txt" in result.output) == (2, True)


def test_pictures_and_tables_of_many_recordings_are_made_side_by_side(folder: Path, tmp_path: Path):
    """In the order given, one that cannot be heard among them; each with a name of its own."""
    takes = tmp_path / "takes"
    (takes / "deep").mkdir(parents=True)
    for name in ("a.wav", "deep/a.wav"):
        (takes / name).write_bytes((folder / "take.wav").read_bytes())
    (takes / "b.wav").write_bytes(b"no sound")
    out = ("--picture", tmp_path / "pictures", "--csv", tmp_path / "tables")
    result = measured(takes, "--voice", "--song", folder / "song.txt", "--jobs", 2, *out, "--json")
    assert result.exit_code == 1, result.output
    files = json.loads(result.stdout)["files"]
    assert [Path(file["file"]).relative_to(takes).as_posix() for file in files] == ["a.wav", "b.wav", "deep/a.wav"]
    assert [file["error"] for file in files] == [None, "unsupported_format", None]
    assert files[0]["measured"]["notes"] == files[2]["measured"]["notes"]
    made = sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.suffix in (".png", ".csv")
    )
    assert made == [
        "pictures/a.png",
        "pictures/deep/a.png",
        *(f"tables/{name}.{kind}.csv" for name in ("a", "deep/a") for kind in ("f0", "notes")),
    ]
    with Image.open(files[0]["picture"]) as picture:
        assert picture.width > 1_000
    with Path(files[0]["notes"]).open(encoding="utf-8", newline="") as table:
        assert len(list(csv.DictReader(table))) == len(files[0]["measured"]["notes"])


def test_one_recording_has_one_picture_as_png_or_svg(folder: Path, tmp_path: Path):
    for name in ("out.svg", "out.PNG"):
        result = measured(folder / "take.wav", "--voice", "--picture", tmp_path / name)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "out.svg").read_text().startswith("<svg")
    assert (tmp_path / "out.PNG").read_bytes().startswith(b"\x89PNG")
    two = measured(folder / "take.wav", folder / "silence.wav", "--voice", "--picture", tmp_path / "two.png")
    assert (two.exit_code, "folder" in two.output, (tmp_path / "two.png").exists()) == (2, True, False)


def test_the_verdict_comes_with_its_reasons(folder: Path):
    said = measured(folder / "silence.wav", "--voice")
    assert "refuse" in said.output
    assert "too_quiet" in said.output
    (file,) = json.loads(measured(folder / "take.wav", "--voice", "--json").stdout)["files"]
    assert file["prescreen"]["verdict"] == "pass"
    assert file["prescreen"]["pitch"]["value"] > 80
    assert file["recording"]["duration_s"] > 10


def test_a_guide_vocal_is_a_song_and_played_back_it_is_no_take(folder: Path, tmp_path: Path):
    _, tones = chart_and_tones()
    soundfile.write(tmp_path / "guide.wav", sing(tones, seed=9).samples, 44_100)
    (file,) = json.loads(measured(folder / "take.wav", "--voice", "--song", tmp_path / "guide.wav", "--json").stdout)[
        "files"
    ]
    assert file["measured"]["against_song"]["aligned"]["key_semitones"] == 3
    assert file["prescreen"]["pitch"]["value"] > 90


def test_a_song_that_is_no_file_is_looked_for_in_the_database(folder: Path):
    result = measured(folder / "take.wav", "--voice", "--song", "my-way")
    assert (result.exit_code, "VOCALVERSE_DATABASE_URL" in result.output) == (4, True)


@pytest.mark.parametrize(
    "chart",
    [
        "",
        "#TITLE:x\n#BPM:300\nE\n",
        "#TITLE:x\n#BPM:300\n: 0 4 0 a\n: x y\nE\n",
        "#TITLE:x\n#BPM:300\n: 0 4 0 a\n- 5\n: 900000 4 0 b\nE\n",  # twelve hours
        "#TITLE:x\n#BPM:nan\n: 0 4 0 a\nE\n",
    ],
    ids=["empty", "no notes", "broken", "long", "nan"],
)
def test_a_chart_that_no_song_can_be_is_refused_by_its_name(folder: Path, tmp_path: Path, chart: str):
    path = tmp_path / "odd.txt"
    path.write_text(chart)
    result = measured(folder / "take.wav", "--voice", "--song", path)
    assert (result.exit_code, "odd.txt" in result.output) == (2, True), result.output


def odd(kind: str, sung: np.ndarray) -> tuple[np.ndarray, int]:
    seconds = np.arange(44_100 * 8) / 44_100
    match kind:
        case "silence":
            return np.zeros(len(seconds)), 44_100
        case "not a number":
            return np.full(len(seconds), np.nan), 44_100
        case "some not a number":
            holed = sung[:, 0].copy()
            holed[44_100:66_150] = np.nan
            return holed, 44_100
        case "one voiced frame":
            return np.where(np.abs(seconds - 4) < 0.02, 0.3 * np.sin(2 * np.pi * 220 * seconds), 0), 44_100
        case "phone":
            return soxr.resample(sung[:, 0], 44_100, 8_000), 8_000
    return sung[:1, 0], 44_100


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("silence", False),
        ("not a number", False),
        ("one voiced frame", False),
        ("one sample", False),
        ("some not a number", True),
        ("phone", True),
    ],
)
def test_what_can_hardly_be_heard_has_no_number_out_of_nothing(folder: Path, tmp_path: Path, kind: str, known: bool):
    samples, rate_hz = odd(kind, soundfile.read(folder / "take.wav", dtype="float32")[0])
    soundfile.write(tmp_path / "odd.wav", samples, rate_hz, subtype="FLOAT")
    out = ("--picture", tmp_path / "odd.png", "--csv", tmp_path)
    result = measured(tmp_path / "odd.wav", "--voice", "--song", folder / "song.txt", *out, "--json")
    assert result.exit_code == 0, result.output
    assert "NaN" not in result.stdout
    (file,) = json.loads(result.stdout)["files"]
    assert (file["prescreen"]["pitch"] is not None, file["prescreen"]["rhythm"] is not None) == (known, known)
    assert known or file["prescreen"]["verdict"] == "refuse"
    song = file["measured"]["against_song"]
    assert known or song == "nothing_sung" or (song["intonation"], song["coverage"]["sung"]) == (None, 0)
