"""What is found of technique in takes whose faults are known."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from vocalverse.evidence.find import find_evidence
from vocalverse.evidence.kind import Found
from vocalverse.measure.frames import Heard
from vocalverse.measure.reference.guide import from_notes
from vocalverse.measure.reference.melody import Melody, MelodyNote
from vocalverse.measure.take import measure_take
from vocalverse.synthesis.singing import Tone, Vibrato, sing

_SAMPLES_A_FRAME = 441
STEPS = (60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72, 71, 69, 67, 65, 64, 62, 64, 60)


@cache
def heard(tones: tuple[Tone, ...]) -> Heard:
    return sing(tones).heard()


def found(tones: list[Tone], song: Melody | None = None) -> Mapping[str, Found]:
    return find_evidence(measure_take(heard(tuple(tones)), song))


def tune(
    *, off_cents: float = 0.0, length_s: float = 0.45, vibrato: Vibrato | None = None, seed: int = 5
) -> list[Tone]:
    random = np.random.default_rng(seed)
    off = off_cents / 100 * random.standard_normal(len(STEPS))
    rests = [0.5 if number % 5 == 0 else 0.0 for number in range(len(STEPS))]
    return [
        Tone(step + beside, length_s, rest_s=rest_s, vibrato=vibrato)
        for step, beside, rest_s in zip(STEPS, off, rests, strict=True)
    ]


def test_notes_that_are_farther_off_are_told_so_without_any_song() -> None:
    off = [found(tune(off_cents=cents))["notes_off"].value for cents in (0, 20, 50)]
    assert off[0] < 12
    assert off[1] > off[0] + 5
    assert off[2] > off[1] + 8


def test_the_moment_of_notes_that_are_off_is_the_phrase_where_they_are() -> None:
    tones = tune()
    wrong = [replace(tone, midi=tone.midi + 0.5) if 10 <= at < 15 else tone for at, tone in enumerate(tones)]
    before_s = sum(tone.length_s + tone.rest_s for tone in wrong[:10])
    worst = max(found(wrong)["notes_off"].moments, key=lambda moment: moment.value)
    assert before_s - 0.3 < worst.from_s < before_s + 0.8


@pytest.mark.parametrize(
    ("vibrato", "better"),
    [(Vibrato(5.6, 60), True), (Vibrato(7.8, 70), False), (Vibrato(5.6, 175), False), (Vibrato(4.1, 90), False)],
)
def test_a_good_vibrato_is_worth_more_than_none_and_a_bad_one_less(vibrato: Vibrato, better: bool) -> None:
    straight, swinging = (
        found(tune(length_s=1.1, vibrato=one)[:8])["vibrato_quality"].value for one in (None, vibrato)
    )
    assert (swinging > straight) is better


def test_a_note_that_slides_in_is_the_moment_of_its_attack() -> None:
    tones = [replace(tone, rest_s=0.2) for tone in tune(length_s=0.6)]
    tones[7] = replace(tones[7], scoop_cents=180)
    at_s = sum(tone.length_s + tone.rest_s for tone in tones[:7])
    worst = max(found(tones)["attacks_off"].moments, key=lambda moment: moment.value)
    assert worst.from_s == pytest.approx(at_s + tones[7].rest_s, abs=0.2)


def test_wrong_notes_of_the_right_scale_are_off_where_the_song_is_known() -> None:
    tones = tune()
    song = written(tones)
    wrong = [
        replace(tone, midi=tone.midi + 2) if at % 5 > 2 and tone.midi != 64 else tone for at, tone in enumerate(tones)
    ]
    alone, against = (found(wrong, known)["notes_off"] for known in (None, song))
    assert against.value > alone.value + 8
    assert against.amount > alone.amount


def written(tones: list[Tone]) -> Melody:
    at_s, notes = 0.0, []
    for tone in tones:
        at_s += tone.rest_s
        notes.append(MelodyNote(at_s, at_s + tone.length_s, tone.midi, "la", ends_word=True))
        at_s += tone.length_s
    return from_notes(notes)


def test_who_hurries_and_drags_sings_lengths_that_are_uneven() -> None:
    even = tune()
    jerky = [replace(tone, length_s=tone.length_s * (0.45 if at % 2 else 1.55)) for at, tone in enumerate(even)]
    assert found(jerky)["lengths_uneven"].value > found(even)["lengths_uneven"].value + 0.4
    assert "lengths_uneven" not in found(even, written(even))


def test_a_phrase_that_comes_again_wave_for_wave_counts_once() -> None:
    sung = sing(tune()[:5])
    frames = len(sung.f0_hz) - 1
    sound = np.tile(sung.samples[: frames * _SAMPLES_A_FRAME], (3, 1))
    looped = replace(sung, samples=sound, dry=sound, f0_hz=np.append(np.tile(sung.f0_hz[:frames], 3), np.float32(0)))
    once, thrice = (find_evidence(measure_take(one.heard())) for one in (sung, looped))
    assert thrice["attacks_off"].amount < 1.5 * once["attacks_off"].amount


@pytest.mark.parametrize(("tail_db", "share"), [(-35.0, 0.95), (-17.0, 0.5), (-7.0, 0.1)])
def test_what_a_room_hides_tells_less(tail_db: float, share: float) -> None:
    dry = measure_take(heard(tuple(tune())))
    echoing = replace(dry, colour=replace(dry.colour, tail_db=tail_db))
    amount = find_evidence(echoing)["attacks_off"].amount
    assert amount == pytest.approx(share * sum(one.arrives_off_cents is not None for one in dry.touch), rel=0.1)
