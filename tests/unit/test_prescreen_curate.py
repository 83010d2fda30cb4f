"""Out of many takes those for an expert: no copies, nothing below the bar, all levels, singers and songs."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from vocalverse.measure.marks import Score
from vocalverse.measure.pitch.track import Pitch
from vocalverse.prescreen.curate import Candidate, pick
from vocalverse.prescreen.judge import Prescreened, Reasoned
from vocalverse.prescreen.rules import Effect
from vocalverse.prescreen.same_sound import Signature, originals, signature
from vocalverse.records import Reason, Verdict
from vocalverse.synthesis.melodies import Faults, melody, perform


def candidate(number: int, *, pitch: float = 90.0, singer: str = "", song: str | None = None) -> Candidate:
    score = Score(pitch, pitch - 5, pitch)
    return Candidate(
        f"{number:04}.wav", singer or f"singer {number}", song, Prescreened(Verdict.PASS, (), score, score)
    )


def stopped(number: int, verdict: Verdict, code: Reason) -> Candidate:
    reason = Reasoned(code, Effect(verdict), {}, "")
    return replace(candidate(number), prescreened=Prescreened(verdict, (reason,), None, None))


def sung(*, seed: int = 1, cents: float = 8.0, key: float = 0.0) -> Pitch:
    return perform(melody(8), Faults(note_cents=cents, note_s=0.03, semitones=key), seed=seed).pitch


def test_what_is_refused_or_low_is_dropped_and_says_why():
    given = [candidate(0), stopped(1, Verdict.REFUSE, Reason.WHISTLE), stopped(2, Verdict.LOW, Reason.OFF_PITCH)]
    choices = pick(given, 3)
    assert [choice.picked for choice in choices] == [True, False, False]
    assert [choice.why for choice in choices] == ["picked", "refuse: whistle", "low: off_pitch"]


def test_all_levels_are_picked_though_most_takes_are_of_one():
    given = [candidate(at, pitch=95 if at % 10 else 30) for at in range(200)]
    picked = [one for one, choice in zip(given, pick(given, 20), strict=True) if choice.picked]
    assert Counter(one.level[0] for one in picked) == {4: 10, 1: 10}


def test_no_singer_and_no_song_has_more_than_a_fair_share():
    given = [candidate(at, singer="often" if at < 150 else f"s{at % 9}", song=f"song {at % 4}") for at in range(240)]
    picked = [one for one, choice in zip(given, pick(given, 40), strict=True) if choice.picked]
    assert max(Counter(one.singer for one in picked).values()) == 4
    assert set(Counter(one.song for one in picked).values()) == {10}


def test_the_same_are_picked_in_whatever_order_they_come():
    given = [candidate(at, pitch=40 + at % 60, singer=f"s{at % 7}") for at in range(100)]
    names = [one.name for one, choice in zip(given, pick(given, 10), strict=True) if choice.picked]
    again = [one.name for one, choice in zip(given[::-1], pick(given[::-1], 10), strict=True) if choice.picked]
    assert sorted(again) == names
    assert names != [one.name for one in given[:10]]  # folders are in order of something


@pytest.mark.parametrize(("count", "keep"), [(0, 5), (3, 5), (5, 0)])
def test_as_many_as_there_are_where_more_are_wanted(count: int, keep: int):
    assert sum(choice.picked for choice in pick([candidate(at) for at in range(count)], keep)) == min(count, keep)


def test_a_copy_is_dropped_and_names_its_original():
    one = signature(sung())
    given = [replace(candidate(at), signature=one if at in (1, 2) else None) for at in range(4)]
    assert [choice.why for choice in pick(given, 4)] == ["picked", "picked", "same sound as 0001.wav", "picked"]


def test_the_same_sound_is_known_after_encoding_and_cutting_and_no_other_is():
    take = sung()
    noisy = replace(take, hz=(take.hz * 2 ** (np.random.default_rng(0).normal(0, 2, len(take.hz)) / 1200)).astype("f4"))
    later = Pitch(*(np.concatenate([np.zeros(130, one.dtype), one]) for one in (take.hz, take.voiced, take.confidence)))
    others = [sung(seed=2), sung(seed=3, cents=0), sung(key=1)]
    found = originals([signature(one) for one in (take, noisy, *others, later)])
    assert found == [None, 0, None, None, None, 0]


def test_of_hardly_any_voice_nothing_is_said():
    silent = Pitch(np.zeros(500, "f4"), np.zeros(500, np.bool_), np.zeros(500, "f4"))
    assert signature(silent) is None
    flat = Signature(3.0, np.zeros(128, np.int16))
    assert originals([None, None, flat, flat]) == [None, None, None, 2]
