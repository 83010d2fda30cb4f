"""The bundled rules on made singing and made attacks, alone: who sings passes, and all else is refused by its name."""

from functools import cache

import numpy as np
import pytest

from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.reference.guide import Contour
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.take import hear, measure_take
from vocalverse.prescreen.evidence import evidence
from vocalverse.prescreen.judge import Prescreened, prescreen
from vocalverse.prescreen.rules import bundled
from vocalverse.records import Reason, Remark, Verdict
from vocalverse.synthesis.attacks import Material, attacks, over
from vocalverse.synthesis.melodies import melody
from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import Sound, Tone, sing
from vocalverse.synthesis.throat import Voice

TRACKER = PitchTracker.open()
CHART = melody(6, seed=4)
TONES = [
    Tone(float(note.midi or 0), note.end_s - note.start_s, rest_s=1.0 if at == 0 else 0.0)
    for line in CHART.lines
    for at, note in enumerate(line.notes)
]
MATERIAL = Material(
    TONES, song(24, seed=2, voice=Voice(wobble_cents=10)).samples, song(24, seed=3).samples, seconds=13.0
)

SAID = {
    "sine_whistle": Reason.WHISTLE,
    "hum_of_one_note": Reason.HUM,
    "hum_of_the_melody": Reason.HUM,
    "muffled_hum": Reason.HUM,
    "vowel_on_one_note": Reason.MONOTONE,
    "words_on_one_note": Reason.MONOTONE,
    "made_talk": Reason.SPEECH_NOT_SINGING,
    "espeak": Reason.SPEECH_NOT_SINGING,
    "flite": Reason.SPEECH_NOT_SINGING,
    "white_noise": Reason.NO_VOICE,
    "loop": Reason.REPEATED_LOOP,
    "loop_in_a_room": Reason.REPEATED_LOOP,
    "playback": Reason.KNOWN_GUIDE_PLAYBACK,
    "playback_in_a_room": Reason.KNOWN_GUIDE_PLAYBACK,
}


def judged(
    voice: Sound, *, mix: Sound | None = None, guide: Sound | None = None, chart: Melody | None = None
) -> Prescreened:
    heard = hear(voice, voice, voice if mix is None else mix, TRACKER)
    contour = None if guide is None else Contour.of(hear(guide, guide, guide, TRACKER).pitch)
    return prescreen(evidence(measure_take(heard, chart, guide=contour)), bundled())


@cache
def honest() -> Prescreened:
    return judged(MATERIAL.sung)


def test_who_sings_is_not_refused() -> None:
    assert honest().verdict is Verdict.PASS
    assert honest().remarks == ()


@pytest.mark.parametrize("name", list(SAID))
def test_an_attack_is_refused_for_what_it_is(name: str) -> None:
    for attack in attacks(MATERIAL, seed=3, only=frozenset({name})):
        found = judged(attack.samples, guide=attack.guide)
        assert found.verdict is Verdict.REFUSE
        assert SAID[name] in [reason.code for reason in found.reasons]
        return
    pytest.skip(f"{name} needs a speech program that is not installed: apt-get install espeak-ng flite")


def test_what_a_separator_leaves_of_a_backing_is_no_singer() -> None:
    band = np.random.default_rng(0).normal(0, 0.1, MATERIAL.sung.shape).astype(np.float32)
    found = judged(0.02 * MATERIAL.sung, mix=band + 0.02 * MATERIAL.sung)
    assert [reason.code for reason in found.reasons] == [Reason.BACKING_ONLY]
    drowned = over(MATERIAL.sung, band, above_db=-6.0)
    assert judged(0.1 * MATERIAL.sung, mix=0.1 * drowned).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("one_note", {"one_note.share": 0.98}),
        ("speech", {"speech.held_share": 0.02, "speech.long_notes_share": 0.1, "speech.notes_per_s": 6.0}),
    ],
)
def test_one_note_and_rap_are_refused_only_where_the_song_does_not_ask_for_them(
    name: str, told: dict[str, float]
) -> None:
    known = {f"authenticity.{key}": value for key, value in told.items()} | {"authenticity.presence.voiced_s": 60.0}
    known |= {"authenticity.on_its_song": 0.0}
    for asked, verdict in ((0.0, Verdict.REFUSE), (1.0, Verdict.PASS)):
        assert prescreen(known | {f"authenticity.{name}.asked_share": asked}, bundled()).verdict is verdict


def test_quick_syllables_that_follow_the_melody_are_sung() -> None:
    quick = {"held_share": 0.05, "long_notes_share": 0.1, "notes_per_s": 6.0, "syllables": 0.4, "asked_share": 0.0}
    known = {f"authenticity.speech.{name}": value for name, value in quick.items()}
    known["authenticity.presence.voiced_s"] = 60.0
    for on_its_song, verdict in ((0.0, Verdict.REFUSE), (0.9, Verdict.PASS)):
        assert prescreen(known | {"authenticity.on_its_song": on_its_song}, bundled()).verdict is verdict


def test_another_song_is_told_from_its_own() -> None:
    sung = sing(TONES, voice=Voice(wobble_cents=10)).samples
    other = judged(sung, chart=melody(8, seed=23, rest_s=0.4))
    assert Reason.WRONG_SONG in [reason.code for reason in other.reasons]
    assert Reason.WRONG_SONG not in [reason.code for reason in judged(sung, chart=CHART).reasons]


def test_two_who_sing_at_once_are_a_remark_and_no_reason_to_refuse() -> None:
    held = [Tone(60.0 + step, 1.5, rest_s=0.2) for step in (0, 2, 4, 5, 4, 2)]
    third = [Tone(tone.midi + 4, tone.length_s, tone.rest_s) for tone in held]
    both = sing(held).samples + 0.8 * sing(third, seed=1).samples
    found = judged(both.astype(np.float32))
    assert found.verdict is not Verdict.REFUSE
    assert Remark.TWO_SINGERS in found.remarks
