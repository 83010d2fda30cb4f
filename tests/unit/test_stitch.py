"""Chunk-and-stitch: with a network that changes nothing, a recording comes out as it went in."""

import tracemalloc
from dataclasses import dataclass, field

import numpy as np
import pytest

from vocalverse.audio.waveform import Samples
from vocalverse.errors import BackendFailed, BadInput
from vocalverse.separate.networks.network import NetworkInfo
from vocalverse.separate.quality import sdr
from vocalverse.separate.stitch import separate_to_arrays, stitch

CHUNK = 1000


@dataclass
class Identity:
    """A model whose voice is what it was given, and whose backing is half of it."""

    channels: int = 2
    chunk: int = CHUNK
    batch: int = 1
    asked: list[Samples] = field(default_factory=list)

    @property
    def info(self) -> NetworkInfo:
        return NetworkInfo("identity", 44100, self.channels, ("voice", "backing"), self.chunk)

    def __call__(self, chunks: Samples) -> Samples:
        assert chunks.dtype == np.float32
        assert chunks.shape[0] <= self.batch
        assert chunks.shape[1:] == (self.channels, self.chunk)
        self.asked.append(chunks.copy())
        return np.stack([chunks, chunks / 2], axis=1)


def noise(frames: int, channels: int = 2, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize("overlap", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("frames", [1, 2, 100, 499, 500, 999, 1000, 1001, 4000, 12347])
@pytest.mark.parametrize("chunk", [CHUNK, 997])
def test_identity_gives_back_its_input(overlap: int, frames: int, chunk: int):
    source = noise(frames)
    stems = separate_to_arrays(source, Identity(chunk=chunk), overlap=overlap)
    assert sdr(stems["voice"], source) > 120
    assert sdr(stems["backing"], source / 2) > 120


@pytest.mark.parametrize(("network", "recording"), [(1, 1), (1, 2), (2, 1)])
def test_mono_and_stereo_suit_each_other(network: int, recording: int):
    source = noise(3333, recording)
    assert sdr(separate_to_arrays(source, Identity(channels=network))["voice"], source) > 120


def test_blocks_tile_the_recording_in_order():
    """The sink's blocks are its own: the next chunk does not write over them."""
    source, blocks = noise(5678), []
    stitch(source, Identity(), lambda start, block: blocks.append((start, block)))
    assert [start for start, _ in blocks] == list(np.cumsum([0] + [b.shape[1] for _, b in blocks])[:-1])
    assert all(block.shape[0] == 2 and block.shape[2] == 2 for _, block in blocks)
    assert sdr(np.concatenate([block[0] for _, block in blocks]), source) > 120


def test_batches_change_nothing():
    source = noise(7777)
    source[2000:5000] = 0
    one, four = (separate_to_arrays(source, Identity(batch=batch)) for batch in (1, 4))
    assert all(np.array_equal(one[stem], four[stem]) for stem in one)


def test_same_input_gives_the_same_bits_and_stays_as_it_was():
    source = noise(3210)
    source.flags.writeable = False
    first, second = (separate_to_arrays(source, Identity())["voice"] for _ in range(2))
    assert np.array_equal(first, second)


def test_chunks_fade_so_that_their_edges_count_little():
    """A network that is wrong in the outer fiftieth of its chunk is hardly heard there."""

    class WrongAtEdges(Identity):
        def __call__(self, chunks: Samples) -> Samples:
            heard = super().__call__(chunks)
            heard[..., : CHUNK // 50] = heard[..., -CHUNK // 50 :] = 0
            return heard

    source = np.ones((5000, 1), np.float32)
    voice = separate_to_arrays(source, WrongAtEdges(channels=1), overlap=2)["voice"]
    assert np.abs(voice - 1).max() < 0.005


def test_ends_are_heard_within_their_reflection():
    model, source = Identity(), noise(1500)
    separate_to_arrays(source, model)
    assert np.array_equal(model.asked[0][0, :, 500:], source[:500].T)
    assert np.array_equal(model.asked[0][0, :, :500], source[500:0:-1].T)


def test_digital_silence_is_not_asked_about():
    model, source = Identity(), np.zeros((20_000, 2), np.float32)
    source[10_000] = 1
    voice = separate_to_arrays(source, model)["voice"]
    assert np.abs(voice - source).max() < 1e-6
    assert len(model.asked) == 2


def test_only_wanted_stems_are_kept():
    assert list(separate_to_arrays(noise(100), Identity(), keep=["backing"])) == ["backing"]
    with pytest.raises(BadInput, match="drums"):
        separate_to_arrays(noise(100), Identity(), keep=["drums"])


def test_progress_rises_to_1_and_may_stop_the_work():
    class Enough(Exception):
        pass

    def watch(stage: str, fraction: float) -> None:
        seen.append((stage, fraction))
        if fraction > limit:
            raise Enough

    for limit in (1, 0.5):
        seen, model = [], Identity()
        if limit == 1:
            stitch(noise(10_000), model, lambda start, block: None, progress=watch, stage="hear")
            fractions = [fraction for _, fraction in seen]
            assert fractions == sorted(fractions)
            assert (fractions[0], fractions[-1], seen[0][0]) == (0, 1, "hear")
            asked = len(model.asked)
        else:
            with pytest.raises(Enough):
                stitch(noise(10_000), model, lambda start, block: None, progress=watch)
            assert len(model.asked) < 0.7 * asked


@pytest.mark.parametrize("overlap", [1, 2])
def test_memory_does_not_grow_with_the_recording(overlap: int):
    def peak(frames: int) -> int:
        class Forgetful(Identity):
            def __call__(self, chunks: Samples) -> Samples:
                return np.stack([chunks, chunks], axis=1)

        source = noise(frames)
        tracemalloc.start()
        stitch(source, Forgetful(), lambda start, block: None, overlap=overlap)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10_000)
    short, long = peak(20_000), peak(400_000)
    assert long < short + 150_000  # less than 5 % of the recording


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(value: float):
    source = noise(3000)
    source[2500, 1] = value
    model = Identity()
    with pytest.raises(BadInput, match="no numbers"):
        separate_to_arrays(source, model)
    assert not model.asked


@pytest.mark.parametrize("shape", [(0, 2), (100,), (100, 3)])
def test_what_is_no_recording_is_refused(shape: tuple[int, ...]):
    with pytest.raises(BadInput):
        separate_to_arrays(np.zeros(shape, np.float32), Identity())


@pytest.mark.parametrize("overlap", [0, 17])
def test_odd_overlaps_are_refused(overlap: int):
    with pytest.raises(BadInput):
        stitch(noise(100), Identity(), lambda start, block: None, overlap=overlap)


def test_a_network_that_answers_nonsense_is_not_believed():
    class Short(Identity):
        def __call__(self, chunks: Samples) -> Samples:
            return super().__call__(chunks)[..., :-1]

    class Burst(Identity):
        def __call__(self, chunks: Samples) -> Samples:
            return super().__call__(chunks) * np.float32(np.nan)

    for model in (Short(), Burst()):
        with pytest.raises(BackendFailed):
            separate_to_arrays(noise(100), model)
