"""Where a recipe's encoders are, and under which licence: on the models shelf, or in folders that it names."""

from dataclasses import dataclass
from pathlib import Path

from vocalverse.errors import NotFound
from vocalverse.models.catalogue import Commercial
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
        shelf = Shelf(models)
        here = shelf.encoders.get(str(recipe.model))
        return Place(shelf.encoder(here.name), Part(here.name, here.licence, here.commercial, here.page))
    folder = Path(recipe.folder)
    if not folder.is_dir():
        raise NotFound(f"The encoder {name} is to be in {folder}, and there is no such folder.")
    told = commercial(recipe.licence) if recipe.licence else Commercial.UNKNOWN
    return Place(folder, Part(name, recipe.licence or _UNSAID, told, folder.name))
