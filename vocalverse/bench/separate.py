"""How fast the ear is, beside audio-separator in one run, and what the bundled one takes for whole songs."""

import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from vocalverse.bench.figures import Figure
from vocalverse.bench.machine import Machine
from vocalverse.bench.separators import CONFIGS, Audio, Separator, matmul_gflop, ours, peers, random_network
from vocalverse.errors import Unavailable
from vocalverse.separate.networks.network import NetworkInfo
from vocalverse.separate.precision import Precision
from vocalverse.separate.weights import save

_CPU = (
    ("torch", Precision.FP32),
    ("openvino", Precision.FP32),
    ("torch-compiled", Precision.BF16),
    ("openvino", Precision.BF16),
)
_GPU = (("cuda", Precision.FP16), ("cuda", Precision.BF16))
_SONG_S = 240


def measure(machine: Machine, folder: Path, *, config: str, quick: bool) -> Iterator[Figure]:
    """Pairs on the CPU, the bundled ear on songs, loading, and pairs on a GPU where one is."""
    folder.mkdir(parents=True, exist_ok=True)
    yield from _pairs(machine, config, "cpu", rounds=2 if quick else 5)
    lengths_s = (30,) if quick else (30, _SONG_S, 900)
    yield from _songs(lengths_s, folder / "trials")
    yield from _loading(folder, config)
    if torch.cuda.is_available():
        yield from _pairs(machine, config, "cuda", rounds=5 if quick else 20)
        yield from _gpu_song(config)
    else:
        yield Figure("GPU", 0, "", note="none here: everything for one is ready, run this where torch sees CUDA")


# --- side by side on one chunk --------------------------------------------------------------------------------


def _pairs(machine: Machine, config: str, device: str, *, rounds: int) -> Iterator[Figure]:
    network = random_network(CONFIGS[config])
    info, gflop = network.info, matmul_gflop(network)
    audio_s = info.chunk / info.sample_rate_hz
    yield Figure(f"{config}: matrix products", gflop / audio_s, "GF/s", note="for each second of audio, overlap 1 ×")
    contenders = [*peers(network, CONFIGS[config], device), *ours(network, _CPU if device == "cpu" else _GPU)]
    seconds, stems = _interleaved(contenders, info, rounds, batch=1 if device == "cpu" else 8)
    reference = stems[contenders[0].name]
    for one in contenders:
        floor_s = _floor_s(machine, one.precision, gflop, device)
        note = f"{min(seconds[one.name]):.3f}–{max(seconds[one.name]):.3f}"
        yield Figure(
            f"{one.name}, {device}", statistics.median(seconds[one.name]) / audio_s, "s/s", note=f"chunk: {note} s"
        )
        yield Figure("  nearness to the first", _nearness_db(stems[one.name], reference), "dB")
        if floor_s and one.ours:
            share = 100 * floor_s / statistics.median(seconds[one.name])
            yield Figure("  share of its matmul floor", share, "%", target=_asked_share(one.precision, device))
        for peer in (other for other in contenders if not other.ours and one.ours):
            yield from _ratio(one, peer, seconds, device)


def _interleaved(
    contenders: Sequence[Separator], info: NetworkInfo, rounds: int, *, batch: int
) -> tuple[Mapping[str, list[float]], Mapping[str, Audio]]:
    """Seconds a chunk in every round, each round all of them in turn: what disturbs the machine disturbs all."""
    chunks = np.random.default_rng(0).standard_normal((batch, info.channels, info.chunk), np.float32) * 0.1
    stems = {one.name: one.run(chunks) for one in contenders}  # warm
    seconds: dict[str, list[float]] = {one.name: [] for one in contenders}
    for _, one in itertools.product(range(rounds), contenders):
        began = time.perf_counter()
        one.run(chunks)
        seconds[one.name].append((time.perf_counter() - began) / batch)
    return seconds, stems


def _ratio(one: Separator, peer: Separator, seconds: Mapping[str, list[float]], device: str) -> Iterator[Figure]:
    ratios = sorted(theirs / own for theirs, own in zip(seconds[peer.name], seconds[one.name], strict=True))
    note = f"min {ratios[0]:.2f}, max {ratios[-1]:.2f}"
    default = peer.precision is Precision.FP32
    yield Figure(
        f"  faster than {peer.name}", statistics.median(ratios), "×", target=_asked(default, device), note=note
    )


def _asked(default: bool, device: str) -> str:
    if device != "cpu":
        return "≥ 5" if default else "≥ 3"
    capability = torch.backends.cpu.get_cpu_capability()
    if torch.cpu._is_amx_tile_supported():  # noqa: SLF001 - nothing public says it
        return "≥ 7 for the fastest" if default else "≥ 1.7 for the fastest"
    if torch.cpu._is_avx512_bf16_supported():  # noqa: SLF001 - as above
        return "≥ 4 for the fastest" if default else "≥ 1.5 for the fastest"
    return f"≥ 1.5 at equal fidelity ({capability})" if default else ""


def _asked_share(precision: Precision, device: str) -> str:
    if device != "cpu":
        return "≥ 40"
    return "≥ 55" if precision is Precision.FP32 else "≥ 35"


def _floor_s(machine: Machine, precision: Precision, gflop: float, device: str) -> float | None:
    if device == "cpu":
        rate = machine.fp32_gflops if precision is Precision.FP32 else machine.bf16_gflops
    else:
        rate = gpu_gflops(precision)
    return gflop / rate if rate else None


def gpu_gflops(precision: Precision) -> float:
    size = 8192
    dtype = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}[precision]
    a = torch.randn(size, size, device="cuda", dtype=dtype)
    _ = a @ a
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(20):
        _ = a @ a
    torch.cuda.synchronize()
    return 20 * 2 * size**3 / (time.perf_counter() - began) / 1e9


def _nearness_db(stems: Audio, reference: Audio) -> float:
    error = float(np.square(stems.astype(np.float64) - reference).sum())
    return float(10 * np.log10(np.square(reference, dtype=np.float64).sum() / error)) if error else 999.0


# --- whole songs ----------------------------------------------------------------------------------------------


def _songs(lengths_s: Sequence[int], trials: Path) -> Iterator[Figure]:
    _child("song", "1", str(trials))  # the first start's trial, which takes memory of its own
    for length_s in lengths_s:
        found = _child("song", str(length_s), str(trials))
        asked = length_s == _SONG_S
        about = f"bundled ear, {length_s} s of sound"
        yield Figure(f"{about}: separate", found["separate_s"], "s", target="≤ 20" if asked else "")
        yield Figure(f"{about}: dereverberate", found["dereverberate_s"], "s", target="≤ 6" if asked else "")
        note = f"{found['loaded_mb']:,.0f} MB before the song; the song itself is {found['song_mb']:,.0f} MB"
        target = "< 1000" if asked else "< 1200 beyond the weights" if length_s > _SONG_S else ""
        yield Figure(f"{about}: peak memory", found["peak_mb"], "MB", target=target, note=note)


def _loading(folder: Path, config: str) -> Iterator[Figure]:
    path = folder / "network.safetensors"
    save(random_network(CONFIGS[config]), path, licence="none: random weights")
    found = _child("load", str(path))
    size = f"{path.stat().st_size / 1e6:,.0f} MB"
    yield Figure(
        f"loading a model of {size}", found["load_s"], "s", target="≤ 0.2", note=f"again {found['again_s']:.3f}"
    )


def _child(*what: str) -> dict[str, float]:
    """In a process of its own, so that its memory is the ear's."""
    done = subprocess.run(
        [sys.executable, "-m", "vocalverse.bench.ear_child", *what], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(f"The bench's own process failed: {done.stderr.strip()[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _gpu_song(config: str) -> Iterator[Figure]:
    for workers in (1, 2, 4):
        found = _child("gpu", config, str(workers))
        if workers == 1:
            yield Figure("GPU: a 4-minute song, both passes at 2 ×", found["song_s"], "s", target="≤ 1.2 on an H200")
        yield Figure(f"GPU: songs an hour, {workers} at once", found["songs_per_hour"], "/h")
        yield Figure(f"GPU: busy, {workers} at once", found["busy_percent"], "%", target="≥ 85")
