"""The bench of how true the measures are: its own figures are, too."""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import mir_eval
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from vocalverse.bench.hearing.table import Column, Row, Table
from vocalverse.bench.truth import damages as damaging
from vocalverse.bench.truth import tables
from vocalverse.bench.truth.against import against_song
from vocalverse.bench.truth.agreement import Labelled, Tracked, held_midi, paired_notes, paired_spans
from vocalverse.bench.truth.labels import labelled, labelled_takes
from vocalverse.bench.truth.peers import Peer, plain_notes
from vocalverse.cli.bench import bench
from vocalverse.errors import BadInput, Unavailable
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.synthesis.damage import kinds
from vocalverse.synthesis.melodies import pitch_of
from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import Tone, sing

_FASTER = 48_000 / 44_100
_HIGHER = 12 * math.log2(_FASTER)


def notes(count: int, *, seed: int) -> Labelled:
    random = np.random.default_rng(seed)
    start_s = np.sort(random.uniform(0, count * 0.12, count))
    return Labelled(start_s, start_s + 0.1, random.uniform(57, 60, count))


@pytest.mark.parametrize("seed", range(20))
def test_notes_agree_as_mir_eval_says(seed: int) -> None:
    true, found = notes(40, seed=seed), notes(35, seed=100 + seed)
    said = [
        part
        for one in (true, found)
        for part in (np.stack([one.start_s, one.end_s], axis=1), 440 * 2 ** ((one.midi - 69) / 12))
    ]
    *_, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(*said, offset_ratio=None)
    assert paired_notes(true, found).f1 == pytest.approx(f1)


def test_nothing_to_find_and_nothing_found_is_right() -> None:
    nothing = Labelled.of([])
    assert paired_notes(nothing, nothing).f1 == 1
    assert paired_notes(notes(3, seed=1), nothing).f1 == 0
    assert paired_notes(nothing, notes(3, seed=1)).f1 == 0


def test_spans_that_share_half_of_their_time_are_one() -> None:
    true = Labelled.of([(0, 1, 0), (2, 3, 0), (4, 5, 0)])
    found = Labelled.of([(0.2, 1.1, 0), (2.6, 3.4, 0)])
    assert list(paired_spans(true, found).true) == [0]


def test_a_pitch_is_held_against_the_true_one() -> None:
    true = pitch_of(np.array([60, 60, 60, np.nan, np.nan]))
    found = pitch_of(np.array([60.1, 59.8, np.nan, 60, np.nan, 60]))
    tracked = Tracked.of(true, found)
    assert tracked.cents == pytest.approx([10, -20], abs=1e-3)
    assert (tracked.true_voiced, tracked.missed, tracked.unvoiced, tracked.false) == (3, 1, 2, 1)
    assert held_midi(found, 0.0, 0.02) == pytest.approx(59.95, abs=1e-4)
    assert held_midi(found, 0.02, 0.03) is None


def test_plain_notes_begin_where_the_semitone_changes() -> None:
    found = plain_notes(pitch_of(np.array([60.2] * 20 + [61.9] * 20 + [np.nan] * 10 + [61.9] * 3 + [np.nan] * 5)))
    assert list(found.start_s) == pytest.approx([0, 0.2])
    assert list(found.midi) == pytest.approx([60.2, 61.9], abs=1e-4)


def test_takes_that_are_out_of_time_and_tune_cost_marks_in_order() -> None:
    rows = {row.name: row.cells for row in against_song(takes=1).rows}
    assert rows["3 semitones higher"][-2:] == rows["sung as written"][-2:] == [100, 100]
    for fault, column in (("cents", -2), ("ms", -1)):
        marks = [cells[column] for name, cells in rows.items() if name.endswith(f"{fault} off")]
        assert marks == sorted(marks, reverse=True)


# --- labels ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two takes, labelled 0.7 of a semitone too high. Opus is not to be had at 44.1 kHz: they are played too fast."""
    place: Path = tmp_path_factory.mktemp("ssvd")
    for seed in range(2):
        sung = sing([Tone(midi, 0.4, rest_s=0.2) for midi in (57, 60, 62, 59)], seed=seed)
        soundfile.write(place / f"{seed}.opus", sung.samples, 48_000, format="OGG", subtype="OPUS")
        lines = (
            f"{note.start_s / _FASTER} {note.end_s / _FASTER} {note.tone.midi + _HIGHER + 0.7}" for note in sung.notes
        )
        (place / f"{seed}.txt").write_text("\n".join(lines))
    return place


def test_labels_that_are_shifted_are_right_once_they_are_put_right(folder: Path) -> None:
    pitches, found = labelled(labelled_takes(folder), PitchTracker.open(), [])
    assert [row.name for row in pitches.rows] == ["ours", "ours, held back"]
    for row in pitches.rows:
        raw, placed, confirmed, _, gaps = row.cells
        assert (raw, placed, confirmed, gaps) == (0, 100, 100, 0)
    for row in found.rows:
        precision, _, _, onsets, placed = row.cells
        assert (precision, onsets) == (0, 1)
        assert placed == 1


def test_a_peer_hears_in_a_process_of_its_own(folder: Path, tmp_path: Path) -> None:
    take = labelled_takes(folder)[0]
    path = tmp_path / "take.wav"
    soundfile.write(path, take.signal, 16_000)
    (found,) = Peer("swift_f0", Path(sys.executable)).hear([path])
    assert found.pitch
    assert held_midi(found.pitch, take.notes.start_s[1], take.notes.end_s[1]) == pytest.approx(60 + _HIGHER, abs=0.1)


def test_a_peer_that_fails_is_named_and_the_others_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Peer, waves: object) -> Iterator[object]:
        raise Unavailable("it is out of order")

    monkeypatch.setattr(Peer, "hear", fails)
    pitches, _ = labelled(labelled_takes(folder), PitchTracker.open(), [Peer("torchfcpe", Path("python"))])
    assert "FCPE (it is out of order)" in pitches.note
    assert "basic-pitch (not installed)" in pitches.note


@pytest.mark.parametrize("said", ["one two three", ""])
def test_labels_that_are_none_are_named(tmp_path: Path, said: str) -> None:
    soundfile.write(tmp_path / "a.opus", np.zeros((48_000, 1)), 48_000, format="OGG", subtype="OPUS")
    (tmp_path / "a.txt").write_text(said)
    with pytest.raises(BadInput, match=r"a\.txt"):
        labelled_takes(tmp_path)
    with pytest.raises(BadInput, match=r"no \.opus"):
        labelled_takes(tmp_path / "nowhere")


# --- damages --------------------------------------------------------------------------------------------------


def test_what_was_damaged_moves_in_order_and_the_rest_is_still(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = [one for one in damaging._EXPECTED if one.damage in (kinds.CLIPPED, kinds.PUMPED)]
    monkeypatch.setattr(damaging, "_EXPECTED", cheap)
    takes = {"made": song(14, seed=2).samples}
    order, matrix = damaging.damages(takes, PitchTracker.open())
    assert [row.cells[1:4] for row in order.rows] == [[1, 100, 100]] * 2
    clipped = next(row for row in matrix.rows if row.name.startswith("clipped, 18"))
    moves = dict(zip((column.name for column in matrix.columns), clipped.cells, strict=True))
    assert moves["clipped"] > 20
    assert abs(moves["intonation, cents"]) < 1


def test_the_command_prints_each_table(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("Truth", "of", [Column("a")], [Row("one", [1.0])])
    monkeypatch.setattr(tables, "measure", lambda extent, **rest: iter([table]))
    said = CliRunner().invoke(bench, ["truth", "--quick"])
    assert said.exit_code == 0, said.output
    assert "### Truth" in said.output
    as_json = CliRunner().invoke(bench, ["truth", "--json"])
    assert json.loads(as_json.stdout)["tables"][0]["rows"] == [{"of": "one", "a": 1.0}]
