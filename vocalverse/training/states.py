"""What a run keeps so that it can go on: files that are whole or not there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch

from vocalverse.errors import BadInput, ModelBroken
from vocalverse.separate.stems import Together


def save_state(path: Path, state: dict[str, Any]) -> None:
    write_whole(path, lambda file: torch.save(state, file))


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    with Together() as together, together.file(path) as file:
        write(file)


def read_state(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BadInput(f"There is nothing to resume in {path.parent}.")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ModelBroken(f"{path} is cut short or no checkpoint: {error}") from None
    return state
