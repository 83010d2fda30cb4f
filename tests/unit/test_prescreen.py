"""Rules as data: what fires, what does not, and what a verdict tells."""

from pathlib import Path

import pytest

from vocalverse.errors import RulesBroken
from vocalverse.measure.marks import Score
from vocalverse.prescreen.judge import prescreen
from vocalverse.prescreen.rules import Rules, as_toml, bundled, read
from vocalverse.records import Finding, Reason, Remark, Verdict

RULES = """
low_from = 1.5
[[rule]]
code = "whistle"
outcome = "refuse"
when = [{measure = "compass.voiced_s", above = 3}, {measure = "ring.spr_db", below = -40.0}]
told = ["voice.hnr_db", "voice.jitter"]
why = "No overtones."
[[rule]]
code = "off_pitch"
outcome = "low"
when = [{measure = "pitch.high", below = 30}]
why = "Out of tune."
[[rule]]
code = "off_rhythm"
outcome = "low"
weight = 0.5
when = [{measure = "rhythm.high", below = 30}]
why = "Out of time."
[[rule]]
code = "dropouts"
outcome = "warn"
when = [{measure = "recording.dropout_count", above = 0}]
why = "Parts are lost."
"""
WHISTLE = {"compass.voiced_s": 20.0, "ring.spr_db": -50.0}
OFF_PITCH = {"pitch.value": 10.0, "pitch.low": 5.0, "pitch.high": 20.0}
OFF_RHYTHM = {"rhythm.value": 10.0, "rhythm.low": 5.0, "rhythm.high": 20.0}


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return read(written(tmp_path, RULES))


def written(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_bundled_rules_are_sound():
    codes = [rule.code for rule in bundled().rule]
    assert {Reason.OFF_PITCH, Reason.OFF_RHYTHM, Reason.LITTLE_SUNG} <= set(codes)
    assert all(rule.why.endswith(".") for rule in bundled().rule)


def test_what_is_not_known_never_fires_a_rule(rules: Rules):
    assert prescreen({}, rules) == prescreen({"compass.voiced_s": 20.0}, rules)
    assert prescreen({}, bundled()).verdict is Verdict.PASS
    assert prescreen({}, rules).pitch is None


def test_a_refusal_carries_its_measures_and_its_thresholds(rules: Rules):
    found = prescreen({**WHISTLE, "voice.hnr_db": 30.0}, rules)
    told = WHISTLE | {"compass.voiced_s.above": 3.0, "ring.spr_db.below": -40.0, "voice.hnr_db": 30.0}
    assert found.verdict is Verdict.REFUSE
    assert found.findings == (Finding(Reason.WHISTLE, told),)


@pytest.mark.parametrize("there", ["compass.voiced_s", "ring.spr_db"])
def test_a_rule_fires_only_where_all_its_conditions_hold(rules: Rules, there: str):
    assert prescreen({there: WHISTLE[there]}, rules).verdict is Verdict.PASS
    assert prescreen(WHISTLE | {"compass.voiced_s": 3.0}, rules).verdict is Verdict.PASS  # as long, not longer


@pytest.mark.parametrize(
    ("evidence", "verdict", "codes"),
    [
        (OFF_PITCH, Verdict.PASS, []),
        (OFF_RHYTHM, Verdict.PASS, []),
        (OFF_PITCH | OFF_RHYTHM, Verdict.LOW, [Reason.OFF_PITCH, Reason.OFF_RHYTHM]),
        (OFF_PITCH | OFF_RHYTHM | WHISTLE, Verdict.REFUSE, [Reason.WHISTLE]),
    ],
)
def test_low_rules_add_up_and_a_refusal_goes_before_them(
    rules: Rules, evidence: dict[str, float], verdict: Verdict, codes: list[Reason]
):
    found = prescreen(evidence, rules)
    assert (found.verdict, [one.code for one in found.findings]) == (verdict, codes)


def test_the_scores_are_those_of_the_evidence(rules: Rules):
    assert prescreen(OFF_PITCH, rules).pitch == Score(10.0, 5.0, 20.0)


def test_a_warning_is_a_remark_whatever_the_verdict(rules: Rules):
    dropouts = {"recording.dropout_count": 2.0}
    for evidence, verdict in ((dropouts, Verdict.PASS), (dropouts | WHISTLE, Verdict.REFUSE)):
        found = prescreen(evidence, rules)
        assert (found.verdict, found.remarks) == (verdict, (Remark.DROPOUTS,))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("low_from = 1.5", "", "the file lacks low_from"),
        ("low_from = 1.5", "low_from = 0", "not above 0"),
        ("low_from = 1.5", "low_from = 1.5\nhigh_from = 2", "says high_from"),
        ('"whistle"', '"whistel"', "rule 1 (whistel), code: 'whistel' is none of"),
        ('"whistle"', '"dropouts"', "is none of"),  # a remark refuses nothing
        ('"refuse"', '"reject"', "is none of refuse, low, warn"),
        ("ring.spr_db", "voice.spr_db", "Is it ring.spr_db?"),
        ("voice.jitter", "voice.wobble", "nothing measures 'voice.wobble'"),
        ("above = 3}", "above = 3, below = 5}", "either above or below"),
        ("above = 3}", "over = 3}", "says over"),
        ("above = 3}", 'above = "3"}', "is no number"),
        ("above = 3}", "above = nan}", "is no number"),
        ("weight = 0.5", "weight = -1", "not above 0"),
        ('[{measure = "rhythm.high", below = 30}]', "[]", "rule 3 (off_rhythm) has no condition"),
        ("[[rule]]", "[[rule", "no TOML"),
    ],
)
def test_rules_that_are_wrong_say_where(tmp_path: Path, was: str, becomes: str, said: str):
    assert was in RULES
    path = written(tmp_path, RULES.replace(was, becomes, 1))
    with pytest.raises(RulesBroken) as error:
        read(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_rules_come_back_from_a_file_as_they_went(tmp_path: Path, rules: Rules):
    for one in (rules, bundled()):
        assert read(written(tmp_path, as_toml(one))) == one


def test_rules_that_are_not_there_or_no_text_are_told(tmp_path: Path):
    with pytest.raises(RulesBroken):
        read(tmp_path / "none.toml")
    (tmp_path / "sound.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RulesBroken):
        read(tmp_path / "sound.toml")
