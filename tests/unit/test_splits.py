"""Splits: nobody who is judged on was learnt from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.manifests import clip
from vocalverse.errors import ManifestBroken, SplitLeaks, TooFew
from vocalverse.training.manifest import Clip, Manifest
from vocalverse.training.splits import BOTH, SHARES, Apart, deal, folds, require_apart, split


def grid(singers: int, songs: int) -> list[Clip]:
    """Everybody sings everything."""
    return [clip(f"{a}-{b}", f"singer {a}", f"song {b}") for a in range(singers) for b in range(songs)]


def own_songs(singers: int, each: int = 4) -> list[Clip]:
    """Nobody sings what another sings."""
    return [clip(f"{a}-{b}", f"singer {a}", f"song {a}-{b}") for a in range(singers) for b in range(each)]


def with_splits(clips: list[Clip], *names: str) -> list[Clip]:
    return [Clip(c.id, c.audio, c.singer, c.song, c.licence, split=name) for c, name in zip(clips, names, strict=True)]


def names_in(parts: dict[str, tuple[Clip, ...]], what: Apart) -> list[set[str]]:
    return [{what.of(one) for one in clips} for clips in parts.values()]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=6, max_size=60, unique=True), st.integers(0, 9)
)
def test_no_singer_and_no_song_is_in_two_parts_whoever_sings_what(sung: list[tuple[int, int]], seed: int) -> None:
    clips = [clip(f"{a}-{b}", f"singer {a}", f"song {b}") for a, b in sung]
    try:
        found = deal(clips, SHARES, seed=seed)
    except TooFew:
        return
    for what in Apart:
        first, second, third = names_in(dict(found.parts), what)
        assert first & second | first & third | second & third == set()
    parted = [one.id for clips in (*found.parts.values(), found.left_out) for one in clips]
    assert sorted(parted) == sorted(one.id for one in clips)
    assert all(found.parts.values())


def test_singers_with_songs_of_their_own_are_all_dealt_out_in_shares() -> None:
    found = deal(own_songs(40), SHARES)
    assert found.left_out == ()
    assert [len(clips) / 160 for clips in found.parts.values()] == pytest.approx([0.7, 0.15, 0.15], abs=0.03)


def test_nobody_is_left_out_where_a_few_sing_the_same_songs() -> None:
    duets = [clip(f"{a}-{b}", f"singer {a}", f"song {a // 2}-{b}") for a in range(40) for b in range(3)]
    for seed in range(5):
        assert deal(duets, SHARES, seed=seed).left_out == ()


def test_entangled_singers_and_songs_cost_clips_and_still_give_every_part() -> None:
    found = deal(grid(30, 20), SHARES)
    assert {name: len(clips) > 0 for name, clips in found.parts.items()} == {
        "train": True,
        "validation": True,
        "test": True,
    }
    assert len(found["train"]) > 100
    assert [len(found[name]) / len(found["train"]) for name in ("validation", "test")] == pytest.approx(
        [0.2, 0.2], abs=0.05
    )


def test_the_same_seed_deals_alike_in_any_order_and_another_deals_otherwise() -> None:
    clips = own_songs(20)
    mixed = [clips[at] for at in np.random.default_rng(1).permutation(len(clips))]
    assert deal(clips, SHARES, seed=3) == deal(mixed, SHARES, seed=3)
    assert deal(clips, SHARES, seed=3) != deal(clips, SHARES, seed=4)


def test_too_few_singers_or_songs_are_told_with_their_number() -> None:
    with pytest.raises(TooFew, match="12 clips of 2 singers and 6 songs"):
        deal(grid(2, 6), SHARES)
    with pytest.raises(TooFew, match="12 clips of 6 singers and 2 songs"):
        deal(grid(6, 2), SHARES)
    assert deal(grid(6, 2), SHARES, apart=frozenset({Apart.SINGER})).left_out == ()


def test_splits_that_the_manifest_gives_are_kept_and_a_leak_fails() -> None:
    clips = own_songs(4, each=1)
    kept = split(Manifest(tuple(with_splits(clips, "train", "train", "validation", "test1"))))
    assert {name: len(part) for name, part in kept.parts.items()} == {"train": 2, "validation": 1, "test1": 1}
    same_singer = [clip("a", "ann", "one"), clip("b", "ann", "two"), clip("c", "cy", "three")]
    with pytest.raises(SplitLeaks, match=r"1 of 2 singers .* 'ann' in test and train"):
        split(Manifest(tuple(with_splits(same_singer, "train", "test", "validation"))))
    same_song = [clip("a", "ann", "one"), clip("b", "bo", "one"), clip("c", "cy", "three")]
    with pytest.raises(SplitLeaks, match=r"1 of 2 songs .* 'one'"):
        split(Manifest(tuple(with_splits(same_song, "train", "test", "validation"))))


def test_test_sets_may_share_singers_with_each_other() -> None:
    clips = with_splits(
        [clip("a", "ann", "one"), clip("b", "ann", "one"), *own_songs(2, each=1)],
        "test1",
        "test2",
        "train",
        "validation",
    )
    found = split(Manifest(tuple(clips)))
    assert len(found.parts) == 4
    assert [one.id for one in found["test"]] == ["a", "b"]


def test_a_part_that_is_not_given_is_taken_out_of_what_is_learnt_from() -> None:
    clips = own_songs(12)
    given_test = with_splits(clips, *(["test"] * 8 + ["train"] * 40))
    found = split(Manifest(tuple(given_test)))
    assert len(found["test"]) == 8
    assert len(found["validation"]) > 0
    assert len(found["train"]) + len(found["validation"]) == 40
    require_apart(found.parts, BOTH)


def test_splits_are_given_for_all_clips_or_for_none() -> None:
    with pytest.raises(ManifestBroken, match="1 of 4 clips have no split, such as '3-0'"):
        split(Manifest(tuple(with_splits(own_songs(4, each=1), "train", "train", "test", ""))))


def test_every_clip_is_held_back_once_where_nobody_shares_a_song_and_is_never_learnt_from_then() -> None:
    clips = own_songs(15)
    found = folds(clips, 5)
    assert sorted(one.id for fold in found for one in fold.held) == sorted(one.id for one in clips)
    for fold in found:
        require_apart({"train": fold.learn, "held": fold.held})
        assert len(fold.learn) + len(fold.held) == len(clips)


def test_folds_of_entangled_singers_and_songs_leak_neither() -> None:
    for fold in folds(grid(12, 8), 4):
        assert fold.held
        require_apart({"train": fold.learn, "held": fold.held})
