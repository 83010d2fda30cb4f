"""A network takes the room out: where there is one, and where somebody sings."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from tests import voices
from vocalverse.errors import ModelRefused
from vocalverse.separate.activity import voice_activity
from vocalverse.separate.dereverberate import DEFAULT, Found, dereverberate
from vocalverse.separate.drying import dry_through, sung_spans
from vocalverse.separate.networks.network import NetworkInfo
from vocalverse.separate.reverberation import Room
from vocalverse.synthesis import rooms

torch.set_num_threads(1)

RATE_HZ = rooms.RATE_HZ


@dataclass
class Scaled:
    """A network that gives `factor` times what it hears."""

    factor: float = 0.5
    stems: tuple[str, ...] = ("dry",)
    channels: int = 2
    chunk: int = RATE_HZ
    batch: int = 1
    asked: list[np.ndarray] = field(default_factory=list)

    @property
    def info(self) -> NetworkInfo:
        return NetworkInfo("scaled", RATE_HZ, self.channels, self.stems, self.chunk)

    def __call__(self, chunks: np.ndarray) -> np.ndarray:
        self.asked.extend(chunks)
        return np.stack([chunks * np.float32(self.factor) for _ in self.stems], axis=1)


@pytest.fixture(scope="module")
def wet() -> np.ndarray:
    return rooms.in_room(voices.song(5, seed=1), rooms.room(1.0, drr_db=-3, seed=4, channels=2))


@pytest.fixture(scope="module")
def active(wet: np.ndarray) -> np.ndarray:
    return voice_activity(wet, RATE_HZ).by_sample(len(wet))


def test_what_the_network_gives_is_what_comes_out(wet: np.ndarray, active: np.ndarray):
    given = wet.copy()
    dry = dry_through(wet, Scaled(), active=active)
    assert dry.strength == 1
    np.testing.assert_allclose(dry.samples, 0.5 * wet, atol=1e-6)
    assert np.array_equal(wet, given)


def test_the_level_is_the_voices_own(wet: np.ndarray, active: np.ndarray):
    """However its chunks overlap."""
    for overlap in (1, 2, 4):
        dry = dry_through(wet, Scaled(1.0), active=active, overlap=overlap)
        np.testing.assert_allclose(dry.samples, wet, atol=1e-6)


def test_a_network_that_gives_the_room_alone_leaves_the_voice(wet: np.ndarray, active: np.ndarray):
    dry = dry_through(wet, Scaled(0.25, ("reverb",)), active=active)
    np.testing.assert_allclose(dry.samples, 0.75 * wet, atol=1e-6)


def test_overlap_is_how_often_each_moment_is_heard(wet: np.ndarray, active: np.ndarray):
    counts = []
    for overlap in (1, 2, 4):
        model = Scaled()
        dry_through(wet, model, active=active, overlap=overlap)
        counts.append(len(model.asked))
    assert counts[0] < counts[1] < counts[2]


def test_the_room_is_told_as_without_a_network(wet: np.ndarray, active: np.ndarray):
    through, predicted = dry_through(wet, Scaled(), active=active), dereverberate(wet, active=active)
    assert (through.room, through.removed_db) == (predicted.room, predicted.removed_db)
    assert through.room.t60_s is not None


def test_a_dry_voice_passes_bit_for_bit_and_the_network_is_not_asked():
    voice = np.repeat(voices.song(8, seed=1)[:, None], 2, axis=1).astype(np.float32)
    model = Scaled()
    dry = dry_through(voice, model, active=np.ones(len(voice), np.bool_))
    assert dry.samples is voice
    assert dry.strength == 0
    assert not model.asked


def test_between_dry_and_wet_there_is_no_step():
    def wetness(removed_db: float | None, t60_s: float | None = None) -> float:
        filters = () if removed_db is None else (torch.zeros(1),)
        return Found(Room(t60_s, None), removed_db, filters).wetness(DEFAULT)

    assert [wetness(db, 0.5) for db in (-25, -20, -19.5, -19, -8, -1)] == [0, 0, 0.5, 1, 1, 1]
    assert [wetness(db) for db in (-19, -14, -13)] == [0, 0, 1]  # nothing that dies away shows a room
    assert wetness(None) == 1


def test_a_voice_of_which_too_little_is_heard_to_tell_goes_through_the_network(wet: np.ndarray):
    dry = dry_through(wet[:RATE_HZ], Scaled(), active=np.ones(RATE_HZ, np.bool_))
    assert dry.removed_db is None
    np.testing.assert_allclose(dry.samples, 0.5 * wet[:RATE_HZ], atol=1e-6)


def test_where_nobody_sings_for_long_the_network_is_not_asked_and_nothing_changes(wet: np.ndarray, active: np.ndarray):
    hiss = 1e-5 * np.random.default_rng(3).standard_normal((6 * RATE_HZ, 2)).astype(np.float32)
    wet, active = wet[: 2 * RATE_HZ], active[: 2 * RATE_HZ]
    voice = np.concatenate([hiss, wet, hiss, wet, hiss])
    quiet = np.zeros(len(hiss), np.bool_)
    sung = np.concatenate([quiet, active, quiet, active, quiet])
    model = Scaled()
    dry = dry_through(voice, model, active=sung)
    assert len(model.asked) < 2 * 2 * (len(wet) / RATE_HZ + 3)
    far = np.ones(len(voice), np.bool_)
    for span in sung_spans(sung, model.chunk):
        far[span.start : span.stop] = False
    assert np.count_nonzero(far) > 12 * RATE_HZ
    assert np.array_equal(dry.samples[far], voice[far])
    np.testing.assert_allclose(dry.samples[sung], 0.5 * voice[sung], atol=1e-6)


def test_the_way_into_silence_is_a_fade(wet: np.ndarray):
    """A hum goes on where nobody sings: it must not click."""
    time_s = np.arange(20 * RATE_HZ) / RATE_HZ
    hum = np.repeat((0.1 * np.sin(2 * np.pi * 50 * time_s))[:, None], 2, axis=1).astype(np.float32)
    sung = np.zeros(len(hum), np.bool_)
    sung[6 * RATE_HZ : 7 * RATE_HZ] = True
    dry = dry_through(hum, Scaled(0.0), active=sung)
    assert np.abs(np.diff(dry.samples, axis=0)).max() < 1.1 * np.abs(np.diff(hum, axis=0)).max()


def test_silence_is_not_asked_about():
    voice, model = np.zeros((3 * RATE_HZ, 2), np.float32), Scaled()
    dry = dry_through(voice, model, active=np.zeros(len(voice), np.bool_))
    assert dry.samples is voice
    assert not model.asked


def test_a_network_of_one_channel_hears_each_that_differs(wet: np.ndarray, active: np.ndarray):
    np.testing.assert_allclose(dry_through(wet, Scaled(channels=1), active=active).samples, 0.5 * wet, atol=1e-6)
    alike, model, twice = np.repeat(wet[:, :1], 2, axis=1), Scaled(channels=1), Scaled(channels=1)
    dry = dry_through(alike, model, active=active)
    dry_through(wet, twice, active=active)
    np.testing.assert_allclose(dry.samples, 0.5 * alike, atol=1e-6)
    assert 2 * len(model.asked) == len(twice.asked)


def test_it_says_how_far_it_is_and_stops_between_chunks(wet: np.ndarray, active: np.ndarray):
    seen: list[float] = []
    dry_through(wet, Scaled(), active=active, progress=lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    model = Scaled()

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dry_through(wet, model, active=active, progress=stop)
    assert 0 < len(model.asked) < 2 * len(wet) / RATE_HZ


def test_a_separator_is_no_dereverberator(wet: np.ndarray, active: np.ndarray):
    with pytest.raises(ModelRefused, match="voice and backing"):
        dry_through(wet, Scaled(stems=("voice", "backing")), active=active)


@pytest.mark.parametrize(
    ("sung_s", "spans_s"),
    [
        ([(3, 5)], [(2.5, 5.5)]),
        ([(1, 5)], [(0, 5.5)]),  # less than a chunk lies before it
        ([(3, 5), (6, 7)], [(2.5, 7.5)]),
        ([(3, 5), (7.1, 8)], [(2.5, 5.5), (6.6, 8.5)]),
        ([(3, 9)], [(2.5, 10)]),
        ([], []),
    ],
)
def test_gaps_shorter_than_a_chunk_are_heard(sung_s: list[tuple[float, float]], spans_s: list[tuple[float, float]]):
    sung = np.zeros(10 * RATE_HZ, np.bool_)
    for first, last in sung_s:
        sung[round(first * RATE_HZ) : round(last * RATE_HZ)] = True
    found = [(span.start / RATE_HZ, span.stop / RATE_HZ) for span in sung_spans(sung, RATE_HZ)]
    assert found == [pytest.approx(span) for span in spans_s]
