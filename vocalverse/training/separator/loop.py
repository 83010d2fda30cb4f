"""The loop: draw, step, now and then save. A run that was stopped and resumed ends on the same bits."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from vocalverse.errors import BackendFailed, BadInput
from vocalverse.separate.networks.network import Network
from vocalverse.separate.purpose import Purpose, part_of
from vocalverse.training.separator import objective
from vocalverse.training.separator.mixtures import Mixer
from vocalverse.training.separator.recipe import Recipe
from vocalverse.training.states import read_state, save_state

STATE_FILE = "state.pt"


@dataclass(frozen=True)
class Step:
    """What a step was like."""

    step: int  # how many are done
    steps: int
    loss: float
    error_db: float  # of the voice, against the mix
    seconds: float


class Run:
    """One training run: network, optimiser and the step they are at."""

    def __init__(self, network: Network, mixer: Mixer, recipe: Recipe, *, device: str = "cpu") -> None:
        self.network = network.to(device)
        self.recipe = recipe
        self.step = 0
        self._mixer = mixer
        self._device = device
        if not self._learnt():
            raise BadInput("Nothing of this network is to be learnt.")
        self._optimiser = torch.optim.AdamW(
            list(self._learnt().values()), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
        )

    def _learnt(self) -> dict[str, Tensor]:
        return {name: p for name, p in self.network.named_parameters() if p.requires_grad}

    def advance(self) -> Step:
        """One step."""
        began = time.monotonic()
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(self.step)
        batch = self._mixer.draw(seed=self.recipe.seed, step=self.step, size=self.recipe.batch)
        mix, voice = (self._as_network_hears(torch.from_numpy(sound)) for sound in (batch.mix, batch.voice))
        estimate = self._heard(mix)
        edge = self._edge(mix.shape[-1])
        estimate, voice, mix = (sound[..., edge:-edge] for sound in (estimate, voice, mix))
        loss = objective.loss(estimate, voice, mix)
        if not math.isfinite(loss.item()):
            raise BackendFailed(f"The loss is no number at step {self.step}: lower the learning rate and resume.")
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(list(self._learnt().values()), self.recipe.longest_gradient)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.step += 1
        error_db = float(objective.error_db(estimate.detach(), voice, mix).mean())
        return Step(self.step, self.recipe.steps, loss.item(), error_db, time.monotonic() - began)

    def _heard(self, mix: Tensor) -> Tensor:
        """The voice [batch, channels, samples]. Matrices in bfloat16, transforms and sums in float32."""
        features, spectrum = self.network.analyse(mix)
        with torch.autocast(torch.device(self._device).type, dtype=torch.bfloat16):
            masks = self.network.core(features)
        stems = self.network.synthesise(spectrum, masks.float(), mix.shape[-1])
        part = part_of(self.network.info.stems, Purpose.SEPARATE)
        return mix - stems[:, part.stem] if part.rest else stems[:, part.stem]

    def _as_network_hears(self, sound: Tensor) -> Tensor:
        mono = self.network.info.channels == 1
        return (sound.mean(dim=1, keepdim=True) if mono else sound).to(self._device)

    @staticmethod
    def _edge(samples: int) -> int:
        """What stitching fades out anyway."""
        return min(3072, samples // 8)

    def save(self, folder: Path) -> None:
        """All that resuming needs, in one file that is whole or not there."""
        state = {
            "step": self.step,
            "recipe": asdict(self.recipe),
            "learnt": {name: p.detach().cpu() for name, p in self._learnt().items()},
            "optimiser": self._optimiser.state_dict(),
        }
        save_state(folder / STATE_FILE, state)

    def resume(self, folder: Path) -> None:
        """Go on where `save` was called. Other steps may be asked for; anything else is another run."""
        state = read_state(folder / STATE_FILE)
        changed = [
            name
            for name, value in asdict(self.recipe).items()
            if name != "steps" and state["recipe"].get(name) != value
        ]
        if changed:
            raise BadInput(f"{folder} was begun with another {', '.join(changed)}: give the same, or a new folder.")
        learnt = self._learnt()
        if {name: p.shape for name, p in learnt.items()} != {name: p.shape for name, p in state["learnt"].items()}:
            raise BadInput(f"{folder} holds another network.")
        with torch.no_grad():
            for name, value in state["learnt"].items():
                learnt[name].copy_(value)
        self._optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])


def train(
    run: Run,
    folder: Path,
    *,
    heard: Callable[[Step], None],
    until: Callable[[], bool],
    save_every_s: float = 120.0,
) -> None:
    """Step until all are done or `until` says so. Saves at the end whatever ends it, Ctrl-C too."""
    saved = time.monotonic()
    try:
        while run.step < run.recipe.steps and not until():
            heard(run.advance())
            if time.monotonic() - saved >= save_every_s:
                run.save(folder)
                saved = time.monotonic()
    finally:
        run.save(folder)
