"""Networks on disk: one safetensors file holds the weights and the config that its network is rebuilt from.

Weights are mapped, not read: loading takes no time, and processes share the pages. Large tensors may be stored as
int8 with a scale for each channel beside them (`NAME` and `NAME.scale`); they are widened when loaded.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vocalverse.durable import to_disk
from vocalverse.errors import DiskFull, ModelBroken, ModelUnknown, NotFound
from vocalverse.separate.networks import build
from vocalverse.separate.networks.network import Network

_METADATA = "vocalverse"
_METADATA_LIMIT = 256 * 1024  # characters: a config is a few hundred
_SCALE = ".scale"
_SMALLEST_INT8 = 4096  # values: below it nothing is gained
_LONG_AXIS = 64  # values that share a scale of two bytes
_WORTH_IT = 3  # times less error
_NAMED = 3  # tensors that a message names before it only counts


@dataclass(frozen=True)
class Description:
    """What a file says about itself."""

    architecture: str
    config: Mapping[str, Any]
    licence: str
    source_sha256: str  # of the checkpoint it was made from; empty where it was trained here


def describe(path: Path) -> Description:
    """Reads the header alone."""
    with _opened(path) as file:
        return _description(path, file.metadata())


def load(path: Path, *, device: str = "cpu") -> Network:
    """The network, ready to be asked: its weights are the file's own pages where nothing has to be widened."""
    with _opened(path) as file:
        network = untrained(_description(path, file.metadata()), path)
    assign(network, widened(stored_tensors(path), path), path)
    return network.eval().requires_grad_(False).to(device)


def save(
    network: Network,
    path: Path,
    *,
    licence: str,
    source_sha256: str = "",
    int8: bool = False,
    exact: Iterable[str] = (),
) -> None:
    """Writes the whole file or none. With `int8`, names in `exact` are still stored as they are."""
    description = Description(network.info.architecture, dict(network.to_config()), licence, source_sha256)
    tensors = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    _require_numbers(tensors)  # a scale would hide them
    save_tensors(narrowed(tensors, frozenset(exact)) if int8 else tensors, path, description)


def save_tensors(tensors: Mapping[str, Tensor], path: Path, description: Description) -> None:
    """As `save`, of a network that is not of our own."""
    _require_numbers(tensors)
    metadata = {_METADATA: json.dumps(asdict(description))}
    _atomically(path, lambda temporary: save_file(_unshared(tensors), temporary, metadata=metadata))


def stored_tensors(path: Path) -> dict[str, Tensor]:
    """What a file holds, as it lies there."""
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping


def untrained(description: Description, path: Path) -> Network:
    """The network whose weights are still to come: they take no memory yet."""
    try:
        with Hollow():
            return build(description.architecture, description.config)
    except ModelUnknown as error:
        raise ModelBroken(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ModelBroken(f"{path}: no {description.architecture} can be built from its config ({error}).") from error


def assign(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Puts `tensors` in the network's places without copying, or says what does not fit."""
    places = network.state_dict()
    _none(path, "lacks", [name for name in places if name not in tensors])
    _none(path, "holds what its config has no place for:", [name for name in tensors if name not in places])
    _none(
        path,
        "holds other shapes than its config asks for:",
        [
            f"{name} {list(tensors[name].shape)} instead of {list(place.shape)}"
            for name, place in places.items()
            if tensors[name].shape != place.shape
        ],
    )
    kinds = [n for n, place in places.items() if tensors[n].is_floating_point() != place.is_floating_point()]
    _none(path, "holds other kinds of numbers than its config asks for:", kinds)
    fitting = {name: tensors[name].to(place.dtype) for name, place in places.items()}
    network.load_state_dict(fitting, assign=True)
    hollow = [name for name, tensor in [*network.named_buffers(), *network.named_parameters()] if tensor.is_meta]
    _none(path, "leaves without values:", hollow)


def widened(stored: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Int8 tensors times their scales, all others as they are."""
    tensors = {}
    for name, tensor in stored.items():
        scale = stored.get(name + _SCALE)
        if tensor.dtype == torch.int8:
            if scale is None or not scale.is_floating_point() or not _broadcasts(scale, tensor):
                raise ModelBroken(f"{path}: {name} is stored as int8 without a scale that fits.")
            tensors[name] = tensor.to(torch.float32) * scale.to(torch.float32)
        elif not (name.endswith(_SCALE) and _is_int8(stored.get(name.removesuffix(_SCALE)))):
            tensors[name] = tensor
    return tensors


class Hollow(TorchFunctionMode):
    """What a layer makes only to be overwritten is made on the meta device; tables and windows are made as ever."""

    _OVERWRITTEN = frozenset({torch.empty, torch.rand, torch.randn})

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func in self._OVERWRITTEN and given.get("device") is None:
            given["device"] = "meta"
        if func is torch.nn.init.normal_ and given["tensor"].is_meta:  # torch would import its compiler for it
            return given["tensor"]
        return func(*args, **given)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except OSError as error:
        raise NotFound(f"There is no model to be read at {path} ({error.strerror or error}).") from None
    except SafetensorError as error:
        raise ModelBroken(f"{path} is no whole safetensors file ({error}): fetch or convert it again.") from error


def _description(path: Path, metadata: Mapping[str, str] | None) -> Description:
    text = (metadata or {}).get(_METADATA)
    if text is None:
        raise ModelBroken(f"{path} was not written by VocalVerse: convert it with `vocalverse models import`.")
    if len(text) > _METADATA_LIMIT:
        raise ModelBroken(f"{path}: its description is {len(text)} characters long, which no config is.")
    try:
        said = json.loads(text)
        description = Description(
            said["architecture"], said["config"], said.get("licence", ""), said.get("source_sha256", "")
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelBroken(f"{path}: its description cannot be read ({error!r}).") from error
    texts = (description.architecture, description.licence, description.source_sha256)
    if not isinstance(description.config, dict) or not all(isinstance(text, str) for text in texts):
        raise ModelBroken(f"{path}: its description is not of the shape that VocalVerse writes.")
    return description


def _require_numbers(tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ModelBroken(f"{name} holds values that are no numbers: such a network is not saved.")


def _none(path: Path, what: str, wrong: list[str]) -> None:
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise ModelBroken(f"{path} {what} {', '.join(wrong[:_NAMED])}{more}.")


def _is_int8(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.dtype == torch.int8


def _broadcasts(scale: Tensor, tensor: Tensor) -> bool:
    return scale.ndim == tensor.ndim and all(s in {1, n} for s, n in zip(scale.shape, tensor.shape, strict=True))


def narrowed(tensors: Mapping[str, Tensor], exact: frozenset[str]) -> dict[str, Tensor]:
    """Large ones as int8 beside their scales, as `widened` reads them."""
    narrow: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in exact or tensor.ndim < 2 or tensor.numel() < _SMALLEST_INT8 or not tensor.is_floating_point():
            narrow[name] = tensor
        else:
            narrow[name], narrow[name + _SCALE] = _int8(tensor.to(torch.float32))
    return narrow


def _int8(tensor: Tensor) -> tuple[Tensor, Tensor]:
    """Output channels lie first in most layers and second in transposed ones: whichever loses less is taken.

    Scales for every place along a long axis, say for each tap of each channel, have to lose far less to be worth it.
    """

    def rounded(shared: tuple[int, ...]) -> tuple[float, Tensor, Tensor]:
        scale = (tensor.abs().amax(dim=shared, keepdim=True).clamp_min(1e-30) / 127).to(torch.bfloat16)
        narrow = (tensor / scale.float()).round().clamp(-127, 127).to(torch.int8)
        return float((narrow * scale.float() - tensor).square().sum()), narrow, scale

    channels = [rounded(tuple(axis for axis in range(tensor.ndim) if axis != channel)) for channel in (0, 1)]
    places = [rounded((axis,)) for axis in (0, 1) if tensor.shape[axis] >= _LONG_AXIS]
    coarse = min(channels, key=itemgetter(0))
    fine = min(places, key=itemgetter(0), default=coarse)
    _, narrow, scale = fine if fine[0] * _WORTH_IT < coarse[0] else coarse
    return narrow, scale


def _unshared(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that share memory (a table that every layer holds) are written once for each name."""
    seen: set[int] = set()
    own = {}
    for name, tensor in tensors.items():
        whole = tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes()
        alone = whole and tensor.untyped_storage().data_ptr() not in seen
        own[name] = tensor.contiguous() if alone else tensor.clone(memory_format=torch.contiguous_format)
        seen.add(tensor.untyped_storage().data_ptr())
    return own


def _atomically(path: Path, write: Callable[[Path], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        write(folder / path.name)
        to_disk(folder / path.name)
        os.replace(folder / path.name, path)
        to_disk(path.parent)
    except (OSError, SafetensorError) as error:
        raise DiskFull(f"{path} could not be written ({error}): make room, then try again.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
