"""What is found of timbre in takes whose sound is known."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from vocalverse.evidence.kind import Found
from vocalverse.evidence.timbre import KINDS
from vocalverse.measure.frames import Frames, Heard, Signal
from vocalverse.measure.take import measure_take
from vocalverse.synthesis.singing import Place, Tone, Vowel, sing
from vocalverse.synthesis.throat import Voice

VOWELS = (Vowel.A, Vowel.E, Vowel.O, Vowel.I)


@cache
def heard(voice: Voice = Voice(), *, phrases: int = 4) -> Heard:
    tones = [
        Tone(55 + at % 5, 0.4, rest_s=0.0 if at % 4 else 0.6, vowel=VOWELS[at % 4], level_db=-2.0 * (at % 3))
        for at in range(4 * phrases)
    ]
    return sing(tones, voice=voice).heard()


def found(of: Heard) -> Mapping[str, Found]:
    measured = measure_take(of)
    return {kind.name: one for kind in KINDS if (one := kind.find(measured)) is not None}


def beside(of: Heard, sound: Signal) -> Heard:
    return replace(of, mix=Frames.of_signal(of.wet.samples + sound))


def test_a_take_has_all_of_it_and_says_where() -> None:
    take = heard()
    of = found(take)
    assert set(of) == {kind.name for kind in KINDS}
    for one in of.values():
        assert 0 < one.amount <= take.dry.duration_s
        assert all(0 <= moment.from_s < moment.to_s <= take.dry.duration_s for moment in one.moments)
    assert len(of["tone_carries"].moments) == 4


@pytest.mark.parametrize("name", ["tone_clear", "tone_open", "tone_carries", "tone_wavers"])
def test_a_take_is_between_its_moments(name: str) -> None:
    one = found(heard())[name]
    values = [moment.value for moment in one.moments]
    assert min(values) - 0.01 <= one.value <= max(values) + 0.01


def test_more_of_the_same_tells_more_and_says_the_same() -> None:
    short, long = found(heard(phrases=3)), found(heard(phrases=9))
    for name in ("tone_clear", "tone_carries"):
        assert long[name].amount > 2 * short[name].amount
        assert long[name].value == pytest.approx(short[name].value, abs=1)


def test_a_ringing_voice_carries() -> None:
    plain, ringing = found(heard()), found(heard(Voice(ring_db=12)))
    assert ringing["tone_carries"].value > plain["tone_carries"].value + 3
    assert ringing["tone_rings"].value > plain["tone_rings"].value + 3


def test_what_is_heard_beside_the_voice_makes_it_tell_less() -> None:
    take = heard()
    random = np.random.default_rng(2)
    voice = float(np.sqrt(np.mean(np.square(take.wet.samples))))
    backing = random.standard_normal(len(take.wet.samples)).astype(np.float32) * voice
    amounts = [found(beside(take, np.float32(loud) * backing))["tone_clear"].amount for loud in (0.0, 0.3, 1.0, 3.0)]
    assert amounts == sorted(amounts, reverse=True)
    assert amounts[-1] < amounts[0] / 3


def test_a_room_makes_clarity_tell_less_and_the_balance_as_much() -> None:
    take = sing([Tone(55, 0.5, rest_s=0.4) for _ in range(6)], place=Place(t60_s=0.8)).heard()
    dry, roomy = found(take), found(replace(take, dry=take.wet))
    assert roomy["tone_clear"].amount < 0.7 * dry["tone_clear"].amount
    assert roomy["tone_open"].amount == pytest.approx(dry["tone_open"].amount, rel=0.3)
