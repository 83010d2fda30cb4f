"""A whole training job: manifest in, a network's file out, judged on what was kept back."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from vocalverse.errors import BadInput
from vocalverse.separate import weights
from vocalverse.separate.backends import open_backend
from vocalverse.separate.networks import build
from vocalverse.separate.networks.network import Network
from vocalverse.separate.networks.refiner import RefinedUNet
from vocalverse.separate.precision import Precision
from vocalverse.training.separator import manifest as manifests
from vocalverse.training.separator import sources
from vocalverse.training.separator.evaluate import Conditions, Evaluation, evaluate
from vocalverse.training.separator.loop import STATE_FILE, Run, Step, train
from vocalverse.training.separator.manifest import Manifest, Split
from vocalverse.training.separator.mixtures import Augmentation, Mixer
from vocalverse.training.separator.recipe import Recipe

RESULT_FILE = "separator.safetensors"

_DEFAULT: tuple[str, Mapping[str, Any]] = (RefinedUNet.ARCHITECTURE, {"unet": None, "level": 3.5})


@dataclass(frozen=True)
class Job:
    """What was asked for."""

    manifest: Path
    folder: Path
    resume: bool = False
    longest_s: float | None = None
    steps: int = Recipe.steps
    batch: int = Recipe.batch
    seed: int = Recipe.seed
    learning_rate: float = Recipe.learning_rate
    samples: int = Recipe.samples  # of each excerpt
    device: str = "cpu"
    network: tuple[str, Mapping[str, Any]] | None = None  # architecture and config


@dataclass(frozen=True)
class Result:
    path: Path
    step: int
    steps: int
    songs: int  # that it was judged by; 0 where the manifest keeps none back
    mix_db: float | None
    voice_db: float | None
    restricting_licences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}


def run(job: Job, *, heard: Callable[[Step], None]) -> Result:
    """Loads, trains until done or out of time, writes the file, judges it. Ctrl-C passes through, after saving."""
    began = time.monotonic()
    manifest = manifests.read(job.manifest)
    _room_for(job)
    network = start(job)
    rate_hz = network.info.sample_rate_hz
    recipe = Recipe(
        steps=job.steps, batch=job.batch, seed=job.seed, samples=job.samples, learning_rate=job.learning_rate
    )
    learnt_from = sources.load(manifest, Split.TRAIN, sample_rate_hz=rate_hz)
    mixer = Mixer(learnt_from, Augmentation(), sample_rate_hz=rate_hz, samples=recipe.samples)
    training = Run(network, mixer, recipe, device=job.device)
    if job.resume:
        training.resume(job.folder)
    until = job.longest_s
    train(training, job.folder, heard=heard, until=lambda: until is not None and time.monotonic() - began >= until)
    path = job.folder / RESULT_FILE
    weights.save(network, path, licence=licence_of(manifest))
    judged = _judged(network, manifest)
    return Result(
        path=path,
        step=training.step,
        steps=job.steps,
        songs=judged.songs if judged else 0,
        mix_db=judged.mix_db if judged else None,
        voice_db=judged.voice_db if judged else None,
        restricting_licences=manifest.restricting_licences,
    )


def start(job: Job) -> Network:
    """The network before its first step: the same for the same seed."""
    _device(job.device)
    architecture, config = job.network or _DEFAULT
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(job.seed)
        return build(architecture, config).eval()


def licence_of(manifest: Manifest) -> str:
    """What the network's file says: a network may be used as freely as the least free of its recordings."""
    restricting = manifest.restricting_licences
    if not restricting:
        return "as its owner says; learnt from freely licensed recordings alone"
    return f"research only; learnt from recordings under {', '.join(restricting)}"


def _room_for(job: Job) -> None:
    begun = (job.folder / STATE_FILE).exists()
    if begun and not job.resume:
        raise BadInput(f"{job.folder} holds a run already: --resume goes on with it, or name another folder.")


def _device(name: str) -> None:
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"There is no device {name} here: {reason}") from None


def _judged(network: Network, manifest: Manifest) -> Evaluation | None:
    kept = sources.load(manifest, Split.VALIDATION, sample_rate_hz=network.info.sample_rate_hz)
    if not kept.songs:
        return None
    network = network.to("cpu").eval()
    return evaluate(open_backend(network, "torch", Precision.FP32), kept.songs, Conditions())
