"""The bench of the games' rules and ours: what the rules pay where that is known, and how the tables count."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from vocalverse.bench.scoring import games
from vocalverse.bench.scoring.chart import as_ultrastar
from vocalverse.bench.scoring.judges import Judge, Judged
from vocalverse.bench.scoring.ranking import Ranked
from vocalverse.bench.scoring.refusing import refusals
from vocalverse.bench.scoring.takes import (
    ATTACKS_EACH,
    MADE_BEAT_S,
    Take,
    instrumentals,
    made_attacks,
    recordings,
    songs,
)
from vocalverse.cli.bench import bench
from vocalverse.errors import BadInput
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Line, Melody, MelodyNote, NoteKind
from vocalverse.measure.reference.options import ReadOptions
from vocalverse.measure.reference.ultrastar import read_ultrastar
from vocalverse.records import Verdict
from vocalverse.synthesis import attacks
from vocalverse.synthesis.melodies import melody, pitch_of


def sung(song: Melody, *, semitones: float = 0.0, late_s: float = 0.0) -> Pitch:
    """Exactly as it is written, but for that."""
    midi = np.full(round((song.duration_s + 1) / HOP_S), np.nan)
    for note in song.notes:
        there = slice(round((note.start_s + late_s) / HOP_S), round((note.end_s + late_s) / HOP_S))
        midi[there] = (60 if note.midi is None else note.midi) + semitones
    return pitch_of(midi)


@pytest.fixture(scope="module")
def song() -> Melody:
    return melody(6, seed=3)


def ultrastar(song: Melody, pitch: Pitch, tolerance: int = games.EASY) -> float:
    return games.ultrastar(song, pitch, beat_s=MADE_BEAT_S, tolerance=tolerance)


# --- rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("semitones", [0.0, -12.0, 24.0])
def test_games_pay_all_for_a_song_as_written_in_any_octave(song: Melody, semitones: float):
    pitch = sung(song, semitones=semitones)
    assert ultrastar(song, pitch, games.HARD) == pytest.approx(games.MOST)
    assert games.performous(song, pitch) == pytest.approx(games.MOST)


@pytest.mark.parametrize(("semitones", "easy", "medium", "hard"), [(1.0, 1, 1, 0), (2.0, 1, 0, 0), (3.0, 0, 0, 0)])
def test_ultrastar_pays_as_far_as_its_tolerance_and_nothing_beyond(
    song: Melody, semitones: float, easy: int, medium: int, hard: int
):
    pitch = sung(song, semitones=semitones)
    paid = [ultrastar(song, pitch, tolerance) for tolerance in (games.EASY, games.MEDIUM, games.HARD)]
    assert paid == pytest.approx([games.MOST * share for share in (easy, medium, hard)])


@pytest.mark.parametrize(("semitones", "share"), [(0.5, 1.0), (-1.0, 0.5), (1.5, 0.0)])
def test_performous_pays_less_the_farther_away(song: Melody, semitones: float, share: float):
    assert games.performous(song, sung(song, semitones=semitones)) == pytest.approx(games.MOST * share, abs=1)


def test_nothing_is_paid_for_silence(song: Melody):
    silence = pitch_of(np.full(500, np.nan))
    assert ultrastar(song, silence) == 0
    assert games.performous(song, silence) == 0


def test_golden_notes_count_twice_any_rap_will_do_and_freestyle_counts_nothing():
    notes = (
        MelodyNote(0, 1, 60, kind=NoteKind.GOLDEN),
        MelodyNote(1, 2, 62),
        MelodyNote(2, 3, None, kind=NoteKind.RAP),
        MelodyNote(3, 4, None, kind=NoteKind.FREESTYLE),
    )
    song = Melody((Line(0, 4, notes),), source=melody(1).source)
    golden_alone = Melody((Line(0, 1, notes[:1]),), source=song.source)
    assert ultrastar(song, sung(golden_alone)) == pytest.approx(games.MOST / 2)
    raps = pitch_of(np.concatenate([np.full(200, np.nan), np.full(100, 41.0), np.full(150, np.nan)]))
    assert ultrastar(song, raps) == pytest.approx(games.MOST / 4)
    assert games.performous(song, raps) == pytest.approx(games.MOST / 4)


def test_a_line_that_is_sung_gets_its_bonus(song: Melody):
    first = replace(song, lines=song.lines[:1])
    share = sum(n.end_s - n.start_s for n in first.notes) / sum(n.end_s - n.start_s for n in song.notes)
    assert ultrastar(song, sung(first)) == pytest.approx(9_000 * share + 1_000 / len(song.lines))


def test_a_chart_written_for_the_peer_reads_as_the_same_song(song: Melody):
    again = read_ultrastar(as_ultrastar(song, beat_s=MADE_BEAT_S).encode(), options=ReadOptions())
    assert len(again.lines) == len(song.lines)
    for one, other in zip(song.notes, again.notes, strict=True):
        assert other.start_s == pytest.approx(one.start_s, abs=1e-3)
        assert other.end_s == pytest.approx(one.end_s, abs=1e-3)
        assert other.midi == one.midi


# --- tables ---------------------------------------------------------------------------------------------------


def test_a_rule_that_sees_every_fault_ranks_all_pairs_and_one_that_sees_none_half():
    points = [{Judge.OURS: 9.0 - grade, Judge.ULTRASTAR_EASY: 5.0, Judge.PERFORMOUS: grade} for grade in range(4)]
    ranked = Ranked("fault", points)
    assert ranked.pairs_right(Judge.OURS) == 1
    assert ranked.pairs_right(Judge.ULTRASTAR_EASY) == 0.5
    assert ranked.pairs_right(Judge.PERFORMOUS) == 0
    assert [ranked.tau(judge) for judge in (Judge.OURS, Judge.ULTRASTAR_EASY, Judge.PERFORMOUS)] == [1, 0, -1]


def judged(kind: str, verdict: Verdict, *, honest: bool, calibrated: bool, reason: str = "hum") -> Judged:
    take = Take(kind, "one", np.zeros((0, 2), np.float32), honest=honest, calibrated=calibrated)
    return Judged(take, {}, verdict, (reason,) if verdict is Verdict.REFUSE else ())


def test_kinds_that_set_thresholds_are_counted_apart_from_those_never_seen():
    found = [
        judged("hum", Verdict.REFUSE, honest=False, calibrated=True),
        judged("hum", Verdict.PASS, honest=False, calibrated=False),
        judged("talk", Verdict.REFUSE, honest=False, calibrated=False),
        judged("ssvd", Verdict.PASS, honest=True, calibrated=False),
        judged("ssvd", Verdict.REFUSE, honest=True, calibrated=False, reason="too_short"),
    ]
    honest, others = refusals(found)
    rows = {(row.name, row.cells[5]): row.cells for row in others.rows}
    assert rows["hum", "yes"][:5] == [1, 0, 1, 0, 100]
    assert rows["hum", "no"][:5] == [1, 0, 0, 0, 0]
    assert rows["all never seen", "no"][:5] == [2, 0, 1, 0, 50]
    assert rows["talk", "no"][6] == "hum 1"
    assert list(honest.rows[0].cells[:5]) == [2, 1, 0, 0, 0]  # who is too short is not refused wrongly
    assert [row.name for row in honest.rows] == ["ssvd", "all never seen"]


# --- takes ----------------------------------------------------------------------------------------------------


def test_each_generator_attacks_the_chart_of_the_honest_take(monkeypatch: pytest.MonkeyPatch):
    some = ("sine_whistle", "muffled_hum", "backing", "playback")
    monkeypatch.setattr(attacks, "GENERATORS", {name: attacks.GENERATORS[name] for name in some})
    takes = list(made_attacks(1, length_s=6))
    assert takes[0].honest
    assert not any(take.honest for take in takes[1:])
    assert len({take.name for take in takes}) == len(takes) <= ATTACKS_EACH
    assert all(take.melody == takes[0].melody for take in takes)
    assert [take.kind for take in takes[1:]] == ["whistle", "whistle", "hum", "hum", "backing", "playback"]
    assert takes[4].name == "muffled_hum, over a backing"
    assert all(take.guide is not None for take in takes if take.kind == "playback")


def test_recordings_are_read_as_they_lie(tmp_path: Path):
    noise = np.random.default_rng(0).standard_normal((16_000, 2)).astype(np.float32) * np.array([0.2, 0.05])
    for folder in ("mir1k", "ssvd", "ultrastar/A - B"):
        (tmp_path / folder).mkdir(parents=True)
    soundfile.write(tmp_path / "mir1k" / "one_1_01.opus", noise, 16_000, format="OGG", subtype="OPUS")
    soundfile.write(tmp_path / "ssvd" / "1.opus", noise[:, 0], 16_000, format="OGG", subtype="OPUS")
    soundfile.write(tmp_path / "ultrastar/A - B" / "audio.mp3", noise, 16_000, format="MP3")
    (tmp_path / "ultrastar/A - B" / "song.txt").write_text("#BPM:300\n#GAP:0\n: 0 4 5 la\n- 4\n: 90 9 5 la\nE\n")
    soundfile.write(tmp_path / "ultrastar/A - B" / "instrumental.mp3", noise, 16_000, format="MP3")
    takes = [*recordings(tmp_path, 5), *songs(tmp_path, 5, longest_s=0.5), *instrumentals(tmp_path, longest_s=0.5)]
    found = {take.kind: take for take in takes}
    assert {kind: take.honest for kind, take in found.items()} == {
        "MIR-1K, voice and backing": True,
        "MIR-1K, backing alone": False,
        "ssvd": True,
        "whole songs": True,
        "instrumentals": False,
    }
    assert not any(take.calibrated for take in found.values())
    whole = found["whole songs"]
    assert len(whole.mix) == 22_050
    assert whole.melody is not None
    assert len(whole.melody.lines) == 1  # the other lies behind what is heard
    assert whole.beat_s == pytest.approx(0.05)


def test_the_command_names_a_folder_that_is_not_there(tmp_path: Path):
    done = CliRunner().invoke(bench, ["scoring", "--data", str(tmp_path / "nowhere")])
    assert isinstance(done.exception, BadInput)
    assert "nowhere" in str(done.exception)
