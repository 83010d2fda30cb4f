"""What a run keeps so that it can go on: one file that is whole or not there."""

import os
from pathlib import Path
from typing import Any

import torch

from vocalverse.errors import BadInput, DiskFull, ModelBroken


def save_state(path: Path, state: dict[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise DiskFull(f"{path} could not be written ({error}): make room, then resume.") from None


def read_state(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BadInput(f"There is nothing to resume in {path.parent}.")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ModelBroken(f"{path} is cut short or no checkpoint: {error}") from None
    return state
