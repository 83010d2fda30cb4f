"""The bench of how well it hears, on recordings out of numbers, with ears that are perfect or deaf."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests import backings, voices
from vocalverse.bench.hearing import rooms
from vocalverse.bench.hearing.data import RATE_HZ, ROOMS, SINGERS, SONG, Corpus, Room, Song
from vocalverse.bench.hearing.ears import Contender, Hear
from vocalverse.bench.hearing.scenes import DELAY_S, DRIFT_PPM, Scene, in_room, record, rms
from vocalverse.bench.hearing.singers import Choice, offset_of, recorded, singers, song
from vocalverse.bench.hearing.table import Column, Row, Table
from vocalverse.cli.bench import bench
from vocalverse.errors import BadInput
from vocalverse.separate.dereverberate import Dry
from vocalverse.separate.reverberation import Room as Told
from vocalverse.synthesis import rooms as made

_CLIP_RATE_HZ = 16_000
_OFFSET = 1_234
_EARS: Mapping[Contender, Hear] = {
    Contender.MIX: lambda recording, _: recording.mix,
    Contender.BUNDLED: lambda recording, _: recording.voice,
}


def noise(seconds: float, *, seed: int, rate_hz: int = _CLIP_RATE_HZ, channels: int = 2) -> np.ndarray:
    shape = (round(seconds * rate_hz), channels)
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32) * np.float32(0.1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout with nothing but noise in it."""
    root: Path = tmp_path_factory.mktemp("data")
    for name in ("mir1k", "rir", "ssvd", SONG):
        (root / name).mkdir(parents=True)
    for seed, singer in enumerate(SINGERS):
        for number in range(8):
            clip = noise(0.5 + 0.02 * number, seed=8 * seed + number) * np.array([1, 0.3], np.float32)
            name = f"{singer}_{1 + number // 4}_{number % 4 + 1:02d}.opus"
            soundfile.write(root / "mir1k" / name, clip, _CLIP_RATE_HZ, format="OGG", subtype="OPUS")
    for seed, name in enumerate(ROOMS):
        soundfile.write(root / "rir" / f"{name}.flac", 0.5 * made.room(0.3, 3, seed=seed), RATE_HZ)
    for number in range(3):
        take = noise(1, seed=40 + number, channels=1)
        soundfile.write(root / "ssvd" / f"{number}.opus", take, _CLIP_RATE_HZ, format="OGG", subtype="OPUS")
    instrumental = backings.tune(3, stereo=True)
    mix = np.pad(instrumental, ((_OFFSET, 0), (0, 0)))[: len(instrumental)] + backings.voice(3)
    for name, sound in (("audio", mix), ("instrumental", instrumental)):
        soundfile.write(root / SONG / f"{name}.mp3", sound, RATE_HZ, format="MP3")
    return root


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Corpus:
    return Corpus.at(folder)


# --- the data -------------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"no folder .*nowhere"):
        Corpus.at(tmp_path / "nowhere")


def test_another_layout_is_told_by_what_is_missing(folder: Path, tmp_path: Path):
    for name in ("rir", "ssvd", "ultrastar"):
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / "mir1k").mkdir()
    with pytest.raises(BadInput, match=rf"another layout.*mir1k/{SINGERS[0]}"):
        Corpus.at(tmp_path)


def test_a_file_that_is_no_sound_is_named(folder: Path, tmp_path: Path):
    for name in ("mir1k", "ssvd", "ultrastar"):
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / "rir").mkdir()
    for name in ROOMS:
        (tmp_path / "rir" / f"{name}.flac").write_text("no room")
    with pytest.raises(BadInput, match=f"{ROOMS[0]}.flac cannot be read"):
        Corpus.at(tmp_path).rooms()


def test_clips_are_drawn_alike_every_time_and_lie_one_after_another(corpus: Corpus):
    first, again = (corpus.takes(SINGERS[0], songs=2, clips=3) for _ in range(2))
    assert [len(take.clips) for take in first] == [3, 3]
    for take, same in zip(first, again, strict=True):
        assert np.array_equal(take.voice, same.voice)
        assert take.clips[0].start == 0
        assert take.clips[-1].stop == len(take.voice) == len(take.backing)
        assert all(one.stop == other.start for one, other in zip(take.clips, take.clips[1:], strict=False))


def test_in_every_clip_the_backing_is_as_loud_as_the_voice(corpus: Corpus):
    take = corpus.takes(SINGERS[1], songs=1, clips=4)[0]
    for clip in take.clips:
        assert rms(take.voice[clip]) == pytest.approx(rms(take.backing[clip]), rel=1e-4)


def test_more_clips_than_a_song_has_are_refused(corpus: Corpus):
    with pytest.raises(BadInput, match=r"no song .* 5 clips"):
        corpus.takes(SINGERS[0], songs=1, clips=5)


def test_rooms_begin_with_their_direct_sound(corpus: Corpus):
    for room in corpus.rooms(ROOMS):
        assert np.abs(room.response).argmax(axis=0).max() <= RATE_HZ // 1000
        assert np.square(room.response).sum(axis=0).mean() == pytest.approx(1, rel=1e-3)


# --- scenes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", Scene)
@pytest.mark.parametrize("level_db", [0.0, -5.0])
def test_the_voice_is_as_far_above_its_backing_as_asked(corpus: Corpus, scene: Scene, level_db: float):
    take, room = corpus.takes(SINGERS[0], songs=1, clips=2)[0], corpus.rooms()[0]
    given = take.voice.copy()
    recording = record(take, scene, voice_to_backing_db=level_db, room=room)
    rest = recording.mix - recording.voice
    assert 20 * math.log10(rms(recording.voice) / rms(rest)) == pytest.approx(level_db, abs=1e-3)
    assert rms(recording.mix) == pytest.approx(0.1, rel=1e-4)
    assert np.array_equal(recording.backing[:, 0], take.backing)
    assert np.array_equal(take.voice, given)


def test_from_a_loudspeaker_the_backing_comes_late_and_drifts(corpus: Corpus):
    take = corpus.takes(SINGERS[0], songs=1, clips=4)[0]
    dry = Room("none", np.ones((1, 2), np.float32))
    recording = record(take, Scene.LOUDSPEAKER, voice_to_backing_db=0, room=dry)
    rest = (recording.mix - recording.voice)[:, 0]
    late = round(DELAY_S * RATE_HZ)
    assert not np.abs(rest[: late - 100]).max()
    straight = np.vdot(rest[late : late + 2000], take.backing[:2000])
    assert straight / (np.linalg.norm(rest[late : late + 2000]) * np.linalg.norm(take.backing[:2000])) > 0.99
    assert DRIFT_PPM == 50


# --- tables ---------------------------------------------------------------------------------------------------


def test_a_perfect_ear_and_a_deaf_one_get_what_they_deserve(corpus: Corpus):
    tables = list(singers(corpus, _EARS, Choice(songs=1, clips=2)))
    assert len(tables) == len(Scene) * 2
    for table in tables:
        assert [column.name for column in table.columns] == ["mix", "Spleeter (bundled)"]
        assert [row.name for row in table.rows][:3] == [f"{singer}, median" for singer in SINGERS]
        level_db = -5 if "-5 dB" in table.title else 0
        for deaf, perfect in (row.cells for row in table.rows):
            assert perfect == math.inf or perfect > 100
            assert deaf == pytest.approx(level_db, abs=4)  # the backing's first 0.35 s are silent


def test_progress_of_the_singers_rises_to_one(corpus: Corpus):
    seen: list[float] = []
    list(singers(corpus, _EARS, Choice(songs=1, clips=1), progress=lambda _, fraction: seen.append(fraction)))
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_the_songs_voice_is_what_its_instrumental_leaves(corpus: Corpus):
    table = song(corpus, _EARS, part_s=(0.5, 2.5))
    assert f"{_OFFSET} samples" in table.note
    assert "2 s in stereo" in table.note
    deaf, perfect = (row.cells[0] for row in table.rows)
    heard = slice(round(0.5 * RATE_HZ), round(2.5 * RATE_HZ))
    voice, rest = backings.voice(3)[heard], backings.tune(3, stereo=True)[heard]
    assert deaf == pytest.approx(20 * math.log10(rms(voice) / rms(rest)), abs=0.5)
    assert perfect == math.inf


@pytest.mark.parametrize("offset", [-500, 0, 6_724])
def test_an_instrumental_is_found_either_way(offset: int):
    long = noise(5, seed=60, rate_hz=RATE_HZ)
    voice = noise(4, seed=61, rate_hz=RATE_HZ)
    equalised = np.float32(0.5) * long + np.float32(0.3) * np.roll(long, 1, axis=0)
    found = Song(equalised[10_000 - offset :][: len(voice)] + voice, long[10_000:])
    assert offset_of(found) == offset
    truth = recorded(found, offset, (0.2, 0.9)).voice
    assert rms(truth - voice[round(0.2 * RATE_HZ) : round(0.9 * RATE_HZ)]) < 0.02


def test_a_table_is_markdown_for_people_and_numbers_for_programs():
    table = Table("T", "who", [Column("a"), Column("b", 2)], [Row("x", [-0.04, math.inf]), Row("yy", [None, "no"])])
    lines = table.markdown().splitlines()
    assert lines[0] == "### T"
    assert lines[2].split() == ["|", "who", "|", "a", "|", "b", "|"]
    assert lines[4].split() == ["|", "x", "|", "0.0", "|", "∞", "|"]
    assert lines[5].split() == ["|", "yy", "|", "–", "|", "no", "|"]
    assert len({len(line) for line in lines[2:]}) == 1
    assert json.loads(json.dumps(table.as_json(), allow_nan=False))["rows"][0] == {"who": "x", "a": -0.04, "b": None}


# --- rooms ----------------------------------------------------------------------------------------------------


def _made_room(t60_s: float, drr_db: float) -> Room:
    return Room("made", made.room(t60_s, drr_db, seed=3, channels=2).astype(np.float32))


@pytest.mark.parametrize(("t60_s", "drr_db"), [(0.3, 6.0), (0.8, 0.0)])
def test_a_rooms_own_figures_are_read_off_its_response(t60_s: float, drr_db: float):
    room = _made_room(t60_s, drr_db)
    assert rooms.reverberation_time_s(room) == pytest.approx(t60_s, rel=0.1)
    assert rooms.direct_to_reverberant_db(room) == pytest.approx(drr_db, abs=2.5)  # of the band alone


def test_who_takes_the_late_sound_away_gains_and_who_does_nothing_does_not():
    room, voice = _made_room(0.5, 0), voices.song(2, seed=1).astype(np.float32)
    wanted = in_room(voice, rooms.early(room, rooms.EARLY_S))
    nothing = rooms.outcome(voice, room, remove=lambda given: Dry(given, Told(None, None), None, 0.0))
    perfect = rooms.outcome(voice, room, remove=lambda _: Dry(wanted, Told(0.5, 0.0), -6.0, 1.0))
    assert nothing.gain_db == 0
    assert nothing.louder_lu == 0
    assert perfect.before_db == nothing.before_db
    assert perfect.after_db > 100
    assert perfect.louder_lu < 0


def test_rooms_make_a_row_each_and_one_of_them_all(corpus: Corpus):
    sung = {"sung": voices.song(2, seed=1).astype(np.float32)}
    table = rooms.wet(sung, corpus.rooms(ROOMS[:1]))
    assert [row.name for row in table.rows] == [ROOMS[0], "all"]
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    assert table.markdown()


def test_dry_voices_pass(corpus: Corpus):
    table = rooms.dry({"sung": voices.song(3, seed=1).astype(np.float32)})
    assert table.rows[0].cells[:2] == ["yes", math.inf]


# --- the command ----------------------------------------------------------------------------------------------


def test_the_command_asks_for_the_recordings():
    done = CliRunner().invoke(bench, ["hearing"])
    assert isinstance(done.exception, BadInput)
    assert "--data" in str(done.exception)


def test_the_command_says_what_a_wrong_folder_lacks(tmp_path: Path):
    done = CliRunner().invoke(bench, ["hearing", "--data", str(tmp_path)])
    assert isinstance(done.exception, BadInput)
    assert "another layout" in str(done.exception)
