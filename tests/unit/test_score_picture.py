"""A take's scores, drawn: what stands where, that numbers lead to their moments, and that nothing overlaps."""

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from tests.unit.test_picture import ALONE, take
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.png import as_image
from vocalverse.measure.picture.rows import Row
from vocalverse.measure.picture.scale import Scale
from vocalverse.measure.picture.shapes import Area, Box, Curve, Drawing, Words
from vocalverse.measure.picture.wording import wrapped
from vocalverse.picture import radar
from vocalverse.picture.lane import EvidenceLane
from vocalverse.picture.portrait import Portrait, Sign, told
from vocalverse.picture.sheet import sheet
from vocalverse.picture.web import web
from vocalverse.records import (
    OVERALL,
    Assessment,
    Evidence,
    Finding,
    Language,
    Mark,
    Outcome,
    Reason,
    Score,
    Verdict,
)
from vocalverse.records import (
    Words as Sentence,
)

TITLES = {"breath": "Breath control", "technique": "Vocal technique", "timbre": "Timbre", "emotion": "Expression"}
NAUGHTY = '<script>alert("x")</script>'


def piece(name: str, effect: float, at_s: float | None = None) -> Evidence:
    return Evidence(name, -3.0, "dB", 3 + effect, effect, at_s, None if at_s is None else at_s + 2)


def score(name: str, value: float, *evidence: Evidence) -> Score:
    low, high = max(1.0, value - 0.6), min(5.0, value + 0.6)
    mark = Mark(*((one - 1) * 25 for one in (value, low, high)))
    return Score(name, value, low, high, mark, evidence)


def portrait(*scores: Score, said: str = "Well sung.") -> Portrait:
    chosen = scores or (
        score("breath", 3.0, piece("phrase_ends_held", 0.5, 1.0), piece("held_tones_even", -0.4, 5.0)),
        score("technique", 1.2, piece("leaps_off", -0.9, 5.5)),
        score("timbre", 4.4, piece("tone_clear", 0.8)),
        score("emotion", 2.5),
    )
    words = tuple(
        Sentence(about, language, f"{said} {about} {language}")
        for about in (*(one.dimension for one in chosen), OVERALL)
        for language in Language
    )
    overall = score(OVERALL, 2.8, piece("leaps_off", -0.3, 5.5))
    told = Assessment(Outcome.SCORED, scores=chosen, overall=overall, verdict=Verdict.PASS, feedback=words)
    return Portrait("take.flac", "lite", TITLES, told, take())


def refused() -> Portrait:
    told = Assessment(
        Outcome.REFUSED,
        findings=(Finding(Reason.TOO_QUIET, {}),),
        feedback=(Sentence(OVERALL, Language.EN, "Please sing closer to the microphone."),),
    )
    return Portrait("take.flac", "lite", TITLES, told, None)


def said(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Words)]


def test_a_better_score_lies_further_out_and_the_interval_around_it():
    axes = [radar.Axis(key, score(key, value)) for key, value in (("a", 1.5), ("b", 3.0), ("c", 4.5), ("d", 3.0))]
    shapes = list(radar.radar(axes, 0, 0))
    middle = np.asarray([radar.WIDTH / 2, radar.HEIGHT / 2])
    high, low = (shape.points for shape in shapes if isinstance(shape, Area))
    (drawn,) = (shape.points for shape in shapes if isinstance(shape, Curve) and shape.colour == colours.FINE)
    far_low, far, far_high = (np.linalg.norm(points - middle, axis=1) for points in (low, drawn, high))
    assert far[0] < far[1] < far[2]
    assert far[1] == pytest.approx(far[3])
    assert np.all(far_low < far)
    assert np.all(far < far_high)


def test_what_moved_two_scores_has_one_number_and_what_shows_nowhere_has_none():
    signs = portrait().signs
    assert [(sign.dimension, sign.evidence.name, sign.number, sign.raised) for sign in signs] == [
        ("breath", "phrase_ends_held", 1, True),
        ("breath", "held_tones_even", 2, False),
        ("technique", "leaps_off", 3, False),
        ("timbre", "tone_clear", None, True),
        (OVERALL, "leaps_off", 3, False),
    ]


def test_each_number_stands_over_its_moment_and_those_at_one_time_above_one_another():
    row, second = Row(0.0, 20.0, 50, 70), 40.0
    lane = EvidenceLane.of(portrait().signs)
    scale = Scale(row, 44.0, 100.0 + lane.tall(row, second), second)
    badges = {shape.text: shape for shape in lane.shapes(scale) if isinstance(shape, Words)}
    boxes = [shape for shape in lane.shapes(scale) if isinstance(shape, Box)]
    assert sorted(badges) == ["1", "2", "3"]
    for sign in portrait().signs:
        if sign.number:
            at_s = sign.evidence.from_s
            assert at_s is not None
            assert scale.x(at_s) <= badges[str(sign.number)].x <= scale.x(at_s + 1)
    assert badges["2"].y != badges["3"].y
    assert all(box.top >= 100.0 and box.top + box.height <= scale.top for box in boxes)
    assert not any(map(overlap, *zip(*combinations(boxes, 2), strict=True)))


def overlap(one: Box, other: Box) -> bool:
    aside = one.left + one.width <= other.left or other.left + other.width <= one.left
    return not (aside or one.top + one.height <= other.top or other.top + other.height <= one.top)


def test_a_row_in_which_nothing_moved_a_score_has_no_room_for_it():
    lane = EvidenceLane((Sign("breath", piece("phrase_ends_held", 0.5, 30.0), 1),))
    assert lane.tall(Row(0.0, 20.0, 50, 70), 40.0) == 0
    assert lane.tall(Row(20.0, 40.0, 50, 70), 40.0) > 0


def test_raised_and_lowered_differ_in_shape_and_not_in_colour_alone():
    badges = [shape for shape in sheet(portrait(), ALONE).shapes if isinstance(shape, Box)]
    raised = {box.rounded for box in badges if box.fill == colours.RAISED}
    lowered = {box.rounded for box in badges if box.fill == colours.LOWERED}
    assert raised
    assert lowered
    assert not raised & lowered


def test_the_sheet_says_all_marks_and_no_two_words_overlap():
    long = "Your phrase endings stay steady to the last word and beyond; next time, breathe before the long line. "
    drawing = sheet(portrait(said=2 * long), ALONE)
    words = said(drawing)
    assert {"45", "3.0", "1.2", "4.4", "2.5", *TITLES.values()} <= set(words)
    shown = [shape for shape in drawing.shapes if isinstance(shape, Words) and shape.size >= 11]
    boxes = [extent(one) for one in shown if len(one.text) > 2]
    assert not any(map(overlap, *zip(*combinations(boxes, 2), strict=True)))
    assert all(box.left >= 0 and box.left + box.width <= drawing.width for box in boxes)
    assert as_image(drawing, ALONE).height > 900


def extent(words: Words) -> Box:
    """Of its letters without what hangs below the line."""
    wide = ALONE.width(words.text, round(words.size))
    left = words.x - {"start": 0.0, "middle": wide / 2, "end": wide}[words.anchor]
    return Box(left, words.y - 0.7 * words.size, wide, 0.7 * words.size)


def test_a_take_that_was_refused_says_why_and_has_no_radar():
    drawing = sheet(refused(), ALONE)
    assert {"Please sing closer to the microphone.", "refused", "too quiet"} <= set(said(drawing))
    assert not any(isinstance(shape, Area) for shape in drawing.shapes)
    page = web(refused(), ALONE)
    assert "Please sing closer to the microphone." in page
    assert "refused: too quiet" in page


def test_letters_that_no_font_has_are_missed_on_the_sheet_and_told_of():
    assert any("left out" in text for text in said(sheet(replace(portrait(), title="爱.flac"), ALONE)))
    assert not any("left out" in text for text in said(sheet(portrait(), ALONE)))
    assert "爱.flac" in web(replace(portrait(), title="爱.flac"), ALONE)


def test_two_dimensions_make_no_radar_and_six_do():
    two = portrait(score("breath", 3.0), score("technique", 2.0))
    assert not any(isinstance(shape, Area) for shape in sheet(two, ALONE).shapes)
    six = portrait(*(score(f"dimension {number}", 3.0) for number in range(6)))
    (high, _) = (shape for shape in sheet(six, ALONE).shapes if isinstance(shape, Area))
    assert len(high.points) == 7


def test_the_page_tells_in_both_languages_asks_nobody_and_escapes_everything():
    naughty = portrait(said=NAUGHTY)
    page = web(replace(naughty, title=NAUGHTY, judged_by=NAUGHTY), ALONE)
    assert "<script" not in page
    assert 'lang="zh"' in page
    assert re.findall(r"(?<![-\w])(?:src|href|url|@import)\W", page.replace("xmlns", "")) == []
    assert page.count("leaps off") >= 2


def test_evidence_is_told_of_the_whole_take_and_of_its_moment():
    there = replace(piece("notes_off", 0.5, 61.0), unit="cents", value=16.0, value_there=8.0)
    assert told(there) == "notes off 16 cents; 8 cents at 1:01–1:03"
    assert told(replace(there, value_there=16.2)) == "notes off 16 cents at 1:01–1:03"
    assert told(replace(there, from_s=None)) == "notes off 16 cents"
    assert told(Evidence("heard", 0.3, "", 4.0, 0.4)) == "heard"


def test_what_a_network_hears_is_told_without_a_unit():
    heard = Evidence("heard", 0.3, "", 4.0, 0.4)
    page = web(portrait(score("timbre", 4.0, heard), score("breath", 3.0), score("emotion", 3.0)), ALONE)
    assert "<td>heard</td>" in page


def test_words_are_wrapped_into_their_room():
    lines = list(wrapped("one two three " * 8 + "x" * 200, 13, 120.0, ALONE))
    assert len(lines) > 4
    assert all(ALONE.width(line, 13) <= 120 for line in lines)
    assert lines[-1].endswith("…")
    assert list(wrapped("", 13, 120.0, ALONE)) == []
