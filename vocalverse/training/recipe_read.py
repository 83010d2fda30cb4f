"""From a TOML file to a recipe: with one of its ablations, and with what the command line changes."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vocalverse.errors import BadInput
from vocalverse.models.heads.config import HeadKind, OutputKind, Pooling
from vocalverse.toml import WrongError, from_table, read_table
from vocalverse.training.reasoned import require_reasoned, with_tables
from vocalverse.training.recipe import EncoderRecipe, Finetune, HeadRecipe, Loss, Recipe, Target

BUNDLED = Path(__file__).with_name("recipes")
_ABLATIONS = "ablations"


class RecipeBroken(BadInput):
    """A recipe that cannot be read, or that says what cannot be learnt."""

    code = "recipe_broken"


def bundled() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in BUNDLED.glob("*.toml")))


def read(named: str, *, ablation: str | None = None, changes: Sequence[str] = ()) -> Recipe:
    """`named` is a bundled recipe or a path; each change is KEY=VALUE, with dots into tables, VALUE as TOML has it."""
    path = _path(named)
    table = _table(path)
    ablations = table.pop(_ABLATIONS, {})
    if ablation is not None:
        table = overlaid(table, _ablation(ablations, ablation, path))
        table["name"] = f"{path.stem}-{ablation}"
    for change in changes:
        table = overlaid(table, _change(change))
    try:
        table = {"name": path.stem, **with_tables(table, path.parent)}
        return _checked(_placed(from_table(Recipe, table), path.parent))
    except WrongError as wrong:
        raise RecipeBroken(f"{path}: {wrong}") from None


def about(named: str) -> str:
    return str(_table(_path(named)).get("about", ""))


def ablations(named: str) -> dict[str, str]:
    """What each is about, by name."""
    return {name: str(said.get("about", "")) for name, said in _table(_path(named)).get(_ABLATIONS, {}).items()}


def as_table(recipe: Recipe) -> dict[str, Any]:
    """All that it says, of plain types: two runs with the same table are the same run."""
    return asdict(recipe)


def _path(named: str) -> Path:
    if named in bundled():
        return BUNDLED / f"{named}.toml"
    if Path(named).suffix == ".toml":
        return Path(named)
    raise RecipeBroken(f"There is no recipe {named!r}: it may be {', '.join(bundled())}, or a path to a .toml file.")


def _table(path: Path) -> dict[str, Any]:
    try:
        return read_table(path)
    except WrongError as wrong:
        raise RecipeBroken(f"{path}: {wrong}") from None


def overlaid(table: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables within tables are laid over each other, all else is replaced."""
    laid = dict(table)
    for key, value in over.items():
        below = laid.get(key)
        laid[key] = overlaid(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return laid


def _ablation(known: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    if name not in known:
        raise RecipeBroken(f"{path} has no ablation {name!r}: it has {', '.join(known) or 'none'}.")
    said: dict[str, Any] = known[name]
    return said


def _change(said: str) -> dict[str, Any]:
    key, equals, value = said.partition("=")
    if not equals:
        raise RecipeBroken(f"--set {said}: say KEY=VALUE, such as training.rate=0.001.")
    if key.strip().endswith(".folder"):  # seen from where the command runs
        value = json.dumps(str(Path(value.strip().strip("\"'")).absolute()))
    try:
        return tomllib.loads(f"{key.strip()} = {value.strip()}")
    except tomllib.TOMLDecodeError:
        pass  # a word without quotes, as a shell leaves it
    try:
        return tomllib.loads(f"{key.strip()} = '''{value.strip()}'''")
    except tomllib.TOMLDecodeError as error:
        raise RecipeBroken(f"--set {said}: {error}.") from None


def _placed(recipe: Recipe, folder: Path) -> Recipe:
    """Folders as they are seen from the recipe."""
    encoders = {name: replace(one, folder=_seen(one.folder, folder)) for name, one in recipe.encoders.items()}
    reader = recipe.text_encoder
    return replace(
        recipe, encoders=encoders, text_encoder=replace(reader, folder=_seen(reader.folder, folder)) if reader else None
    )


def _seen(said: str | None, folder: Path) -> str | None:
    return None if said is None else str(folder / said)


def _checked(recipe: Recipe) -> Recipe:
    if not recipe.heads:
        raise WrongError("there is no head in it.")
    twice = sorted({key for key in recipe.dimensions if recipe.dimensions.count(key) > 1})
    if twice:
        raise WrongError(f"{', '.join(twice)} would be judged by two heads.")
    for name, encoder in recipe.encoders.items():
        _check_encoder(encoder, f"encoders.{name}")
    for name, head in recipe.heads.items():
        _check_head(head, recipe, f"heads.{name}")
    _check_training(recipe)
    _check_learnt(recipe)
    require_reasoned(recipe)
    if unknown := sorted(set(recipe.overall) - set(recipe.dimensions)):
        raise WrongError(f"overall weighs {', '.join(unknown)}, which no head judges.")
    return recipe


def _check_encoder(encoder: EncoderRecipe, where: str) -> None:
    if encoder.model is None and encoder.folder is None:
        raise WrongError(f"{where} needs a model (on the shelf) or a folder.")
    if encoder.mix and encoder.layer is not None:
        raise WrongError(f"{where} mixes all layers, and names one.")
    if encoder.mix and encoder.finetune is not Finetune.FROZEN:
        raise WrongError(f"{where} is learnt itself: give one layer, not a mix.")


def _check_head(head: HeadRecipe, recipe: Recipe, where: str) -> None:
    if unknown := [name for name in head.encoders if name not in recipe.encoders]:
        raise WrongError(f"{where} hears through {', '.join(unknown)}, which no table under encoders describes.")
    if not (head.encoders or head.measures):
        raise WrongError(f"{where} has neither encoders nor measures to judge by.")
    if not head.dimensions:
        raise WrongError(f"{where} judges no dimension.")
    if head.text and recipe.text_encoder is None:
        raise WrongError(f"{where} takes text, and the recipe names no text_encoder.")
    if head.text and len(head.encoders) != 1:
        raise WrongError(f"{where} holds text against the sound of one encoder, not of {len(head.encoders)}.")
    if head.pooling is Pooling.SCORES and head.kind is HeadKind.LINEAR and not head.encoders:
        raise WrongError(f"{where} scores frames, and has no encoder that gives any.")
    for losses in (head.losses, *((loss,) for loss in recipe.ensemble.losses)):
        for loss in losses:
            _check_loss(loss, head, f"{where}.losses")


def _check_loss(loss: Loss, head: HeadRecipe, where: str) -> None:
    from vocalverse.training.objective import LOSSES  # with torch, which a list of recipes needs not

    if loss.name not in LOSSES:
        raise WrongError(f"{where} names {loss.name!r}; there are {', '.join(LOSSES)}.")
    wanted = LOSSES[loss.name].output
    if wanted is not None and head.output.kind is not wanted:
        raise WrongError(f"{where}: {loss.name} is for a head whose output is {wanted.value}.")
    if loss.name == "alignment" and head.text is None:
        raise WrongError(f"{where}: alignment is for a head that takes text.")


def _check_training(recipe: Recipe) -> None:
    from vocalverse.training.objective import LOSSES

    training, shares = recipe.training, recipe.shares
    if training.epochs < 1 or training.batch < 1 or not 1 <= training.pieces <= training.batch:
        raise WrongError("training needs an epoch, a clip in a batch, and no more pieces than clips.")
    if not 0 < training.rate <= 10 or not 0 <= training.forgotten <= 1:
        raise WrongError("training.rate lies above 0, training.forgotten in 0..1.")
    if any(not 0 < share < 1 for share in (shares.validation, shares.calibration, shares.test)):
        raise WrongError("shares lie between 0 and 1: every part is needed.")
    if shares.validation + shares.calibration + shares.test >= 1:
        raise WrongError("shares leave nothing to learn from.")
    if not recipe.ensemble.seeds or (recipe.ensemble.keep is not None and recipe.ensemble.keep < 1):
        raise WrongError("ensemble needs a seed, and keeps one member at least.")
    for name, head in recipe.heads.items():
        compares = [LOSSES[loss.name].compares for loss in head.losses]
        if any(one is not (training.target is Target.PAIRS) for one in compares):
            raise WrongError(f"heads.{name}: the loss `preference` goes with training.target = 'pairs', others do not.")
        if head.output.kind is OutputKind.PAIRWISE and training.target is not Target.PAIRS:
            raise WrongError(f"heads.{name} has a pairwise output, which only training.target = 'pairs' teaches.")


def _check_learnt(recipe: Recipe) -> None:
    """An encoder that is learnt along with a head is that head's alone, and a release holds it once."""
    for name, encoder in recipe.encoders.items():
        users = [head for head, said in recipe.heads.items() if name in said.encoders]
        if encoder.finetune is Finetune.FROZEN or not users:
            continue
        ensemble = recipe.ensemble
        if len(users) > 1 or len(ensemble.seeds) * max(1, len(ensemble.kinds)) * max(1, len(ensemble.losses)) > 1:
            raise WrongError(f"encoders.{name} is learnt, so only one head of one member can hear through it.")


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """As many members as before, begun elsewhere."""
    seeds = tuple(seed + at for at in range(len(recipe.ensemble.seeds)))
    return replace(recipe, ensemble=replace(recipe.ensemble, seeds=seeds))
