"""What singers are told: of every piece of evidence, in both languages, and nothing that was not measured."""

import random
import re
import string
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.test_prescreen_evidence import RECORDING
from vocalverse.evidence.find import KINDS
from vocalverse.evidence.kind import Kind, Unit
from vocalverse.feedback.checker import check
from vocalverse.feedback.clock import moment
from vocalverse.feedback.facts import facts_about
from vocalverse.feedback.numbers import told
from vocalverse.feedback.phrase import Said, phrases, sentences
from vocalverse.feedback.words import words_of
from vocalverse.records import (
    OVERALL,
    Assessment,
    Evidence,
    Finding,
    Language,
    Mark,
    Outcome,
    Reason,
    Remark,
    Score,
    Verdict,
    Words,
)
from vocalverse.release.spec import HEARD
from vocalverse.sung import Figures, Notes, Phrases, Sung
from vocalverse.toml import read_table
from vocalverse.training.recipe_read import BUNDLED

TABLES = BUNDLED / "lite"
HANZI = re.compile("[一-鿿]")


def evidence(kind: Kind, effect: float, *, seed: int = 0) -> Evidence:
    """With numbers that nothing else has."""
    chance = random.Random(f"{kind.name} {effect} {seed}")
    value, there = (chance.uniform(-0.9, 0.9) * (1 if kind.unit is Unit.SHARE else 40) for _ in range(2))
    from_s = chance.uniform(0, 500)
    return Evidence(kind.name, value, kind.unit.value, 3 + effect, effect, from_s, from_s + 3.3, there)


def scored(dimension: str, *pieces: Evidence) -> Assessment:
    score = Score(dimension, 3.0, 2.5, 3.5, Mark(50, 40, 60), pieces)
    return Assessment(Outcome.SCORED, scores=(score,), verdict=Verdict.PASS)


def text_of(assessment: Assessment, about: str, language: Language = Language.EN) -> str:
    (text,) = [words.text for words in words_of(assessment) if (words.about, words.language) == (about, language)]
    return text


def sides(kind: Kind) -> Iterator[Said]:
    phrase = phrases()[kind.name]
    yield from (one for one in (phrase.raised, phrase.lowered, phrase.above, phrase.below) if one)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_piece_of_evidence_has_words_in_both_languages(kind: Kind):
    for said in sides(kind):
        assert HANZI.search(said.zh)
        assert not HANZI.search(said.en)
        assert said.en[0].islower()
        assert said.en[-1] not in string.whitespace + ".!;"
        assert said.zh[-1] not in string.whitespace + "。！；"


def test_nothing_is_said_of_evidence_that_there_is_not():
    assert set(phrases()) <= {kind.name for kind in KINDS}


@pytest.mark.parametrize("table", ["breath", "technique", "timbre", "emotion", "overall"])
def test_advice_knows_two_sides_where_too_much_lowers_a_score_and_too_little(table: str):
    read = read_table(TABLES / f"{table}.toml")
    for one in read["evidence"]:
        at, to = np.asarray(one["at"]), np.asarray(one["to"])
        peak, best = int(to.argmax()), phrases()[one["name"]].best if one["name"] != HEARD else None
        both = (to[: peak + 1].min() < read["usual"]) and (to[peak:].min() < read["usual"])
        assert best is not None or not both, one["name"]
        assert best is None or np.interp(best, at, to) >= to.max() - 0.2, one["name"]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_words_tell_the_number_and_the_moment(kind: Kind, language: Language):
    for effect in (0.5, -0.5):
        one = evidence(kind, effect)
        text = text_of(scored("breath", one), "breath", language)
        said = phrases()[kind.name].raised if effect > 0 else phrases()[kind.name].advice(one.value_there)
        assert (moment(one.from_s, one.to_s) in text) is said.when
        if said.placeholders:
            numbers = {told(value, kind.unit, language) for value in (one.value_there, abs(one.value_there))}
            assert any(number in text for number in numbers)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_words_with_any_other_number_are_refused(kind: Kind, language: Language):
    for effect, seed in ((effect, seed) for effect in (0.5, -0.5) for seed in range(5)):
        one = evidence(kind, effect, seed=seed)
        assessment = scored("breath", one)
        text = text_of(assessment, "breath", language)
        facts = facts_about(assessment, "breath")
        assert check(text, facts).refused == ()
        true = {told(abs(value), kind.unit, language) for value in (one.value, one.value_there)}
        for wrong in mutated(text, random.Random(seed)):
            if not any(number in wrong and number not in text for number in true):
                assert check(wrong, facts).refused, (text, wrong)


def mutated(text: str, chance: random.Random) -> Iterator[str]:
    """Each digit replaced by another one: none that is behind all that is told counts as a number of its own."""
    for found in re.finditer(r"\d", text):
        other = chance.choice([digit for digit in "123456789" if digit != found[0]])
        yield text[: found.start()] + other + text[found.end() :]


def test_a_dimension_is_told_by_what_raised_it_most_and_what_lowered_it_most():
    kind = KINDS[0]
    most, least = evidence(kind, 0.6), evidence(kind, -0.4)
    others = [replace(evidence(kind, effect, seed=9), from_s=599.0, to_s=600.0) for effect in (0.5, -0.3)]
    text = text_of(scored("breath", others[0], most, others[1], least), "breath")
    for one in (most, least):
        assert moment(one.from_s, one.to_s) in text
    assert moment(599, 600) not in text
    assert text.count(".") - len(re.findall(r"\d\.\d", text)) == 1


def test_all_of_it_is_told_by_one_thing_that_was_done_well_and_one_to_try():
    kind = KINDS[0]
    best, worst = evidence(kind, 0.9), evidence(kind, -0.8)
    assessment = scored("breath", best)
    other = Score("timbre", 2.0, 1.5, 2.5, Mark(25, 10, 40), (worst,))
    text = text_of(replace(assessment, scores=(*assessment.scores, other)), OVERALL)
    assert text.startswith("Best of all, ")
    assert "One thing to try: " in text
    for one in (best, worst):
        assert moment(one.from_s, one.to_s) in text


def test_what_hardly_mattered_and_what_only_a_network_hears_is_not_told():
    heard = Evidence("heard", 1.5, "", 4.0, 0.8)
    assert words_of(scored("breath", heard, evidence(KINDS[0], 0.005))) == ()


def test_without_a_moment_the_whole_take_is_told():
    one = replace(evidence(KINDS[0], 0.5), from_s=None, to_s=None, value_there=None)
    text = text_of(scored("breath", one), "breath")
    assert told(abs(one.value), KINDS[0].unit, Language.EN) in text
    assert ":" not in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_sentence_is_left_open_where_no_moment_is_known(kind: Kind, language: Language):
    for effect in (0.5, -0.5):
        one = replace(evidence(kind, effect), from_s=None, to_s=None, value_there=None)
        text = text_of(scored("breath", one), "breath", language)
        assert not re.search(r"[,，：][.。]", text)


def test_a_second_voice_is_told_of_to_whom_it_concerns():
    take = replace(scored("breath", evidence(KINDS[0], 0.5)), remarks=(Remark.TWO_SINGERS, Remark.DC_OFFSET))
    assert text_of(take, OVERALL).endswith("! A second voice is heard: sing alone for scores that are yours.")
    assert text_of(take, OVERALL, Language.ZH).endswith("！录音里还有别人的声音：想要自己的分数，请一个人唱。")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_why_and_what_to_do(reason: Reason, language: Language):
    (words,) = [
        one for one in words_of(Assessment(Outcome.REFUSED, (Finding(reason, {}),))) if one.language is language
    ]
    assert words == Words(OVERALL, language, words.text)
    assert bool(HANZI.search(words.text)) is (language is Language.ZH)


def test_no_sentence_is_kept_for_a_reason_that_there_is_not():
    assert set(sentences().reasons) == set(Reason)
    assert set(sentences().figured) <= set(Reason)
    assert set(sentences().remarks) <= set(Remark)


def test_a_recording_that_is_too_short_is_told_by_how_much():
    short = Assessment(Outcome.REFUSED, (Finding(Reason.TOO_SHORT, {"duration_s": 1.0, "at_least_s": 5.0}),))
    assert text_of(short, OVERALL).startswith("The recording is 1 second long; 5 seconds are needed")
    assert text_of(short, OVERALL, Language.ZH).startswith("录音只有 1 秒")


def low(semitones: float = 0.0, late_s: float = 0.0) -> Assessment:
    """A take of six lines of which one is sung by so much too high, and another one so much too late."""
    lines = range(6)
    phrases = Phrases(
        start_s=[7.0 * at for at in lines],
        end_s=[7.0 * at + 5 for at in lines],
        first_note=[8 * at for at in lines],
        line=list(lines),
        level_db=[-20.0 for _ in lines],
        pitch_mark=[0.1 if at == 2 and semitones else 0.9 for at in lines],
        pitch_bias_cents=[100 * semitones if at == 2 else 3.0 for at in lines],
        rhythm_mark=[0.2 if at == 4 and late_s else 0.95 for at in lines],
        late_ms=[1000 * late_s if at == 4 else 2.0 for at in lines],
    )
    return Assessment(
        Outcome.UNSCORED,
        findings=(Finding(Reason.OFF_PITCH, {"pitch.value": 31.5}),),
        measures=RECORDING,
        verdict=Verdict.LOW,
        sung=Sung(Figures(), Notes(), phrases, b""),
    )


def test_a_take_that_is_too_far_off_is_told_kindly_which_line_to_practise():
    take = low(semitones=1.5, late_s=0.4)
    assert text_of(take, OVERALL).startswith("Thank you for singing!")
    assert "line 3 (0:14–0:19)" in text_of(take, "pitch")
    assert "1.5 semitones too high" in text_of(take, "pitch")
    assert "偏高 1.5 个半音" in text_of(take, "pitch", Language.ZH)
    assert "line 5 (0:28–0:33): it comes 400 ms late" in text_of(take, "rhythm")
    assert "too low" in text_of(low(semitones=-1.5), "pitch")
    assert "early" in text_of(low(late_s=-0.4), "rhythm")


def test_who_is_told_two_reasons_is_thanked_once():
    both = (Finding(Reason.OFF_PITCH, {}), Finding(Reason.OFF_RHYTHM, {}))
    text = text_of(replace(low(), findings=both), OVERALL)
    assert text.count("Thank you") == 1
    assert "melody" in text
    assert "timing" in text


def test_who_is_refused_is_not_told_of_lines():
    refused = replace(low(semitones=1.5), outcome=Outcome.REFUSED, verdict=Verdict.REFUSE)
    assert {words.about for words in words_of(refused)} == {OVERALL}


def test_no_line_is_blamed_where_all_go_well():
    assert "next time" not in text_of(low(), "pitch")


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (-6.25, Unit.DB, "-6.2 dB", "-6.2 分贝"),
        (0.0, Unit.DB, "0 dB", "0 分贝"),
        (-0.04, Unit.DB, "0 dB", "0 分贝"),
        (12.34, Unit.DB, "12 dB", "12 分贝"),
        (0.995, Unit.CENTS, "1 cent", "1 音分"),
        (150.0, Unit.CENTS, "1.5 semitones", "1.5 个半音"),
        (0.804, Unit.SHARE, "80 %", "80%"),
        (1530.0, Unit.MS, "1.5 seconds", "1.5 秒"),
        (5.5, Unit.HZ, "5.5 Hz", "5.5 赫兹"),
        (71.8, Unit.MARK, "72 of 100", "72 分"),
        (11.6, Unit.PER_MINUTE, "12 a minute", "每分钟 12 次"),
        (3.0, Unit.COUNT, "3", "3"),
    ],
)
def test_numbers_are_few_digits_with_a_unit(value: float, unit: Unit, en: str, zh: str):
    assert (told(value, unit, Language.EN), told(value, unit, Language.ZH)) == (en, zh)


def test_a_moment_is_told_as_clocks_tell_it():
    assert moment(41.3, 44.8) == "0:41–0:45"
    assert moment(59.7, 60.2) == "1:00"
    assert moment(3599.8, 3601.0) == "60:00–60:01"
