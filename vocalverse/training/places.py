"""Where a recipe's encoders are, and under which licence: on the models shelf, or in folders that it names."""

from dataclasses import dataclass
from pathlib import Path

from vocalverse.errors import NotFound
from vocalverse.models.encoders.text import TextEncoder
from vocalverse.models.shelf import Shelf
from vocalverse.release.spec import Part
from vocalverse.training.licences import commercial
from vocalverse.training.recipe import EncoderRecipe, Reader

_UNSAID = "not stated"


@dataclass(frozen=True)
class Place:
    folder: Path
    part: Part


@dataclass(frozen=True)
class OpenReader:
    place: Place
    encoder: TextEncoder


def place_of(name: str, recipe: EncoderRecipe | Reader, models: Path) -> Place:
    if recipe.folder is None:
        shelf = Shelf(models).encoders
        found = shelf.get(str(recipe.model))
        return Place(shelf.path_of(found.name), Part(found.name, found.licence, found.commercial, found.page))
    folder = Path(recipe.folder)
    if not folder.is_dir():
        raise NotFound(f"The encoder {name} is to be in {folder}, and there is no such folder.")
    return Place(folder, Part(name, recipe.licence or _UNSAID, commercial(recipe.licence), folder.name))
