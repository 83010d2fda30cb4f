"""What the reasoned tables of technique and of the overall mark make of singers whom everybody knows."""

import math
import tomllib
from importlib.resources import files

import pytest

from vocalverse.evidence.kind import amount_column
from vocalverse.records import Mark, Score
from vocalverse.release.figures import columns
from vocalverse.release.overall import compose
from vocalverse.release.reasoned import weigh
from vocalverse.release.spec import DimensionSpec, OverallSpec
from vocalverse.release.told import as_score
from vocalverse.toml import from_table

TABLES = files("vocalverse.training") / "recipes" / "lite"
TECHNIQUE = from_table(DimensionSpec, tomllib.loads((TABLES / "technique.toml").read_text("utf-8")))
OVERALL = from_table(OverallSpec, tomllib.loads((TABLES / "overall.toml").read_text("utf-8")))
AMOUNT = 40.0

TRAINED = {"notes_off": 18.0, "attacks_off": 20.0, "notes_wobble": 8.0, "vibrato_quality": 70.0, "notes_off_time": 38.0}
FOR_PLEASURE = {
    "notes_off": 36.0,
    "attacks_off": 34.0,
    "notes_wobble": 13.0,
    "vibrato_quality": 40.0,
    "notes_off_time": 60.0,
}
OUT_OF_TUNE = FOR_PLEASURE | {"notes_off": 80.0, "attacks_off": 50.0, "notes_wobble": 22.0}


def figures(found: dict[str, float], amount: float = AMOUNT) -> dict[str, float]:
    amounts = {amount_column(name): amount for name in found}
    return dict.fromkeys(columns(), math.nan) | found | amounts


def technique(found: dict[str, float], amount: float = AMOUNT) -> Score:
    said = weigh(TECHNIQUE, figures(found, amount), None)
    return as_score("technique", said.value, said.spread, TECHNIQUE)


def overall(found: dict[str, float], others: float) -> float:
    scores = {key: Score(key, others, others - 0.5, others + 0.5, Mark(0, 0, 0)) for key in OVERALL.weights}
    mark = compose(OVERALL, scores | {"technique": technique(found)}, figures(found))
    assert mark is not None
    return mark.mark.value


def test_trained_voices_stand_above_those_for_pleasure_and_those_above_the_tone_deaf() -> None:
    assert technique(TRAINED).value > 4.3
    assert 3.0 < technique(FOR_PLEASURE).value < 3.6
    assert technique(OUT_OF_TUNE).value < 2.0


@pytest.mark.parametrize(("name", "worse"), [("notes_off", 60.0), ("notes_wobble", 30.0), ("notes_off_time", 120.0)])
def test_each_fault_alone_lowers_it(name: str, worse: float) -> None:
    assert technique(TRAINED | {name: worse}).value < technique(TRAINED).value - 0.25


def test_what_a_machine_draws_onto_its_pitches_is_worth_no_more_than_singing_for_pleasure() -> None:
    drawn = FOR_PLEASURE | {"notes_off": 3.0, "attacks_off": 4.0, "notes_wobble": 0.5}
    assert technique(drawn).value < technique(FOR_PLEASURE).value + 0.2


def test_a_bad_vibrato_is_worse_than_none_and_a_perfect_one_does_not_make_a_singer() -> None:
    bleating, swinging = (technique(FOR_PLEASURE | {"vibrato_quality": mark}).value for mark in (8.0, 100.0))
    assert bleating < technique(FOR_PLEASURE).value < swinging < technique(TRAINED).value - 0.4


def test_a_short_take_is_told_as_usual_and_less_sure() -> None:
    short, long = technique(TRAINED, amount=0.5), technique(TRAINED)
    assert 3.0 < short.value < long.value
    assert short.high - short.low > 1.5 * (long.high - long.low)


def test_the_overall_mark_uses_its_width() -> None:
    assert overall(TRAINED, 4.3) > 85
    assert 50 < overall(FOR_PLEASURE, 3.2) < 65
    assert overall(OUT_OF_TUNE, 2.8) < 25


def test_a_beautiful_voice_that_is_out_of_tune_stays_below_the_middle() -> None:
    assert overall(OUT_OF_TUNE, 4.3) < 45
