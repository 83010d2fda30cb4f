"""The machine's own figures: every time that a bench prints is to be read against these."""

import hashlib
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_MATRIX = 2048
_TRANSFORM = 2**14
_LEAST_S = 0.5


@dataclass(frozen=True)
class Machine:
    cpu: str
    cores: int
    fp32_gflops: float
    bf16_gflops: float | None  # None where torch is not installed
    fft_gflops: float  # one core, 5·n·log2 n operations a transform
    sha256_mb_per_s: float
    fsync_ms: float  # median of a 4 KiB append made durable
    durable_mb_per_s: float  # new 5 MB files, written and made durable one after the other


def measure(folder: Path) -> Machine:
    """About five seconds. `folder` is where the disk is measured."""
    return Machine(
        cpu=_cpu_name(),
        cores=os.cpu_count() or 1,
        fp32_gflops=_fp32(),
        bf16_gflops=_bf16(),
        fft_gflops=_fft(),
        sha256_mb_per_s=_sha256(),
        fsync_ms=_fsync(folder),
        durable_mb_per_s=_durable_writes(folder),
    )


def _per_second(work: Callable[[], object]) -> float:
    """How often a second: the best of five, after one run to warm up."""
    work()
    best = 0.0
    for _ in range(5):
        runs, began = 0, time.perf_counter()
        while time.perf_counter() - began < _LEAST_S / 5:
            work()
            runs += 1
        best = max(best, runs / (time.perf_counter() - began))
    return best


def _fp32() -> float:
    import numpy as np

    a = np.random.default_rng(0).standard_normal((_MATRIX, _MATRIX), dtype=np.float32)
    return _per_second(lambda: a @ a) * 2 * _MATRIX**3 / 1e9


def _bf16() -> float | None:
    try:
        import torch
    except ImportError:
        return None
    a = torch.randn(_MATRIX, _MATRIX, dtype=torch.bfloat16)
    return _per_second(lambda: a @ a) * 2 * _MATRIX**3 / 1e9


def _fft() -> float:
    import numpy as np
    from scipy import fft

    signals = np.random.default_rng(0).standard_normal((64, _TRANSFORM), dtype=np.float32)
    operations = 64 * 2.5 * _TRANSFORM * np.log2(_TRANSFORM)  # half of a complex transform's
    return float(_per_second(lambda: fft.rfft(signals, workers=1)) * operations / 1e9)


def _sha256() -> float:
    block = bytes(2**22)
    return _per_second(lambda: hashlib.sha256(block).digest()) * len(block) / 1e6


def _fsync(folder: Path) -> float:
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def _durable_writes(folder: Path) -> float:
    """New files that stay, as recordings do: pages that the system has just used are quicker to write."""
    block, count = os.urandom(5_000_000), 40
    with tempfile.TemporaryDirectory(dir=folder) as place:
        began = time.perf_counter()
        for number in range(count):
            with (Path(place) / str(number)).open("xb", buffering=0) as file:
                file.write(block)
                os.fsync(file.fileno())
        took = time.perf_counter() - began
    return count * len(block) / 1e6 / took


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
