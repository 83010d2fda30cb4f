"""What a trial of backends found, and the files that keep it: no machine is measured twice without need."""

import fcntl
import json
import logging
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vocalverse.separate.backends import NAMES
from vocalverse.separate.precision import Precision

if TYPE_CHECKING:
    from vocalverse.separate.networks.network import Network

_log = logging.getLogger(__name__)

_FORMAT = 1
LAST_RESORT = NAMES[-1]


@dataclass(frozen=True)
class Tried:
    """One backend: how long a chunk took, or why it could not be had."""

    name: str
    chunk_s: float | None
    open_s: float | None
    trouble: str = ""


@dataclass(frozen=True)
class Choice:
    """The quickest backend of a network in a precision on this machine, and what the others took."""

    name: str
    precision: Precision
    real_time_factor: float  # seconds of audio in a second, chunks not overlapping
    threads: int
    tried: tuple[Tried, ...]
    stored: bool  # found, not measured

    @property
    def order(self) -> tuple[str, ...]:
        """The chosen one, then what to fall back to, the quickest first."""
        able = sorted((tried.chunk_s, tried.name) for tried in self.tried if tried.chunk_s is not None)
        return tuple(dict.fromkeys([self.name, *(name for _, name in able), LAST_RESORT]))

    @property
    def why(self) -> str:
        return "; ".join(f"{t.name}: {t.trouble or f'{t.chunk_s:.2f} s a chunk'}" for t in self.tried)


def stored(store: Path) -> Iterator[tuple[Mapping[str, Any], Choice]]:
    """What was measured on this machine with the software of today, with its circumstances: for the doctor."""
    today = {"format": _FORMAT, "cpu": _cpu(), "torch": _version("torch"), "openvino": _version("openvino")}
    for path in sorted(store.glob("backend-*.json")):
        record = _read(path)
        if record is not None and today.items() <= record["circumstances"].items():
            choice = _as_choice(record.get("choice"))
            if choice is not None:
                yield record["circumstances"], choice


def circumstances(
    network: "Network", precision: Precision, threads: int | None, names: Sequence[str]
) -> dict[str, Any]:
    """All that a measurement depends on."""
    import torch

    return {
        "format": _FORMAT,
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "architecture": network.info.architecture,
        "network": sha256(json.dumps(network.to_config(), sort_keys=True).encode()).hexdigest(),
        "precision": precision.value,
        "threads": threads or torch.get_num_threads(),
        "names": list(names),
        "torch": _version("torch"),
        "openvino": _version("openvino"),
    }


@cache
def _cpu() -> str:
    """Its name and what it can do: a virtual machine may hide from one guest what it shows to another."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    able = sha256(said.get("flags", said.get("Features", "")).encode()).hexdigest()[:16]
    return f"{said.get('model name', platform.machine())} {able}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _path(store: Path, facts: Mapping[str, Any]) -> Path:
    return store / f"backend-{sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:20]}.json"


def read(store: Path, facts: Mapping[str, Any]) -> Choice | None:
    """What was kept under exactly these circumstances."""
    record = _read(_path(store, facts))
    return _as_choice(record.get("choice")) if record is not None and record["circumstances"] == facts else None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("circumstances"), dict) else None


def _as_choice(said: Any) -> Choice | None:
    """None where the file is foreign, broken, or older than the code."""
    try:
        tried = tuple(Tried(**one) for one in said["tried"])
        choice = Choice(**said | {"tried": tried, "precision": Precision(said["precision"]), "stored": True})
        sound = choice.name in NAMES and choice.real_time_factor > 0 and bool(choice.why) and bool(choice.order)
    except (KeyError, TypeError, ValueError):
        return None
    return choice if sound else None


def keep(store: Path, facts: Mapping[str, Any], choice: Choice) -> None:
    """Whole or not at all. Where it cannot be kept, the next start measures again."""
    path = _path(store, facts)
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as file:
            json.dump({"circumstances": facts, "choice": asdict(choice)}, file, indent=1)
        os.replace(file.name, path)
    except OSError as trouble:
        _log.warning("%s cannot be kept: %s", path, trouble, extra={"action": "trial_not_kept"})


@contextmanager
def alone(store: Path | None) -> Iterator[None]:
    """Workers that start together measure one after the other: the second finds what the first has kept."""
    if store is None:
        yield
        return
    try:
        store.mkdir(parents=True, exist_ok=True)
        lock = (store / "trial.lock").open("ab")
    except OSError as trouble:
        _log.warning("%s cannot be written to: %s", store, trouble, extra={"action": "trial_not_kept"})
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
