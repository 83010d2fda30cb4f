"""Published checkpoints as they lie in a folder: which files, which of their tensors, and whether they fit a network.

Safetensors are mapped and only what is asked for is touched; pickles are read by the confined child alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from vocalverse.errors import ModelBroken, NotFound
from vocalverse.models.digest import sha256_of_path
from vocalverse.models.unpickle import read_tensors as read_pickled
from vocalverse.separate.weights import Hollow as Hollow  # noqa: PLC0414 - for those who build what is then loaded
from vocalverse.separate.weights import assign, widened

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"

_WHOLE = ("model.safetensors", "pytorch_model.bin")  # transformers' own, the first that is there
_INDEXES = tuple(f"{name}.index.json" for name in _WHOLE)
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_JSON_BYTES_AT_MOST = 64 * 2**20  # an index names every tensor of a large model
_NAMED = 3  # tensors that a message names before it only counts


def read_config(folder: Path, name: str = CONFIG) -> dict[str, Any]:
    said = _json(folder / name)
    if not isinstance(said, dict):
        raise ModelBroken(f"{folder / name} is no JSON object: fetch it anew.")
    return said


def read_folder(folder: Path, prefixes: Sequence[str] = ("",)) -> dict[str, Tensor]:
    """Tensors whose names begin with the first of `prefixes` that any name begins with, without it. Those that we stored
    as int8 are widened.
    """
    found: dict[str, Tensor] = {}
    for path in weight_files(folder, prefixes):
        found |= read_file(path, prefixes)
    prefix = _prefix_in(found, prefixes)
    if prefix is None:
        raise ModelBroken(
            f"{folder} holds no tensor whose name begins with {' or '.join(map(repr, prefixes))}: it is a checkpoint of"
            " something else."
        )
    stored = {name.removeprefix(prefix): tensor for name, tensor in found.items() if name.startswith(prefix)}
    return widened(stored, folder)


def read_file(path: Path, prefixes: Sequence[str] = ("",)) -> dict[str, Tensor]:
    """The tensors of one file whose names begin so, under their whole names."""
    if path.suffix == ".safetensors":
        return _mapped(path, tuple(prefixes))
    try:
        with path.open("rb") as file:
            tensors = read_pickled(file)
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror}).") from None
    except ModelBroken as error:
        raise ModelBroken(f"{path}: {error}.") from error
    return {name: tensor for name, tensor in tensors.items() if name.startswith(tuple(prefixes))}


def weight_files(folder: Path, prefixes: Sequence[str] = ("",)) -> tuple[Path, ...]:
    """Those that hold weights whose names begin so. Of a sharded checkpoint the other shards need not even be there."""
    for whole, index in zip(_WHOLE, _INDEXES, strict=True):
        if (folder / whole).exists():
            return (folder / whole,)
        if (folder / index).exists():
            return _shards(folder, index, prefixes)
    alone = [path for path in sorted(folder.glob("*")) if path.suffix in (".safetensors", *_PICKLES)]
    if len(alone) != 1:
        found = ", ".join(path.name for path in alone) or "nothing of the kind"
        raise NotFound(f"{folder} should hold one checkpoint ({', '.join(_WHOLE)} or one file); it holds {found}.")
    return tuple(alone)


def index_files(folder: Path) -> tuple[Path, ...]:
    """What says which shard holds what, where there are shards."""
    return tuple(folder / name for name in _INDEXES if (folder / name).exists())


def revision_of(files: Iterable[Path]) -> str:
    """sha256 over the names and the contents of the files that are loaded."""
    lines = sorted(f"{path.name} {sha256_of_path(path)}\n" for path in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def load_into(module: nn.Module, tensors: Mapping[str, Tensor], where: Path, *, ignore: Sequence[str] = ()) -> None:
    """Puts `tensors` in the module's places, without copying those that have its precision.

    Names that begin with one of `ignore` are passed over. `ModelBroken` names what is missing, has no place, is of
    another shape, or holds values that are no numbers. Build the module under `Hollow` and it takes no memory before;
    give it the precision that it is to have, and what is stored in that stays on the file's own pages.
    """
    wanted = {name: tensor for name, tensor in tensors.items() if not (ignore and name.startswith(tuple(ignore)))}
    broken = [name for name, tensor in wanted.items() if not _finite(tensor)]
    if broken:
        more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        raise ModelBroken(
            f"{where} holds values that are no numbers in {', '.join(broken[:_NAMED])}{more}: fetch it anew."
        )
    assign(module, wanted, where)


def _finite(tensor: Tensor) -> bool:
    """By its smallest and its largest value, which are no numbers where any is none: ten times faster than to ask each."""
    if not tensor.is_floating_point() or not tensor.numel():
        return True
    return all(bool(torch.isfinite(extreme)) for extreme in tensor.aminmax())


def _mapped(path: Path, prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefixes)}  # noqa: SIM118
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror or error}).") from None
    except SafetensorError as error:
        raise ModelBroken(f"{path} is no whole safetensors file ({error}): fetch it anew.") from error


def _shards(folder: Path, index: str, prefixes: Sequence[str]) -> tuple[Path, ...]:
    """In an index every tensor has the name of the file that holds it."""
    places = read_config(folder, index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(shard, str) for shard in places.values()):
        raise ModelBroken(f"{folder / index} does not say which file holds which tensor: fetch it anew.")
    prefix = _prefix_in(places, prefixes)
    shards = sorted({shard for name, shard in places.items() if prefix is not None and name.startswith(prefix)})
    if any(Path(shard).name != shard for shard in shards):
        raise ModelBroken(f"{folder / index} names files outside its folder.")
    missing = [shard for shard in shards if not (folder / shard).exists()]
    if missing:
        raise ModelBroken(f"{folder} lacks {', '.join(missing)}, which {index} says is part of it: fetch that, too.")
    return tuple(folder / shard for shard in shards)


def _prefix_in(names: Iterable[str], prefixes: Sequence[str]) -> str | None:
    names = tuple(names)
    return next((prefix for prefix in prefixes if any(name.startswith(prefix) for name in names)), None)


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > _JSON_BYTES_AT_MOST:
            raise ModelBroken(f"{path} is too large for what it should be.")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror}): a published checkpoint comes with it.") from None
    except (ValueError, RecursionError) as error:
        raise ModelBroken(f"{path} is no JSON ({error}): fetch it anew.") from error
