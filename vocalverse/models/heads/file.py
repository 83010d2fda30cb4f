"""Heads on disk: weights, and the config that rebuilds the head, in one safetensors file."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from vocalverse.errors import BadInput, ModelBroken
from vocalverse.models.heads.build import Head
from vocalverse.models.heads.config import HeadConfig
from vocalverse.separate import weights
from vocalverse.toml import WrongError, from_table

_HEAD = "head"


def save(head: Head, path: Path) -> None:
    """The whole file or none. The rate of its frames is written down, so that no later default changes a score."""
    config = json.loads(json.dumps(asdict(replace(head.config, frames_per_s=head.config.grid_hz))))
    tensors = {name: tensor.detach().cpu() for name, tensor in head.state_dict().items()}
    weights.save_tensors(tensors, path, weights.Description(_HEAD, config, licence="", source_sha256=""))


def load(path: Path, *, device: str = "cpu") -> Head:
    """Ready to judge. Raises `ModelBroken` where the file is no head, or not the one that its config speaks of."""
    config = config_of(path)
    try:
        with weights.Hollow():
            head = Head(config)
    except BadInput as error:
        raise ModelBroken(f"{path}: {error}") from None
    tensors = weights.stored_tensors(path)
    if wrong := [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]:
        raise ModelBroken(f"{path} holds values that are no numbers, in {', '.join(wrong[:3])}: restore the release.")
    weights.assign(head, tensors, path)
    return head.eval().requires_grad_(False).to(device)


def config_of(path: Path) -> HeadConfig:
    """Reads the header alone."""
    said = weights.describe(path)
    if said.architecture != _HEAD:
        raise ModelBroken(f"{path} is no head, but a {said.architecture}.")
    try:
        return from_table(HeadConfig, _without_nulls(said.config), "its config")
    except WrongError as wrong:
        raise ModelBroken(f"{path}: {wrong}") from None


def _without_nulls(said: Any) -> Any:
    """Tables know no null: what is not said is left out."""
    if isinstance(said, dict):
        return {key: _without_nulls(value) for key, value in said.items() if value is not None}
    return said
