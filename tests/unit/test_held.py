"""The singers who are held back for the proof."""

from vocalverse.training.held import gtsinger_singer, is_held


def test_about_a_third_of_singers_is_held_and_always_the_same_ones() -> None:
    held = [name for name in (f"singer {number}" for number in range(3000)) if is_held(name)]
    assert 900 < len(held) < 1100
    assert [is_held(singer) for singer in ("bobon", "actor04", "abjones", "actor01")] == [True, True, False, False]


def test_a_singer_of_gtsinger_is_one_however_the_phrase_is_sung() -> None:
    assert {gtsinger_singer(f"jp01_{manner}") for manner in ("Control", "Breathy", "Vibrato")} == {"jp01"}
    assert gtsinger_singer("EN-Alto-1-Glissando-Control") == gtsinger_singer("EN-Alto-1-Glissando-Glissando")
    assert gtsinger_singer("ST-parallel-EN_2-Ground_Truth") == gtsinger_singer("ST-parallel-EN_2-Reference")
    assert gtsinger_singer("jp01_Control") != gtsinger_singer("jp02_Control")
