"""A public checkpoint and its yaml become one safetensors file of ours, once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vocalverse.errors import BadInput, ModelBroken, NotFound
from vocalverse.models.digest import Pin, sha256_of
from vocalverse.models.unpickle import read_tensors
from vocalverse.records import Progress, no_progress
from vocalverse.separate.networks.configs import read_yaml, to_config
from vocalverse.separate.networks.network import NetworkInfo
from vocalverse.separate.weights import Description, assign, load, save, untrained

_PREFIXES = ("module.", "_orig_mod.", "model.", "net.")  # what wrappers of trainers put before every name
_YAML_BYTES_AT_MOST = 2**20


@dataclass(frozen=True)
class Converted:
    info: NetworkInfo
    source_sha256: str
    parameters: int


@dataclass(frozen=True)
class Checkpoint:
    """What was read after the hash had matched."""

    tensors: Mapping[str, Tensor]
    sha256: str
    bytes: int


def convert(
    checkpoint: Path, yaml: Path, into: Path, *, pin: Pin, licence: str, progress: Progress = no_progress
) -> Converted:
    """Reads `checkpoint` only after its hash matched `pin`. `into` is written whole or not at all."""
    description = describe(read_text(yaml), yaml, licence)
    network = untrained(description, yaml)
    found = read_checkpoint(checkpoint, pin=pin, progress=progress)
    try:
        assign(network, plainly_named(found.tensors, network.state_dict()), checkpoint)
    except ModelBroken as error:
        raise ModelBroken(f"{error} Does {yaml} belong to it?") from error
    save(network, into, licence=licence, source_sha256=found.sha256)
    return Converted(load(into).info, found.sha256, sum(one.numel() for one in network.parameters()))


def describe(text: str, yaml: Path, licence: str) -> Description:
    with naming(yaml):
        config = read_yaml(text)
    return Description(config.architecture.value, to_config(config), licence, source_sha256="")


def read_checkpoint(checkpoint: Path, *, pin: Pin, progress: Progress = no_progress) -> Checkpoint:
    """The one door for strange files: first the hash, then a reader behind walls."""
    with _opened(checkpoint) as file:
        sha256 = sha256_of(file, progress=progress)
        pin.expect(sha256, str(checkpoint))
        try:
            tensors = _read(file, checkpoint, progress)
        except ModelBroken as error:
            raise ModelBroken(f"{checkpoint}: {error}.") from error
        return Checkpoint(tensors, sha256, file.seek(0, 2))


def plainly_named(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefixes that all names share and the network does not know."""
    named = dict(tensors)
    while named and not named.keys() & expected.keys():
        prefix = next((one for one in _PREFIXES if all(name.startswith(one) for name in named)), None)
        if prefix is None:
            break
        named = {name.removeprefix(prefix): tensor for name, tensor in named.items()}
    return named


def read_text(yaml: Path) -> str:
    try:
        if yaml.stat().st_size > _YAML_BYTES_AT_MOST:
            raise BadInput(f"{yaml} is too large for a config.")
        return yaml.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ModelBroken(f"{yaml} is no text.") from None
    except OSError as error:
        raise NotFound(f"{yaml} cannot be read ({error.strerror}).") from None


@contextmanager
def naming(yaml: Path) -> Iterator[None]:
    """Which yaml it is that is broken."""
    try:
        yield
    except ModelBroken as error:
        raise ModelBroken(f"{yaml}: {error}") from error


def _opened(checkpoint: Path) -> BinaryIO:
    try:
        return checkpoint.open("rb")
    except OSError as error:
        raise NotFound(f"{checkpoint} cannot be read ({error.strerror}).") from None


def _read(file: BinaryIO, checkpoint: Path, progress: Progress) -> Mapping[str, Tensor]:
    """Some publish safetensors, which cannot hold code and need no walls."""
    if checkpoint.suffix != ".safetensors":
        return read_tensors(file, progress=progress)
    try:
        return load_file(checkpoint)
    except SafetensorError as error:
        raise ModelBroken(f"it is no whole safetensors file ({error})") from error
