"""What listeners hear and are asked, and what is made of what they say."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest

from tests.voices import RATE_HZ, song
from vocalverse.audio.loudness import loudness_lufs
from vocalverse.errors import BadInput, TooFew
from vocalverse.evaluation.figure import Resampling
from vocalverse.evaluation.triples import Performance
from vocalverse.listening.export import exported
from vocalverse.listening.folder import passing_folder
from vocalverse.listening.plan import Candidate, Plan, planned
from vocalverse.listening.report import report
from vocalverse.listening.sound import LEVEL_LUFS, levelled
from vocalverse.listening.spoiled import spoil
from vocalverse.listening.turns import next_turn
from vocalverse.records import Tier
from vocalverse.store.blobs import LocalBlobs
from vocalverse.store.listeners import Asked, Heard
from vocalverse.store.listening import Answer

H, M, L = Tier
ONE, TWO, THREE = (UUID(int=at) for at in (1, 2, 3))
FEW = Resampling(draws=50)


def said(listener: str, triple: UUID, tiers: Sequence[Tier], *, check: bool = False) -> Answer:
    takes = tuple(UUID(int=triple.int * 10 + list(Tier).index(tier)) for tier in tiers)
    return Answer(listener, triple, "breath", tuple(tiers), takes, check, check and tiers[-1] is L, 20.0)


def test_who_hears_as_the_judge_does_is_in_order_throughout() -> None:
    figures = report([said("a", triple, (H, M, L)) for triple in (ONE, TWO)], FEW).dimensions[0].figures
    assert {name: figure.value for name, figure in figures.items()} == dict.fromkeys(figures, 1.0)


def test_a_swapped_pair_costs_that_pair_and_the_exact_order() -> None:
    figures = report([said("a", ONE, (H, M, L)), said("a", TWO, (M, H, L))], FEW).dimensions[0].figures
    assert figures["exact"].value == 0.5
    assert figures["high_medium"].value == 0.5
    assert figures["medium_low"].value == figures["high_low"].value == 1
    assert figures["tau"].value == pytest.approx((1 + 1 / 3) / 2)


def test_who_fails_an_attention_check_is_left_out_but_told_of() -> None:
    answers = [
        *(said("good", ONE, (H, M, L)), said("good", THREE, (M, H, L), check=True)),
        *(said("asleep", ONE, (L, M, H)), said("asleep", THREE, (L, H, M), check=True)),
    ]
    found = report(answers, FEW)
    assert found.left_out == ("asleep",)
    assert found.dimensions[0].figures["tau"].value == 1
    assert {one.listener: one.figures["tau"].value for one in found.dimensions[0].listeners} == {
        "good": 1,
        "asleep": -1,
    }
    assert found.dimensions[0].figures["tau"].n == 1  # a check is no triple


def test_listeners_who_put_all_alike_agree_and_opposite_ones_do_not() -> None:
    alike = report([said(who, triple, (H, L, M)) for who in "ab" for triple in (ONE, TWO)], FEW).dimensions[0].agreement
    assert alike["same_place"].value == alike["within_1"].value == alike["alpha"].value == 1
    opposite = report([said("a", ONE, (H, M, L)), said("b", ONE, (L, M, H))], FEW).dimensions[0].agreement
    assert opposite["same_place"].value == pytest.approx(1 / 3)
    assert opposite["within_1"].value == pytest.approx(1 / 3)
    assert opposite["alpha"].value is not None
    assert opposite["alpha"].value < 0


def test_one_listener_alone_agrees_with_nobody() -> None:
    assert report([said("a", ONE, (H, M, L))], FEW).dimensions[0].agreement["alpha"].value is None


def test_intervals_hold_the_figure_and_are_narrower_with_more_triples() -> None:
    random = np.random.default_rng(3)
    orders = ((H, M, L), (M, H, L), (L, M, H))

    def width(triples: int) -> float:
        answers = [said("a", UUID(int=100 + at), orders[random.integers(3)]) for at in range(triples)]
        tau = report(answers, Resampling(draws=200)).dimensions[0].figures["tau"]
        assert tau.low is not None
        assert tau.high is not None
        assert tau.value is not None
        assert tau.low <= tau.value <= tau.high
        return tau.high - tau.low

    assert width(200) < width(12) / 2


def test_a_listener_is_asked_in_the_same_order_after_every_reload_and_others_in_another() -> None:
    asked = [
        Asked(uuid4(), dimension, (uuid4(), uuid4(), uuid4())) for dimension in ("breath", "timbre") for _ in "1234"
    ]
    orders = []
    for _ in range(8):
        listener, answered = uuid4(), set()
        heard = []
        while (turn := next_turn(listener, asked, answered)).triple:
            assert turn == next_turn(listener, list(reversed(asked)), answered)
            assert turn.done == len(answered)
            heard.append(turn.triple)
            answered.add(turn.triple.id)
        assert sorted(one.id for one in heard) == sorted(one.id for one in asked)
        dimensions = [one.dimension for one in heard]
        assert dimensions in (sorted(dimensions), sorted(dimensions, reverse=True))
        orders.append([(one.id, one.takes) for one in heard])
    assert len({str(order) for order in orders}) == 8


def test_takes_are_equally_loud_whatever_they_were() -> None:
    for gain in (0.05, 0.3, 5.0):
        for channels in (1, 2):
            sound = np.repeat(song(4, seed=1)[:, None], channels, axis=1).astype(np.float32) * gain
            loud = levelled(sound, RATE_HZ)
            assert np.abs(loud).max() <= 1
            both = np.repeat(loud, 2, axis=1) if channels == 1 else loud
            assert loudness_lufs(both, RATE_HZ) == pytest.approx(LEVEL_LUFS, abs=0.3)


def test_silence_stays_silent() -> None:
    assert not levelled(np.zeros((RATE_HZ, 2), np.float32), RATE_HZ).any()


def test_a_spoiled_take_is_as_long_and_nothing_like_it_was() -> None:
    sound = song(3, seed=2)[:, None].astype(np.float32)
    spoiled = spoil(sound, RATE_HZ)
    assert spoiled.shape == sound.shape
    assert abs(np.corrcoef(sound[:, 0], spoiled[:, 0])[0, 1]) < 0.3
    assert np.mean(spoiled == 0) > 0.15
    assert not spoil(np.zeros((0, 2), np.float32), RATE_HZ).size


def test_attention_checks_are_triples_of_their_own_whose_low_take_is_spoiled() -> None:
    pool = [Candidate(Performance(f"p{at}", float(at)), clip={"id": f"p{at}"}) for at in range(12)]
    triples = planned(pool, "breath", Plan(triples=8, attention=2))
    spoiled = [[take.tier for take in triple.takes if take.spoiled] for triple in triples]
    assert spoiled == [[]] * 8 + [[Tier.LOW]] * 2
    with pytest.raises(TooFew):
        planned(pool[:5], "breath", Plan(triples=30))


def test_answers_become_pairs_of_those_who_paid_attention(tmp_path: Path) -> None:
    answers = [
        *(said("good", ONE, (H, M, L)), said("good", THREE, (M, H, L), check=True)),
        *(said("asleep", ONE, (L, M, H)), said("asleep", THREE, (L, H, M), check=True)),
    ]
    words = {"singer": "s", "song": "t", "licence": "CC0-1.0", "audio": "x.wav"}
    takes = {
        take: Heard(take, False, None, None, None, None, {"id": tier.value, **words})
        for tier, take in zip((H, M, L), answers[0].takes, strict=True)
    }
    manifest = exported(answers, takes, LocalBlobs(tmp_path), tmp_path / "sound")
    assert {(pair.better, pair.worse, pair.dimension, pair.rater) for pair in manifest.pairs} == {
        ("high", "medium", "breath", "good"),
        ("high", "low", "breath", "good"),
        ("medium", "low", "breath", "good"),
    }
    assert {clip.id for clip in manifest.clips} == {"high", "medium", "low"}
    with pytest.raises(BadInput):
        exported(answers[2:], takes, LocalBlobs(tmp_path), tmp_path / "sound")


def test_sound_for_listeners_goes_with_the_process_and_what_a_killed_one_left_with_the_next(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    (left / "lock").touch()
    (left / "take.flac").touch()
    with passing_folder(tmp_path) as mine:
        assert not left.exists()
        (mine / "take.flac").touch()
        with passing_folder(tmp_path):
            assert (mine / "take.flac").exists()
    assert list(tmp_path.iterdir()) == []
