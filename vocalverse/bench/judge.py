"""How fast heads judge, on random weights: a whole song, an epoch from the encoder cache, and on a GPU four dimensions
of a song with all that they need after the voice was separated.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from vocalverse.bench.figures import Figure
from vocalverse.bench.judge_encoders import PUBLISHED, Sizes, open_qwen, open_samoye
from vocalverse.bench.unlearnt import RATE_HZ, made_voice
from vocalverse.models.cache.cache import CacheKey, EncoderCache
from vocalverse.models.cache.pooled import in_two
from vocalverse.models.encoders.encoder import Frames, whole
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.heads.build import build
from vocalverse.models.heads.collate import Heard, collate
from vocalverse.models.heads.config import (
    EncoderInput,
    HeadConfig,
    HeadKind,
    Output,
    OutputKind,
    Pooling,
    TextInput,
)
from vocalverse.training.losses.classes import ordinal

_ORDINAL = Output(OutputKind.ORDINAL)
_SAMOYE, _QWEN = EncoderInput("samoye", 1568), EncoderInput("qwen", 1280)
_WAVLM = EncoderInput("wavlm", 768, layers=13, normalise=True)
_MUQ, _M2D = EncoderInput("muq", 1024, normalise=True), EncoderInput("m2d", 3840, normalise=True)
_RATES_HZ = {"samoye": 100.0, "qwen": 25.0, "wav2vec2": 50.0, "wavlm": 50.0, "muq": 25.0, "m2d": 6.25}

SUNG = HeadConfig(HeadKind.BILSTM, ("breath", "technique"), (_SAMOYE,), output=_ORDINAL, hidden=128)
HEARD = HeadConfig(
    HeadKind.MLP, ("timbre", "emotion"), (_QWEN,), pooling=Pooling.STATISTICS, output=_ORDINAL, hidden=256
)
# As the recipes have them.
_HEADS = {
    "breath and technique: SaMoye, BiLSTM": SUNG,
    "timbre and emotion: Qwen2-Audio, MLP": HEARD,
    "SingMOS: wav2vec2-large, every frame scored": HeadConfig(
        HeadKind.MLP,
        ("quality",),
        (EncoderInput("wav2vec2", 1024),),
        pooling=Pooling.SCORES,
        domains=("1", "2", "3", "4", "5"),
    ),
    "MMMOS: 13 layers of WavLM, MuQ and M2D, MLP": HeadConfig(HeadKind.MLP, ("pq",), (_WAVLM, _MUQ, _M2D), hidden=256),
    "DeRA-MOS: MuQ against 64 words": HeadConfig(
        HeadKind.MLP,
        ("alignment",),
        (EncoderInput("muq", 1024),),
        text=TextInput(768),
        pooling=Pooling.ATTENTION,
        output=Output(OutputKind.DISTRIBUTION),
        hidden=256,
    ),
    "SaMoye, Transformer of two blocks": HeadConfig(
        HeadKind.TRANSFORMER, ("breath",), (_SAMOYE,), output=_ORDINAL, hidden=128, depth=2
    ),
}
_BATCH = 16


@dataclass(frozen=True)
class Extent:
    song_s: int
    clips: int
    rounds: int
    sizes: Sizes


FULL = Extent(song_s=240, clips=8000, rounds=9, sizes=PUBLISHED)
QUICK = replace(FULL, song_s=60, clips=1000, rounds=3)


def measure(folder: Path, extent: Extent) -> Iterator[Figure]:
    for name, config in _HEADS.items():
        yield _song(name, config, extent)
    yield from _epoch("SaMoye and Qwen2-Audio", (_SAMOYE, _QWEN), folder / "vocalverse", extent)
    yield from _epoch("MMMOS' three encoders", (_WAVLM, _MUQ, _M2D), folder / "mmmos", extent)
    if torch.cuda.is_available():
        yield from four_dimensions("cuda", extent)
    else:
        yield Figure("GPU", 0, "", note="none here: run this where torch sees CUDA")


# --- one song ---------------------------------------------------------------------------------------------------


@torch.inference_mode()
def _song(name: str, config: HeadConfig, extent: Extent) -> Figure:
    """From frames to the score, laying them side by side included."""
    head, heard = build(config).eval(), _heard(config, extent.song_s)
    seconds = _timed(lambda: head(collate(config, [heard])), extent.rounds)
    note = f"{min(seconds) * 1e3:.0f}–{max(seconds) * 1e3:.0f}"
    asked = "< 50" if extent.song_s == FULL.song_s else ""
    return Figure(f"{name}, {extent.song_s} s", statistics.median(seconds) * 1e3, "ms", target=asked, note=note)


def _heard(config: HeadConfig, seconds: float) -> Heard:
    text = np.random.default_rng(0).standard_normal((64, config.text.width), np.float32) if config.text else None
    return Heard(tuple(_frames(encoder, seconds) for encoder in config.encoders), text=text)


def _frames(encoder: EncoderInput, seconds: float, *, seed: int = 0) -> Frames:
    rate_hz = _RATES_HZ[encoder.name]
    count = round(seconds * rate_hz)
    shape = (count, encoder.width) if encoder.layers == 1 else (count, encoder.layers, encoder.width)
    values = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return Frames(values, np.arange(count) / rate_hz, np.full(count, 1 / rate_hz, np.float32))


# --- an epoch ---------------------------------------------------------------------------------------------------


def _epoch(name: str, encoders: tuple[EncoderInput, ...], folder: Path, extent: Extent) -> Iterator[Figure]:
    """Every clip read from the cache once, in an order of its own, in batches through an MLP, forth and back."""
    cache = EncoderCache(folder)
    keys = [[CacheKey(f"clip-{clip}", encoder.name, None) for encoder in encoders] for clip in range(extent.clips)]
    for clip, encoder in itertools.product(range(extent.clips), range(len(encoders))):
        cache.pooled(keys[clip][encoder], partial(_short, encoders[encoder], clip))
    wanted = torch.rand(extent.clips, generator=torch.Generator().manual_seed(0)) * 4 + 1
    config = HeadConfig(HeadKind.MLP, ("one",), encoders, output=_ORDINAL, hidden=256)
    head = build(config).train()
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-3)
    began, read_s = time.perf_counter(), 0.0
    order = np.random.default_rng(0).permutation(extent.clips)
    for at in range(0, extent.clips, _BATCH):
        batch, asked = order[at : at + _BATCH], time.perf_counter()
        takes = [Heard(tuple(cache.pooled(key, _never) for key in keys[clip])) for clip in batch]
        read_s += time.perf_counter() - asked
        logits = head(collate(config, takes)).logits
        ordinal(logits[:, 0], wanted[batch]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
    took_s = time.perf_counter() - began
    size = cache.stats().bytes / 2**20
    asked_s = "≤ 30" if extent.clips == FULL.clips else ""
    note = f"{read_s:.2f} s of it reading {size:,.0f} MiB"
    yield Figure(f"an epoch over {extent.clips:,} clips, {name}, MLP", took_s, "s", target=asked_s, note=note)


def _short(encoder: EncoderInput, clip: int) -> Frames:
    return in_two(_frames(encoder, 0.5, seed=clip))


def _never() -> Frames:
    raise AssertionError("the cache has lost a clip")


# --- four dimensions on a GPU -----------------------------------------------------------------------------------


def four_dimensions(device: str, extent: Extent) -> Iterator[Figure]:
    """From the dry voice and its pitch to four scores, in bf16."""
    ears = (open_samoye(extent.sizes, device), open_qwen(extent.sizes, device))
    heads = [
        build(replace(config, encoders=(replace(config.encoders[0], width=ear.info.width),))).to(device).eval()
        for config, ear in zip((SUNG, HEARD), ears, strict=True)
    ]
    voice, pitch_hz = made_voice(extent.song_s), np.full(100 * extent.song_s, 220, np.float32)

    @torch.inference_mode()
    def judge() -> None:
        sound = Sound(voice, RATE_HZ, f0=lambda: pitch_hz)
        for ear, head in zip(ears, heads, strict=True):
            heard = Heard((ear.encode(sound, whole(sound)),))
            head(collate(head.config, [heard], device=device)).value.cpu()

    seconds = _timed(judge, extent.rounds)
    about = f"four dimensions of {extent.song_s} s in bf16, {device}"
    yield Figure(about, statistics.median(seconds), "s", note=f"{min(seconds):.3f}–{max(seconds):.3f} s")
    if device != "cpu":
        asked = "≤ 0.3" if extent.song_s == FULL.song_s else ""
        yield Figure("  GPU time of it", _gpu_s(judge), "s", target=asked)


def _gpu_s(work: Callable[[], object]) -> float:
    """What the GPU is busy for, whatever the CPU does meanwhile."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        work()
        torch.cuda.synchronize()
    return float(sum(event.self_device_time_total for event in profiled.key_averages())) / 1e6


def _timed(work: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each, after one to warm up."""
    seconds = []
    for _ in range(1 + rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds[1:]
