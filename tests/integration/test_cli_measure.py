"""`vocalverse measure`, as people call it, on singing whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

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
