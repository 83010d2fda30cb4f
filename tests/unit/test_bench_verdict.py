"""The bench that tries releases, on made singers in the place of recorded ones."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from vocalverse.bench.hearing.table import Table
from vocalverse.bench.verdict import gaming, parts, plain, pros, reading, steady, tables, tricks, ways
from vocalverse.bench.verdict.hearing import Heard, Places, Version, Work
from vocalverse.bench.verdict.notebook import Notebook, in_turn
from vocalverse.bench.verdict.page import page_of
from vocalverse.bench.verdict.plain import share_between
from vocalverse.bench.verdict.steady import Moved
from vocalverse.bench.verdict.takes import Corpus, spread_out, takes
from vocalverse.bench.verdict.trial import Contender, Extent, Trial
from vocalverse.errors import BadInput
from vocalverse.evaluation.figure import Resampling
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.take import Measured, hear, measure_take
from vocalverse.models.catalogue import Commercial
from vocalverse.release.judge import Judge
from vocalverse.release.seal import seal
from vocalverse.release.spec import DimensionSpec, EvidenceSpec, OverallSpec, Part, ReleaseSpec
from vocalverse.synthesis.damage.graded import FAULTS
from vocalverse.synthesis.damage.intact import Intact, intact
from vocalverse.synthesis.singing import RATE_HZ, Place, Tone, Vowel, sing

TINY = Extent(
    altered_s=5.0, whole_s=5.0, damaged=1, paired=1, steady=1, plain=2, tricked=1, resampling=Resampling(draws=20)
)
ENDS = EvidenceSpec("phrase_ends_held", 1.0, at=(-20.0, 0.0), to=(1.0, 5.0), enough=1.0)


def sung(seed: int, *, seconds: float = 5.0) -> np.ndarray:
    """A few long notes in phrases, [frames, 1]."""
    random = np.random.default_rng(seed)
    tones = [
        Tone(57 + 2 * float(random.integers(0, 4)), 0.8, rest_s=0.0 if at % 2 else 0.6, vowel=Vowel.A)
        for at in range(math.ceil(seconds))
    ]
    return sing(tones, place=Place(), seed=seed).samples[: round(seconds * RATE_HZ), :1]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the real folder is laid out: singers who are held, and two who are not."""
    folder = tmp_path_factory.mktemp("data")
    names = {
        "mir1k": ("bobon_1_01", "bobon_1_02", "titon_2_01", "abjones_1_01"),
        "ravdess_song": (
            "03-02-01-01-01-01-04",
            "03-02-02-01-01-01-04",
            "03-02-02-02-01-01-04",
            "03-02-01-01-01-01-01",
        ),
        "gtsinger": ("jp01_Control", "jp01_Breathy"),
        "ssvd": ("1072",),
    }
    for seed, (corpus, name) in enumerate((corpus, name) for corpus, own in names.items() for name in own):
        (folder / corpus).mkdir(exist_ok=True)
        voice = sung(seed)
        both = np.hstack([0.3 * voice[::-1], voice]) if corpus == "mir1k" else voice
        soundfile.write(folder / corpus / f"{name}.opus", both[::3], 16_000, format="OGG", subtype="OPUS")
    (folder / "rir").mkdir()
    soundfile.write(folder / "rir" / "small.flac", np.r_[1.0, np.zeros(400), 0.3], 44_100)
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keys = ("breath", "technique", "timbre", "emotion")
    spec = ReleaseSpec(
        "ends-alone",
        "Ends alone",
        tuple(DimensionSpec(key, key, evidence=(ENDS,)) for key in keys[:1]),
        overall=OverallSpec(weights={"breath": 1.0}),
        parts=(Part("a table", "MIT", Commercial.YES, "a test"),),
    )
    return seal(spec, {}, tmp_path_factory.mktemp("releases") / "ends-alone").folder


@pytest.fixture(scope="module")
def take() -> Intact:
    return intact(sung(1, seconds=6.0), PitchTracker.open(threads=1))


def hears_nothing(
    _: Callable[[], Callable[[Work], dict[str, Heard]]], things: Sequence[Work]
) -> Iterator[dict[str, Heard]]:
    raise AssertionError(f"heard again: {things}")


def test_singers_are_read_by_corpus_and_clips_of_one_song_are_one_take(data: Path) -> None:
    found = {f"{take.corpus.value} {take.name}": replace(take, longest_s=4.0) for take in takes(data)}
    assert [path.stem for path in found["mir1k bobon_1"].files] == ["bobon_1_01", "bobon_1_02"]
    assert [path.stem for path in found["ravdess_song 04 01"].files] == ["03-02-01-01-01-01-04", "03-02-02-01-01-01-04"]
    assert "gtsinger jp01_Breathy" not in found
    assert len(found["mir1k bobon_1"].voice()) == 4 * RATE_HZ
    assert found["mir1k bobon_1"].held
    assert not found["mir1k abjones_1"].held


def test_few_takes_are_of_as_many_singers_as_there_are(data: Path) -> None:
    own = [take for take in takes(data) if take.corpus is Corpus.MIR1K]
    assert {take.singer for take in spread_out([*own, replace(own[0], name="another")], 3)} == {
        "abjones",
        "bobon",
        "titon",
    }


def test_a_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing in gtsinger, mir1k"):
        takes(tmp_path)


def test_damage_tells_by_how_much_a_judge_goes_by_it_and_a_second_run_hears_nothing_anew(
    data: Path, release: Path, tmp_path: Path
) -> None:
    places = Places(data, tmp_path / "kept", tmp_path, (release,))
    extent = replace(TINY, faults=tuple(fault for fault in FAULTS if fault.kind == "ends"))
    (table,) = tables.measure(places, extent, only=[tables.Part.DAMAGE])
    told = cells(table)["breath: ends"]
    assert first_number(told["ends-alone: in order, %"]) > 60
    assert first_number(told["ends-alone: cost"]) > 0.2
    again = tables.measure(places, extent, only=[tables.Part.DAMAGE], spread=hears_nothing)
    assert [one.markdown() for one in again] == [table.markdown()]


# --- what was heard is known: takes whose phrase ends are as they are said to be, and no sound


@pytest.fixture
def trial(data: Path, release: Path, tmp_path: Path) -> Trial:
    found = takes(data)
    judges = [Judge.open(release, models=tmp_path)]
    notebook = Notebook.open(Places(data, tmp_path / "kept", tmp_path, (release,)), judges)
    return Trial(found, TINY, [Contender("ends", judges[0])], notebook)


def is_heard(trial: Trial, versions: Sequence[Version], ends_db: Callable[[Version], float]) -> None:
    """1 for -20 dB, 5 for 0, and all of it is sure."""
    for version in versions:
        figures = {"phrase_ends_held": ends_db(version), "phrase_ends_held_amount": 1e9}
        trial.notebook.heard[version.id] = Heard(figures, {}, "", "", "pass" if version.way != "louder" else "refuse")


def test_professionals_are_above_amateurs_whose_phrases_fade(trial: Trial) -> None:
    is_heard(trial, pros.versions(trial), lambda version: -15.0 if version.take.corpus is Corpus.MIR1K else -3.0)
    told = cells(pros.table(trial))["both, through the same channel"]
    assert first_number(told["breath: ends"]) == 100
    assert told["timbre: ends"] == "–"  # nobody told it


def test_a_room_that_costs_a_point_moves_the_score_by_one(trial: Trial) -> None:
    is_heard(trial, steady.versions(trial), lambda version: -10.0 if version.way == ways.room_of("small") else -5.0)
    told = cells(next(steady.tables(trial)))
    assert str(told["room small"]["breath"]).startswith("1.00 / 1.00")
    assert str(told["codecs: all"]["breath"]).startswith("0.00 / 0.00 / 100")


def test_a_trick_that_pays_shows(trial: Trial) -> None:
    is_heard(trial, gaming.versions(trial), lambda version: -5.0 if version.way == "in a hall" else -10.0)
    told = cells(gaming.table(trial))
    assert told["in a hall"]["ends: breath"] == "+1.00 / +1.00"
    assert told["louder"]["ends: breath"] == "+0.00 / +0.00"
    assert [told[trick]["turned away, %"] for trick in ("louder", "in a hall")] == [100, 0]


def test_scores_that_are_one_number_go_together_and_broken_takes_lie_below(trial: Trial) -> None:
    is_heard(trial, plain.versions(trial), lambda one: -19.0 if one.way == ways.BROKEN else -len(one.take.name) / 2)
    spread, alike, *fair = plain.tables(trial)
    told = cells(spread)
    assert told["ends, breath: broken amateurs"]["50 % below"] < told["ends, breath: amateurs"]["50 % below"]
    assert [row.cells[0] for row in alike.rows] == ["–"] * 6  # of one dimension there are no pairs
    assert any("female" in row.name for row in fair[0].rows)
    page = page_of([spread, alike])
    assert page.count("<table>") == 2
    assert page.count("<svg") == 5  # one for every score


def test_without_the_dimension_that_it_is_nothing_is_left_of_the_overall_mark(trial: Trial) -> None:
    is_heard(
        trial, parts.versions(trial), lambda version: -float(version.way[-1]) if ways.fault_of(version.way) else -4.0
    )
    overall, dimensions = parts.tables(trial)
    told = cells(overall)
    assert told["the whole"]["damage, %"] == 100
    assert told["without breath"]["damage, %"] == 50  # a tie is half
    assert cells(dimensions)["breath: the whole"]["damage, %"] == 100


def test_evidence_is_read_beside_the_score_that_it_made(trial: Trial) -> None:
    is_heard(trial, reading.versions(trial), lambda _: -15.0)
    (table,) = reading.tables(trial)
    assert all(
        "phrase_ends_held -15 dB (-1.00)" in str(cell["lowered it"])
        for name, cell in cells(table).items()
        if name.endswith("breath")
    )


def cells(table: Table) -> dict[str, dict[str, object]]:
    """By row and column."""
    names = [column.name for column in table.columns]
    return {row.name.strip(): dict(zip(names, row.cells, strict=True)) for row in table.rows}


def first_number(cell: object) -> float:
    return float(str(cell).split()[0])


def test_a_line_that_was_never_finished_is_heard_again(data: Path, release: Path, tmp_path: Path) -> None:
    places = Places(data, tmp_path / "kept", tmp_path, (release,))
    judges = [Judge.open(release, models=tmp_path)]
    version = Version(replace(takes(data)[0], longest_s=2.0), ways.PLAIN)
    first = Notebook.open(places, judges)
    first.hear([version], in_turn)
    first.path.write_text(first.path.read_text()[:-40])
    second = Notebook.open(places, judges)
    assert second.heard == {}
    second.hear([version], in_turn)
    assert second.heard.keys() == {version.id}


def test_ways_are_what_they_are_called(take: Intact) -> None:
    made = ways.ways({})
    noise = made[ways.noise_of(20.0)](take) - take.samples
    assert take.rms / np.sqrt(np.mean(np.square(noise))) == pytest.approx(10, rel=0.02)
    assert np.allclose(made[ways.level_of(-6.0)](take), take.samples * 10 ** (-6 / 20))
    assert len(made[ways.crop_of(5.0)](take)) == 5 * RATE_HZ
    assert np.array_equal(made[ways.channel(1)](take), made[ways.channel(1)](take))
    assert ways.fault_of("ends 2") is next(fault for fault in FAULTS if fault.kind == "ends")
    assert ways.fault_of(ways.noise_of(20.0)) is None


def test_tricks_do_what_they_say(take: Intact) -> None:
    tracker = PitchTracker.open(threads=1)

    def measured(samples: np.ndarray) -> Measured:
        return measure_take(hear(samples, samples, samples, tracker))

    flat = measured(tricks.tuned_flat(take))
    assert all(abs(note.midi - round(note.midi)) < 0.1 for note in flat.notes if note.end_s - note.start_s > 0.3)
    shaken = measured(tricks.vibrato_everywhere(take))
    assert shaken.vibrato.share_of_long_notes > measured(take.samples).vibrato.share_of_long_notes
    longest = max(phrase.end_s - phrase.start_s for phrase in take.phrases)
    added_s = (len(tricks.longer(take)) - len(take.samples)) / RATE_HZ
    assert 3.0 < added_s < 3 * (longest + 0.3) + 0.1
    assert np.abs(tricks.louder(take)).max() <= 1.0


def test_the_share_between_singers_is_one_where_their_songs_are_alike_and_none_where_singers_are() -> None:
    assert share_between([np.array([1.0, 1.0]), np.array([3.0, 3.0])]) == 1
    assert share_between([np.array([1.0, 3.0]), np.array([3.0, 1.0])]) == 0
    assert share_between([np.array([1.0, 3.0])]) is None


def test_one_width_for_all_holds_as_many_as_the_intervals_do() -> None:
    moved = Moved(np.zeros(4), np.full(4, -1.0), np.full(4, 1.0), np.array([0.1, 0.5, 0.9, 2.0]))
    assert moved.within == 0.75
    assert moved.width == 2
    assert moved.constant_width == pytest.approx(1.8)
