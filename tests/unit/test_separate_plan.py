"""Which recordings are separated, and that no two of them end in the same file."""

from pathlib import Path

import pytest

from vocalverse.cli.separate_plan import plan
from vocalverse.cli.separate_views import how_far
from vocalverse.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b/2.wav", "b/deep/1.MP3", "b/deep/.hidden.wav", "b/.git/x.wav", "b/notes.txt", "a.mp3", "a.flac"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "in"


def stems(songs: object, out: Path) -> list[str]:
    return [str(song.stem.relative_to(out)) for song in songs]  # type: ignore[attr-defined]


def test_folders_are_walked_in_order_and_made_again_below_the_one_for_stems(folder: Path, tmp_path: Path):
    songs = plan([folder / "b", folder / "a.mp3"], tmp_path / "out")
    assert stems(songs, tmp_path / "out") == ["2", "deep/1", "a"]
    assert songs[1].named("voice.flac") == tmp_path / "out" / "deep" / "1.voice.flac"


def test_recordings_of_one_name_do_not_end_in_one_file(folder: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("a.wav", "A.ogg", "a-2.wav"):
        (other / name).touch()
    songs = plan([folder / "a.mp3", folder / "a.flac", other], tmp_path / "out")
    given = stems(songs, tmp_path / "out")
    assert len({name.casefold() for name in given}) == len(given) == 5
    assert given[:2] == ["a", "a-2"]


def test_a_recording_is_separated_once_however_often_it_is_named(folder: Path, tmp_path: Path):
    (folder / "link.mp3").symlink_to(folder / "a.mp3")
    again = folder / "b" / ".." / "a.mp3"
    assert len(plan([folder / "a.mp3", again, folder / "link.mp3"], tmp_path / "out")) == 1


def test_what_came_out_is_not_put_in_again(folder: Path):
    out = folder / "b" / "separated"
    out.mkdir()
    (out / "2.voice.flac").touch()
    assert stems(plan([folder / "b"], out), out) == ["2", "deep/1"]


def test_no_recording_is_written_over(tmp_path: Path):
    for name in ("take.ogg", "take.voice.flac"):
        (tmp_path / name).touch()
    songs = plan([tmp_path], tmp_path)
    written = {song.named(f"{stem}.flac") for song in songs for stem in ("voice", "backing")}
    assert not written & {song.source for song in songs}


def test_a_folder_without_recordings_is_said(tmp_path: Path):
    with pytest.raises(BadInput, match="no WAV"):
        plan([tmp_path], tmp_path / "out")


def test_a_folder_that_cannot_be_written_to_is_said_before_anything_is_heard(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(BadInput, match=r"a\.flac is a file"):
        plan([folder], folder / "a.flac" / "out")
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)  # root may write everywhere
    with pytest.raises(BadInput, match="another folder"):
        plan([folder], tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_not_there_has_its_turn_and_no_size(tmp_path: Path):
    (song,) = plan([tmp_path / "none.wav"], tmp_path / "out")
    assert song.size == 0


def test_the_bar_only_gets_on():
    stages = ("decode", "cancel", "separate", "dereverberate", "write")
    seen = [how_far(stage, fraction) for stage in stages for fraction in (0.0, 0.5, 1.0)]
    assert seen == sorted(seen, key=float)
    assert seen[-1] == pytest.approx(1.0)
    assert how_far("something new", 0.5) is None
