"""What encoders made of a recording serves the next release that has the same ones, and changes no score."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from tests.releases import make_tiny_release
from vocalverse.assess.keeping import keeping
from vocalverse.models.cache.cache import EncoderCache
from vocalverse.models.encoders.sound import Sound
from vocalverse.records import Score
from vocalverse.release.figures import columns
from vocalverse.release.judge import Judge
from vocalverse.release.sounds import Sounds

RECORDING = UUID(int=7)
UNKNOWN: Mapping[str, float] = dict.fromkeys(columns(), float("nan"))


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> list[Judge]:
    """Two releases with the same encoder."""
    folder = tmp_path_factory.mktemp("releases")
    return [Judge.of(make_tiny_release(folder, name=name), models=folder, threads=1) for name in ("tiny", "again")]


def sounds(*, seed: int = 0, seconds: float = 2.0) -> Sounds:
    voice = np.random.default_rng(seed).standard_normal(round(16_000 * seconds), np.float32) * 0.1
    return Sounds(Sound(voice, 16_000), Sound(voice / 2, 16_000))


def scores(judge: Judge, heard: Sounds, cache: EncoderCache | None, told: list[str]) -> tuple[Score, ...]:
    """`told` is what encoders say of their progress: nothing where they are not asked."""
    kept = keeping(cache, RECORDING)
    encoded = judge.encode(heard, kept=kept, progress=lambda stage, _: told.append(stage))
    return judge.judge(encoded, UNKNOWN).scores


def test_a_second_release_with_the_same_encoder_hears_nothing_anew(judges: list[Judge], tmp_path: Path):
    first, second = judges
    cache, anew, heard, again = EncoderCache(tmp_path), list[str](), list[str](), list[str]()
    expected = scores(first, sounds(), None, anew)
    assert scores(first, sounds(), cache, heard) == expected
    assert scores(second, sounds(), cache, again) == expected
    assert anew
    assert heard == anew
    assert again == []
    assert list(cache.recordings()) == [str(RECORDING)]


def test_another_sound_of_the_same_recording_is_heard_anew(judges: list[Judge], tmp_path: Path):
    """Such as the voice that another separator took out of it."""
    cache = EncoderCache(tmp_path)
    scores(judges[0], sounds(), cache, [])
    other = sounds(seed=1)
    assert scores(judges[0], other, cache, []) == scores(judges[0], sounds(seed=1), None, [])
    swapped = replace(other, voice=other.mix, mix=other.voice)
    assert scores(judges[0], swapped, cache, []) == scores(judges[0], swapped, None, [])
    assert cache.stats().frames == 3


def test_where_nothing_can_be_kept_a_take_is_judged_all_the_same(judges: list[Judge], tmp_path: Path):
    (tmp_path / "cache").write_text("in the way")
    heard, anew = list[str](), list[str]()
    told = scores(judges[0], sounds(), EncoderCache(tmp_path / "cache"), heard)
    assert told == scores(judges[0], sounds(), None, anew)
    assert heard == anew  # once
