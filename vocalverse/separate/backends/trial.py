"""Which backend is the quickest here: measured once, on a machine's first start, and kept.

The release pins the precision, so this decides over seconds, never over scores.
"""

import ctypes
import gc
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vocalverse.errors import BackendFailed, BadInput, Unavailable
from vocalverse.separate.backends import NAMES, open_backend
from vocalverse.separate.backends.backend import Backend, Chunks, failures
from vocalverse.separate.backends.choice import LAST_RESORT, Choice, Tried, alone, circumstances, keep, read
from vocalverse.separate.networks.network import Network
from vocalverse.separate.precision import Precision

_log = logging.getLogger(__name__)

_SLOW_TO_OPEN = frozenset({"torch-compiled"})  # a minute: only where songs take longer than that
_QUICK_ENOUGH = 2.0  # times real time: then a minute is not made up for within a shift of a busy venue
_WORTH_A_CHANGE = 1.05  # an earlier name keeps its place unless a later one is this much faster
_WARM_RUN_COUNTS = 5.0  # times the best so far: then there is no need to run it a second time


def open_fastest(network: Network, precision: Precision, *, store: Path | None, threads: int | None = None) -> Backend:
    """The chosen backend, or the next quickest where it failed in this process or cannot be opened now; that is logged."""
    choice = choose(network, precision, store=store, threads=threads)
    for name in choice.order:
        trouble = failures().get((name, precision)) if name != LAST_RESORT else None
        if trouble is None:
            try:
                backend = open_backend(network, name, precision, threads)
            except (Unavailable, BackendFailed) as failed:
                if name == LAST_RESORT:
                    raise
                trouble = str(failed)
            else:
                _return_memory()
                _log.info("separating through %s", name, extra=_facts("backend_chosen", choice, name))
                return backend
        _log.warning("not through %s: %s", name, trouble, extra=_facts("backend_fell_back", choice, name))
    raise AssertionError("the last resort is always tried")


def choose(
    network: Network,
    precision: Precision,
    *,
    store: Path | None,
    threads: int | None = None,
    names: Sequence[str] = NAMES,
) -> Choice:
    """What `store` holds for exactly this machine, network and software; else measured now, and kept there."""
    facts = circumstances(network, precision, threads, names)
    with alone(store):
        kept = None if store is None else read(store, facts)
        if kept is not None:
            return kept
        tried = tuple(_tried(network, precision, threads, names))
        chosen = _best(tried)
        if chosen is None or chosen.chunk_s is None:
            raise BackendFailed(f"No backend runs {network.info.architecture} in {precision}: {_troubles(tried)}")
        chunk_s = network.info.chunk / network.info.sample_rate_hz
        choice = Choice(chosen.name, precision, chunk_s / chosen.chunk_s, facts["threads"], tried, stored=False)
        if store is not None:
            keep(store, facts, choice)
    return choice


def _return_memory() -> None:
    """Converting and trying leave a hundred megabytes in the C library's hands; only glibc can be asked for them."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _tried(network: Network, precision: Precision, threads: int | None, names: Sequence[str]) -> Iterator[Tried]:
    chunk = np.random.default_rng(0).standard_normal((1, network.info.channels, network.info.chunk), np.float32) * 0.1
    audio_s = network.info.chunk / network.info.sample_rate_hz
    best_s = float("inf")
    for name in sorted(names, key=lambda name: (name in _SLOW_TO_OPEN, names.index(name))):
        if name in _SLOW_TO_OPEN and precision is Precision.FP32:
            yield Tried(name, None, None, "not tried: compiling takes a minute and gains little in single precision")
            continue
        if name in _SLOW_TO_OPEN and audio_s / best_s > _QUICK_ENOUGH:
            yield Tried(name, None, None, f"not tried: {audio_s / best_s:.0f} times real time is there without it")
            continue
        tried = _measured(network, name, precision, threads, chunk, best_s)
        best_s = min(best_s, tried.chunk_s or best_s)
        yield tried


def _measured(
    network: Network, name: str, precision: Precision, threads: int | None, chunk: Chunks, best_s: float
) -> Tried:
    try:
        began = time.perf_counter()
        backend = open_backend(network, name, precision, threads)
        open_s = time.perf_counter() - began
        chunks = np.repeat(chunk, backend.batch, axis=0)
        took_s = _seconds(backend, chunks)
        if took_s < best_s * _WARM_RUN_COUNTS:
            took_s = _seconds(backend, chunks)
    except (Unavailable, BackendFailed, BadInput) as trouble:
        _log.info("%s cannot be had: %s", name, trouble, extra={"action": "backend_unavailable", "backend": name})
        return Tried(name, None, None, str(trouble))
    finally:
        backend = None  # type: ignore[assignment]  # before the next one takes its memory
        gc.collect()
    return Tried(name, took_s, open_s)


def _seconds(backend: Backend, chunks: Chunks) -> float:
    """A chunk's."""
    began = time.perf_counter()
    backend(chunks)
    return (time.perf_counter() - began) / len(chunks)


def _best(tried: Sequence[Tried]) -> Tried | None:
    best: Tried | None = None
    for one in tried:
        if one.chunk_s is None:
            continue
        if best is None or best.chunk_s is None or best.chunk_s > one.chunk_s * _WORTH_A_CHANGE:
            best = one
    return best


def _troubles(tried: Sequence[Tried]) -> str:
    return "; ".join(f"{one.name}: {one.trouble}" for one in tried)


def _facts(action: str, choice: Choice, name: str) -> dict[str, object]:
    return {"action": action, "backend": name, "precision": choice.precision.value, "threads": choice.threads}
