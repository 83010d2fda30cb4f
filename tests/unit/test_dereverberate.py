"""Rooms go, voices stay."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests import voices
from vocalverse.separate.dereverberate import DEFAULT, dereverberate
from vocalverse.synthesis import rooms

torch.set_num_threads(1)

SAMPLE_RATE_HZ = rooms.RATE_HZ


def si_sdr_db(found: np.ndarray, truth: np.ndarray) -> float:
    scaled = truth * np.sum(found * truth) / np.sum(truth * truth)
    return float(10 * np.log10(np.sum(scaled**2) / np.sum((found - scaled) ** 2)))


@pytest.fixture(scope="module")
def song() -> np.ndarray:
    return voices.song(8, seed=1)


@pytest.fixture(scope="module")
def wet(song: np.ndarray) -> np.ndarray:
    """Seconds, of one channel."""
    return rooms.in_room(song[: 6 * SAMPLE_RATE_HZ], rooms.room(1.0, drr_db=-3, seed=4))


@pytest.mark.parametrize(("channels", "better_db"), [(1, 0.5), (2, 1)])
def test_a_room_goes(song: np.ndarray, channels: int, better_db: float) -> None:
    """Noise without any order is the hardest room: real ones gain more."""
    response = rooms.room(1.0, drr_db=0, seed=2, channels=channels)
    wet, truth = rooms.in_room(song, response), rooms.in_room(song, rooms.early(response))
    given = wet.copy()
    dry = dereverberate(wet)
    assert np.array_equal(wet, given)
    assert si_sdr_db(dry.samples, truth) > si_sdr_db(wet, truth) + better_db


def test_a_dry_voice_passes_bit_for_bit(song: np.ndarray) -> None:
    voice = np.stack([song, song], axis=1).astype(np.float32)
    dry = dereverberate(voice)
    assert dry.strength == 0
    assert np.array_equal(dry.samples, voice)


def test_a_note_held_still_is_no_room() -> None:
    """It is as predictable as one."""
    time_s = np.arange(6 * SAMPLE_RATE_HZ)[:, None] / SAMPLE_RATE_HZ
    note = sum(np.sin(2 * np.pi * 220 * k * time_s) / k for k in range(1, 15)).astype(np.float32) * 0.05
    assert np.array_equal(dereverberate(note).samples, note)


def test_long_notes_in_a_song_keep_their_level(song: np.ndarray) -> None:
    time_s = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    edge = np.minimum(1, np.minimum(time_s, time_s[::-1]) / 0.05)
    note = 0.05 * edge * sum(np.sin(2 * np.pi * 220 * k * time_s) / k for k in range(1, 15))
    given = np.concatenate([song, note, song])[:, None].astype(np.float32)
    held = slice(len(song) + SAMPLE_RATE_HZ, len(song) + 2 * SAMPLE_RATE_HZ)
    kept = dereverberate(given).samples[held]
    assert 20 * np.log10(kept.std() / given[held].std()) > -1


def test_the_same_voice_gives_the_same_bits(wet: np.ndarray) -> None:
    assert np.array_equal(dereverberate(wet).samples, dereverberate(wet).samples)


def test_both_channels_alike_stay_alike(wet: np.ndarray) -> None:
    alone = dereverberate(wet).samples
    assert np.array_equal(dereverberate(np.repeat(wet, 2, axis=1)).samples, np.repeat(alone, 2, axis=1))


def test_where_nobody_sings_nothing_changes(wet: np.ndarray) -> None:
    active = np.zeros(len(wet), np.bool_)
    active[: 2 * len(wet) // 3] = True
    dry = dereverberate(wet, active=active, options=replace(DEFAULT, doubt_db=0))
    changed = np.flatnonzero((dry.samples != wet).any(axis=1))
    assert dry.strength > 0
    assert 0 < changed.max() < 2 * len(wet) // 3 + SAMPLE_RATE_HZ  # the room goes on for a while


def test_nobody_sings(wet: np.ndarray) -> None:
    dry = dereverberate(wet, active=np.zeros(len(wet), np.bool_))
    assert np.array_equal(dry.samples, wet)
    assert dry.removed_db is None


@pytest.mark.parametrize("samples", [0, 1, 100, 1536, 6145])
@pytest.mark.parametrize("level", [0.0, 0.5])
def test_what_is_short_silent_or_constant_comes_back_whole(samples: int, level: float) -> None:
    given = np.full((samples, 2), level, np.float32)
    dry = dereverberate(given)
    assert dry.samples.shape == given.shape
    assert np.isfinite(dry.samples).all()
    assert np.abs(dry.samples - given).max(initial=0) < 1e-6


def test_progress_rises_to_one_and_may_stop_the_work(wet: np.ndarray) -> None:
    seen: list[tuple[str, float]] = []
    dereverberate(wet, progress=lambda stage, fraction: seen.append((stage, fraction)))
    fractions = [fraction for _, fraction in seen]
    assert {stage for stage, _ in seen} == {"dereverberate"}
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1

    def stop(stage: str, fraction: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        dereverberate(wet, progress=stop)
