"""Encoders that are learnt: opened as they are published, heard with slopes, and written as they were published."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vocalverse.errors import BadInput
from vocalverse.models.encoders.encoder import Encoder, Family, Frames, whole
from vocalverse.models.encoders.open import files_of, open_encoder
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.encoders.windows import Windowed, times
from vocalverse.training.recipe import EncoderRecipe, Finetune, Lora

# Their networks' names are those of the published files.
_LEARNABLE = frozenset({Family.WHISPER, Family.WAV2VEC2, Family.HUBERT, Family.WAVLM})
_ATTENTION = ("q_proj", "v_proj")
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Learnt:
    """An encoder in training."""

    encoder: Windowed
    recipe: EncoderRecipe
    folder: Path  # that it was read from

    @property
    def net(self) -> nn.Module:
        return self.encoder.net

    @property
    def rate(self) -> float:
        return self.recipe.rate

    def frames(self, sound: Sound) -> Tensor:
        """[frames, width], with slopes."""
        self.net.eval()  # layers that are left out at random would make every step another network's
        windows = self.encoder.windows(sound, whole(sound))
        device = next(self.net.parameters()).device
        heard = []
        for window in windows:
            frames = self.encoder.hear(self.encoder.prepare(sound, window)[None].to(device), window)[0]
            heard.append(frames[window.skip : window.skip + window.frames])
        return torch.cat(heard) if heard else torch.zeros(0, self.encoder.info.width, device=device)

    def places(self, sound: Sound) -> Frames:
        """When each of them is; their values are 0."""
        starts, seconds = times(self.encoder.windows(sound, whole(sound)), self.encoder.grid)
        return Frames(np.zeros((len(starts), self.encoder.info.width), np.float32), starts, seconds)

    def write(self, folder: Path) -> None:
        """As a checkpoint that `open_encoder` reads; what was learnt beside the large matrices is added to them."""
        if self.recipe.finetune is Finetune.LORA:
            _merge(self.net)
        folder.mkdir(parents=True, exist_ok=True)
        for path in files_of(self.recipe.family, self.folder):
            if path.suffix == ".json" and not path.name.endswith(".index.json"):
                shutil.copyfile(path, folder / path.name)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.net.state_dict().items()}
        save_file(tensors, folder / _WEIGHTS)


def learnt(recipe: EncoderRecipe, folder: Path, *, seed: int, device: str) -> Learnt:
    """Opened, with what is to be learnt of it ready for that."""
    if recipe.family not in _LEARNABLE:
        raise BadInput(f"Encoders of {recipe.family} are not learnt, only {', '.join(sorted(_LEARNABLE))}.")
    encoder: Encoder = open_encoder(recipe.family, folder, layer=-1, device=device)
    assert isinstance(encoder, Windowed)
    if recipe.finetune is Finetune.LORA:
        _insert(encoder.net, recipe.lora, seed=seed)
    else:
        encoder.net.requires_grad_(requires_grad=True)
    return Learnt(encoder, recipe, folder)


def _insert(net: nn.Module, lora: Lora, *, seed: int) -> None:
    """Small matrices beside the large ones; the large ones stay as they are."""
    from peft import LoraConfig, inject_adapter_in_model

    targets = list(lora.targets or _ATTENTION)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, target_modules=targets)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            inject_adapter_in_model(config, net)
        except ValueError as error:
            raise BadInput(f"lora.targets = {targets} fit no module of this encoder ({error}).") from None


def _merge(net: nn.Module) -> None:
    from peft.tuners.lora import LoraLayer

    for name, module in list(net.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            parent, _, last = name.rpartition(".")
            setattr(net.get_submodule(parent), last, module.get_base_layer())
