"""Backends: whatever runs a network, the stems are the same."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Never

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vocalverse.cli.checks import Verdict
from vocalverse.cli.checks.hearing import check_hearing
from vocalverse.errors import BackendFailed, BadInput, LeaseLost, OutOfMemory, Unavailable
from vocalverse.separate.backends import open_backend, trial
from vocalverse.separate.backends.backend import Chunks, failures, failures_named, forget_failures, narrowed
from vocalverse.separate.backends.choice import stored
from vocalverse.separate.backends.cuda import DeviceBackend
from vocalverse.separate.backends.trial import choose, open_fastest
from vocalverse.separate.networks.network import Network, NetworkInfo
from vocalverse.separate.precision import Precision
from vocalverse.separate.stitch import Model, stitch
from vocalverse.settings import Settings

CHUNK = 2048


class Little(Network):
    """One matrix, one normed layer and one convolution on blocks of 16 samples: two stems of a stereo chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.info = NetworkInfo("little", 44_100, 2, ("voice", "backing"), CHUNK)
        self.grow = nn.Linear(16, 64)
        self.mix = nn.Conv1d(2, 2, 3, padding=1)
        self.shrink = nn.Linear(64, 32)
        self.register_buffer("scale", torch.tensor(2.0))

    def to_config(self) -> Mapping[str, Any]:
        return {}

    def analyse(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        return audio.unflatten(-1, (-1, 16)), torch.complex(audio, torch.zeros_like(audio))

    def core(self, features: Tensor) -> Tensor:
        grown = torch.tanh(self.grow(features.to(self.grow.weight.dtype))) * self.scale
        batch, channels, blocks, width = grown.shape
        mixed = self.mix(grown.permute(0, 2, 1, 3).reshape(-1, channels, width))
        mixed = mixed.reshape(batch, blocks, channels, width).permute(0, 2, 1, 3)
        return torch.sigmoid(self.shrink(mixed.to(self.shrink.weight.dtype)))

    def synthesise(self, spectrum: Tensor, masks: Tensor, samples: int) -> Tensor:
        stems = masks.unflatten(-1, (2, 16)).permute(0, 3, 1, 2, 4).flatten(3)
        return stems * spectrum.real.unsqueeze(1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    forget_failures()


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Little().eval().requires_grad_(False)


def noise(batch: int = 1, samples: int = CHUNK, channels: int = 2, seed: int = 0):
    return np.random.default_rng(seed).standard_normal((batch, channels, samples), dtype=np.float32) * 0.3


def fidelity_db(stems: Chunks, reference: Chunks):
    return 10 * np.log10(np.square(reference).sum() / np.square(stems - reference).sum())


def test_the_stems_are_those_of_the_network_itself(network: Network):
    chunks = noise(3)
    stems = open_backend(network, "torch", Precision.FP32)(chunks)
    assert stems.shape == (3, 2, 2, CHUNK)
    assert stems.dtype == np.float32
    np.testing.assert_allclose(stems, network.separate(torch.from_numpy(chunks)).numpy(), atol=1e-6)


@pytest.mark.parametrize(("precision", "least_db"), [(Precision.BF16, 38), (Precision.FP16, 50)])
def test_half_precision_stays_near(network: Network, precision: Precision, least_db: float):
    chunks = noise(1)
    exact = open_backend(network, "torch", Precision.FP32)(chunks)
    assert fidelity_db(open_backend(network, "torch", precision)(chunks), exact) >= least_db


def test_the_chunks_are_not_touched(network: Network):
    chunks = noise(2)
    before = chunks.copy()
    open_backend(network, "torch", Precision.BF16)(chunks)
    np.testing.assert_array_equal(chunks, before)


def test_only_large_matrices_are_narrowed_and_the_rest_is_shared(network: Network):
    narrow = narrowed(network, Precision.BF16)
    assert narrow.grow.weight.dtype == torch.bfloat16
    assert network.grow.weight.dtype == torch.float32
    assert narrow.mix.weight is network.mix.weight
    assert narrow.scale is network.scale


@pytest.mark.parametrize("chunks", [noise(channels=1), noise()[0], noise(0)], ids=["mono", "no batch", "empty"])
def test_chunks_of_another_shape_are_refused(network: Network, chunks: Chunks):
    with pytest.raises(BadInput):
        open_backend(network, "torch", Precision.FP32)(chunks)


def test_what_is_no_number_never_leaves(network: Network):
    network.shrink.bias.fill_(torch.nan)
    with pytest.raises(BackendFailed):
        open_backend(network, "torch", Precision.FP32)(noise())
    assert ("torch", Precision.FP32) in failures()


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (RuntimeError("boom"), BackendFailed),
        (MemoryError(), OutOfMemory),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 TB"), OutOfMemory),
    ],
)
def test_a_failure_in_mid_song_names_the_backend(
    network: Network, monkeypatch: pytest.MonkeyPatch, raised: Exception, error: type[Exception]
):
    def fail(_features: Tensor) -> Never:
        raise raised

    monkeypatch.setattr(network, "core", fail)
    with pytest.raises(error, match="torch"):
        open_backend(network, "torch", Precision.FP32)(noise())
    assert ("torch", Precision.FP32) in failures()


# --- backends that this machine may lack: CI has them all -----------------------------------------------------


@pytest.mark.parametrize("name", ["openvino", "torch-compiled"])
def test_single_precision_is_the_same_through_every_backend(network: Network, name: str):
    chunks = noise(2)
    exact = open_backend(network, "torch", Precision.FP32)(chunks)
    assert fidelity_db(open_backend(network, name, Precision.FP32)(chunks), exact) >= 110


def test_openvino_stays_near_in_half_precision_or_says_that_the_cpu_has_none(network: Network):
    chunks = noise(1)
    exact = open_backend(network, "torch", Precision.FP32)(chunks)
    try:
        stems = open_backend(network, "openvino", Precision.BF16)(chunks)
    except Unavailable as without:
        assert "bf16" in str(without)  # noqa: PT017
    else:
        assert fidelity_db(stems, exact) >= 38


def test_a_backend_for_one_length_refuses_another(network: Network):
    with pytest.raises(BadInput, match=str(CHUNK)):
        open_backend(network, "openvino", Precision.FP32)(noise(samples=CHUNK // 2))


def test_openvino_neither_calls_home_nor_writes_there(tmp_path: Path):
    """In a process of its own, with a home of its own: importing the package is what would do it."""
    code = (
        "import socket, sys, threading\n"
        "def call(*_): raise SystemExit('it calls ' + repr(_))\n"
        "socket.getaddrinfo = socket.socket.connect = call\n"
        "from vocalverse.separate.backends.openvino import _library\n"
        "_library()\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"HOME": str(tmp_path)}, check=True, timeout=120)
    assert not list(tmp_path.iterdir())


def test_without_a_compiler_the_compiled_backend_says_so(network: Network, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match=r"g\+\+"):
        open_backend(network, "torch-compiled", Precision.FP32)


def test_without_openvino_its_backend_says_so(network: Network, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(Unavailable, match="not installed"):
        open_backend(network, "openvino", Precision.FP32)


# --- the first start's trial ----------------------------------------------------------------------------------

EAGER = ("openvino", "torch")  # compiling takes seconds; its own test has it


def test_the_trial_measures_once_and_then_reads(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = choose(network, Precision.FP32, store=tmp_path, names=EAGER)
    monkeypatch.setattr(trial, "open_backend", lambda *_: pytest.fail("measured again"))
    second = choose(network, Precision.FP32, store=tmp_path, names=EAGER)
    assert not first.stored
    assert second == replace(first, stored=True)
    assert second.name in EAGER
    assert second.real_time_factor > 0
    assert [choice for _, choice in stored(tmp_path)] == [second]


@pytest.mark.parametrize("circumstance", ["threads", "precision", "network"])
def test_other_circumstances_are_measured_anew(network: Network, tmp_path: Path, circumstance: str):
    choose(network, Precision.FP32, store=tmp_path, names=("torch",))
    precision = Precision.BF16 if circumstance == "precision" else Precision.FP32
    threads = 2 if circumstance == "threads" else None
    if circumstance == "network":
        network.to_config = lambda: {"dim": 3}  # type: ignore[method-assign]
    assert not choose(network, precision, store=tmp_path, threads=threads, names=("torch",)).stored


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"circumstances": {}, "choice": {}}', "\x00" * 99])
def test_a_broken_record_is_measured_anew_and_mended(network: Network, tmp_path: Path, content: str):
    choose(network, Precision.FP32, store=tmp_path, names=("torch",))
    (record,) = tmp_path.glob("*.json")
    record.write_text(content)
    assert not choose(network, Precision.FP32, store=tmp_path, names=("torch",)).stored
    assert choose(network, Precision.FP32, store=tmp_path, names=("torch",)).stored


def test_a_record_with_an_unknown_backend_is_measured_anew(network: Network, tmp_path: Path):
    choose(network, Precision.FP32, store=tmp_path, names=("torch",))
    (record,) = tmp_path.glob("*.json")
    said = json.loads(record.read_text())
    said["choice"]["name"] = "abacus"
    record.write_text(json.dumps(said))
    assert not choose(network, Precision.FP32, store=tmp_path, names=("torch",)).stored


def test_where_nothing_can_be_kept_the_trial_still_chooses(network: Network, tmp_path: Path):
    (tmp_path / "file").write_text("")
    choice = choose(network, Precision.FP32, store=tmp_path / "file" / "folder", names=("torch",))
    assert choice.name == "torch"


class Pretended:
    """A backend that takes as long as it is told."""

    def __init__(self, name: str, seconds: float, opened: list[str]) -> None:
        self.name, self.seconds, self.opened = name, seconds, opened
        self.batch = 1

    def __call__(self, chunks: Chunks) -> Chunks:
        Pretended.now += self.seconds
        return chunks

    now = 0.0


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch):
    """`pretend(openvino=1.0, …)`: seconds a chunk, or the error with which it does not open. Returns what was opened."""
    opened: list[str] = []

    def begin(**backends: float | Exception) -> list[str]:
        said = {name.replace("_", "-"): value for name, value in backends.items()}

        def open_(_network: object, name: str, *_: object) -> Pretended:
            value = said.get(name, Unavailable(f"no {name} here"))
            if isinstance(value, Exception):
                raise value
            opened.append(name)
            return Pretended(name, value, opened)

        monkeypatch.setattr(trial, "open_backend", open_)
        monkeypatch.setattr(trial.time, "perf_counter", lambda: Pretended.now)
        return opened

    return begin


Pretend = Callable[..., list[str]]


def test_the_quickest_is_chosen(network: Network, pretend: Pretend):
    pretend(openvino=2.0, torch_compiled=1.0, torch=3.0)
    choice = choose(network, Precision.BF16, store=None)
    assert choice.name == "torch-compiled"
    assert choice.order == ("torch-compiled", "openvino", "torch")
    assert "cuda: no cuda here" in choice.why


def test_what_opens_in_a_minute_is_not_tried_where_songs_are_quick_without(network: Network, pretend: Pretend):
    opened = pretend(openvino=0.001, torch_compiled=0.0001, torch=0.01)
    assert choose(network, Precision.BF16, store=None).name == "openvino"
    assert "torch-compiled" not in opened


def test_nothing_is_compiled_in_single_precision_where_a_first_start_would_only_wait_for_it(
    network: Network, pretend: Pretend
):
    opened = pretend(openvino=2.0, torch_compiled=0.1, torch=3.0)
    assert choose(network, Precision.FP32, store=None).name == "openvino"
    assert "torch-compiled" not in opened


def test_a_little_faster_is_no_reason_to_change(network: Network, pretend: Pretend):
    pretend(openvino=1.0, torch=0.98)
    assert choose(network, Precision.FP32, store=None).name == "openvino"


def test_a_backend_that_cannot_be_opened_is_passed_over_with_a_logged_reason(
    network: Network, pretend: Pretend, caplog: pytest.LogCaptureFixture
):
    pretend(openvino=BackendFailed("no such operation"), torch=1.0)
    with caplog.at_level("INFO"):
        assert open_fastest(network, Precision.FP32, store=None).name == "torch"
    actions = [(record.action, record.message) for record in caplog.records]
    assert ("backend_unavailable", "openvino cannot be had: no such operation") in actions


def test_what_was_chosen_once_and_cannot_be_opened_now_falls_back_with_a_logged_reason(
    network: Network, pretend: Pretend, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    pretend(openvino=1.0, torch=2.0)
    choose(network, Precision.FP32, store=tmp_path)
    pretend(torch=2.0)
    assert open_fastest(network, Precision.FP32, store=tmp_path).name == "torch"
    assert [record.action for record in caplog.records if record.levelname == "WARNING"] == ["backend_fell_back"]


def test_what_failed_in_mid_song_is_not_chosen_again_in_this_process(network: Network, pretend: Pretend):
    pretend(openvino=1.0, torch=2.0)
    assert open_fastest(network, Precision.FP32, store=None).name == "openvino"
    with pytest.raises(BackendFailed), failures_named("openvino", Precision.FP32):
        raise RuntimeError("illegal instruction")
    assert open_fastest(network, Precision.FP32, store=None).name == "torch"


def test_where_nothing_runs_the_error_says_why_of_each(network: Network, pretend: Pretend):
    pretend(torch=BackendFailed("out of luck"))
    with pytest.raises(BackendFailed, match="torch: out of luck"):
        open_fastest(network, Precision.FP32, store=None)


def test_two_workers_that_start_together_measure_once(network: Network, tmp_path: Path):
    with ThreadPoolExecutor(2) as workers:
        choices = list(
            workers.map(lambda _: choose(network, Precision.FP32, store=tmp_path, names=("torch",)), range(2))
        )
    assert sorted(choice.stored for choice in choices) == [False, True]


# --- the doctor -----------------------------------------------------------------------------------------------


def test_the_doctor_says_which_backend_why_and_how_fast(network: Network, tmp_path: Path):
    choice = choose(network, Precision.FP32, store=tmp_path / "trials", names=("cuda", "torch"))
    (finding,) = (one for one in check_hearing(Settings(data=tmp_path)) if "little" in one.found)
    assert "fp32 through torch" in finding.found
    assert f"{choice.real_time_factor:.1f} × real time on 1 thread" in finding.found
    assert "cuda" in finding.found


def test_before_any_trial_the_doctor_says_when_there_will_be_one(tmp_path: Path):
    findings = list(check_hearing(Settings(data=tmp_path)))
    assert any("first worker" in finding.todo for finding in findings)


def test_without_torch_the_doctor_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vocalverse.separate.packages.find_spec", lambda name: None)
    (finding,) = check_hearing(Settings(data=tmp_path))
    assert finding.verdict is Verdict.BAD
    assert "deploy/up" in finding.todo


# --- the GPU's way, reckoned on the CPU: tests/gpu has the real one -------------------------------------------


def device_backend(network: Network, batch: int = 3) -> DeviceBackend:
    return DeviceBackend.on(torch.device("cpu"), network, Precision.FP32, batch=batch)


def stitched(source: Chunks, model: Model, overlap: int) -> Chunks:
    blocks: list[Chunks] = []

    def keep(start: int, block: Chunks) -> None:
        assert start == sum(one.shape[1] for one in blocks)
        blocks.append(block)

    stitch(source, model, keep, overlap=overlap)
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("overlap", [1, 2, 4])
@pytest.mark.parametrize("frames", [1, 700, CHUNK, 7 * CHUNK + 123])
def test_sums_on_the_device_are_those_on_the_cpu(network: Network, frames: int, overlap: int):
    source = noise(samples=frames)[0].T
    plain = stitched(source, open_backend(network, "torch", Precision.FP32), overlap)
    np.testing.assert_allclose(stitched(source, device_backend(network), overlap), plain, atol=1e-6)


def test_chunks_go_in_batches_and_the_last_is_filled_up(network: Network):
    chunks = noise(7)
    plain = open_backend(network, "torch", Precision.FP32)(chunks)
    np.testing.assert_allclose(device_backend(network)(chunks), plain, atol=1e-6)


def test_a_mono_source_goes_through_a_stereo_network_on_the_device(network: Network):
    source = noise(samples=3000, channels=1)[0].T
    plain = stitched(source, open_backend(network, "torch", Precision.FP32), 2)
    np.testing.assert_allclose(stitched(source, device_backend(network), 2), plain, atol=1e-6)


def test_where_the_gpus_memory_is_full_the_batch_is_halved_and_the_song_goes_on(
    network: Network, caplog: pytest.LogCaptureFixture
):
    source = noise(samples=9 * CHUNK)[0].T
    plain = stitched(source, open_backend(network, "torch", Precision.FP32), 2)
    backend = device_backend(network, batch=8)
    backend.run_core = full_above(2, network)
    np.testing.assert_allclose(stitched(source, backend, 2), plain, atol=1e-6)
    assert backend.batch == 2
    assert [record.batch for record in caplog.records if record.action == "batch_halved"] == [4, 2]
    assert not failures()


def test_where_not_even_one_chunk_fits_the_next_try_is_another_backends(network: Network):
    backend = device_backend(network, batch=4)
    backend.run_core = full_above(0, network)
    with pytest.raises(OutOfMemory):
        stitched(noise(samples=9 * CHUNK)[0].T, backend, 2)
    assert ("cuda", Precision.FP32) in failures()


def full_above(chunks: int, network: Network) -> Callable[[Tensor], Tensor]:
    def core(features: Tensor) -> Tensor:
        if len(features) > chunks:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return network.core(features)

    return core


def test_cancelling_takes_effect_between_batches(network: Network):
    calls = 0

    def progress(stage: str, fraction: float) -> None:
        nonlocal calls
        calls += 1
        if fraction:
            raise LeaseLost("taken away")

    with pytest.raises(LeaseLost):
        stitch(noise(samples=20 * CHUNK)[0].T, device_backend(network), lambda *_: None, progress=progress)
    assert calls == 2
