"""Numbers in words are those that were measured."""

import random
import re

import pytest

from vocalverse.feedback.checker import check
from vocalverse.feedback.facts import Fact, Facts, Quantity, Span
from vocalverse.feedback.spoken import numbers_in

FACTS = Facts(
    numbers=(
        Fact("ends", -2.34, Quantity.DB),
        Fact("bias", 138.0, Quantity.CENTS),
        Fact("rate", 5.52, Quantity.HZ),
        Fact("in_tune", 79.6, Quantity.PERCENT),
        Fact("late", 0.213, Quantity.S),
        Fact("mark", 71.8, Quantity.MARK),
        Fact("line", 3.0, Quantity.LINE),
        Fact("breaths", 35.0, Quantity.COUNT),
    ),
    moments=(Span("ends", 41.3, 44.8), Span("rate", 62.0, 65.2)),
)


@pytest.mark.parametrize(
    "text",
    [
        "Your endings fell by 2.3 dB at 0:41–0:45.",
        "Your endings fell by 2 decibels at 0:41 to 0:45, or −2.3 dB.",
        "乐句收尾弱了 2.3 分贝（0:41–0:45）。",
        "收尾弱了２.３分贝（０：４１—０：４５）。",
        "在0分41秒到0分45秒，收尾弱了两分贝。整体偏高 1.4 个半音。",
        "You sing 138 cents, 1.4 semitones, too high in line 3.",
        "第三句偏高一百三十八音分。",
        "Your vibrato swings 5.5 times a second at 1:03.",
        "A 5.5-Hz vibrato in the third line, the 3rd line.",
        "80 % of your notes are in tune.",
        "百分之八十的音唱准了。",
        "五分之四的音唱准了。",
        "You come in 213 ms late; that is 0.21 s.",
        "72 of 100; 72分。",
        "Thirty-five breaths, one by one.",
        "三十五次换气，十分自然，一个一个来。",
        "Half a tone, and one more time.",
        "On your behalf, a firm first step.",
        "Nothing is counted here.",
    ],
)
def test_what_was_measured_may_be_said(text: str):
    assert check(text, FACTS).refused == ()


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Your endings fell by 2.4 dB.", "2.4 db"),
        ("Your endings rose by +2.3 dB.", "+2.3 db"),
        ("Your endings fell by 2.3 cents.", "2.3 cents"),
        ("At 0:41–1:05 you sang well.", "0:41-1:05"),
        ("At 0:52 you sang well.", "0:52"),
        ("在1分10秒唱得很好。", "1分10秒"),
        ("第四句偏高。", "第四"),
        ("Line 4 is high.", "line 4"),
        ("The fourth line is high.", "fourth line"),
        ("The 4th line is high.", "4th line"),
        ("百分之九十的音唱准了。", "百分之九十"),
        ("Half of your notes are in tune.", "half"),
        ("You hit A4.", "4"),
        ("Two breaths are heard.", "two"),
        ("换气两次。", "两次"),
        ("二十五音分。", "二十五音分"),
        ("Between 4 and 6 Hz.", "4"),
        ("Twenty-five cents high.", "twenty-five cents"),
        ("9 of 10 would like it.", "9"),
    ],
)
def test_what_was_not_measured_is_refused_and_quoted(text: str, quoted: str):
    checked = check(text, FACTS)
    assert quoted in [claim.quoted for claim in checked.refused]
    assert f"“{quoted}”" in checked.why


def test_a_number_is_not_told_of_another_moment_than_its_own():
    assert (
        check("Your endings fell by 2.3 dB at 0:41–0:45; your vibrato swings at 5.5 Hz (1:02–1:05).", FACTS).why == ""
    )
    swapped = check("Your endings fell by 2.3 dB at 1:02–1:05; your vibrato swings at 5.5 Hz (0:41–0:45).", FACTS)
    assert swapped.why == "“2.3 db”, “5.5 hz” was not measured, or not there."


def test_a_claim_names_what_was_measured():
    told = {claim.quoted: claim.fact for claim in check("2.3 dB at 0:41–0:45. 5.5 Hz at 1:02.", FACTS).claims}
    assert told == {"2.3 db": "ends", "0:41-0:45": "ends", "5.5 hz": "rate", "1:02": "rate"}


def test_no_digit_is_overlooked():
    for text in ("x7", "7x", "#7", "7", "(7)", "³7", "٧", "7,5", "7.7.7", "7:7", "1/7", "CD7EF", "七七", "7分"):
        quoted = " ".join(heard.quoted for heard in numbers_in(text))
        assert text == "七七" or any(letter in quoted for letter in "7٧"), text


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_written_is_checked_and_every_digit_in_it_accounted_for(seed: int):
    chance = random.Random(seed)
    pieces = [
        *"0123456789零一二两三十百千点分秒第句行之:.,;+-–—~ ％٧²½",
        " dB",
        " cents",
        "line ",
        "half",
        "twenty-five ",
        "to",
        "a",
    ]
    for _ in range(100):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 12)))
        checked = check(text, Facts())
        assert len(checked.refused) == len(checked.claims)
        assert bool(checked.claims) or not re.search(r"\d", text)
