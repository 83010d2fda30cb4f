"""VR and MDXC networks on our shelf: their weights as safetensors, with the settings that they are rebuilt from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from vocalverse.errors import BadInput, ModelBroken
from vocalverse.separate.backends.backend import Backend, set_threads
from vocalverse.separate.backends.peer import Kind, open_peer
from vocalverse.separate.precision import Precision
from vocalverse.separate.weights import Description, describe, save_tensors, stored_tensors

_KINDS = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True)
class Peer:
    """What a network of audio-separator's is rebuilt from."""

    kind: Kind
    settings: Mapping[str, Any]  # JSON's types only
    file: str  # what its checkpoint was called
    file_bytes: int  # and its size, which tells the variant of an older VR network

    def open(self, tensors: Mapping[str, Tensor]) -> Backend:
        return open_peer(self.kind, self.settings, tensors, file=Path(self.file), file_bytes=self.file_bytes)


def save_peer(peer: Peer, tensors: Mapping[str, Tensor], path: Path, *, licence: str, source_sha256: str) -> None:
    """Writes the whole file or none."""
    config = {"settings": dict(peer.settings), "file": peer.file, "file_bytes": peer.file_bytes}
    save_tensors(tensors, path, Description(peer.kind.value, config, licence, source_sha256))


def is_peer_file(path: Path) -> bool:
    """Reads the header alone."""
    return describe(path).architecture in _KINDS


def open_peer_file(path: Path, precision: Precision = Precision.FP32, threads: int | None = None) -> Backend:
    said = describe(path)
    if precision is not Precision.FP32:
        raise BadInput(f"{path} is a {said.architecture} model: audio-separator runs it in fp32, not in {precision}.")
    set_threads(threads)
    return _peer(said, path).open(stored_tensors(path))


def _peer(said: Description, path: Path) -> Peer:
    config = said.config
    settings, file, file_bytes = (config.get(name) for name in ("settings", "file", "file_bytes"))
    if not (isinstance(settings, dict) and isinstance(file, str) and isinstance(file_bytes, int)):
        raise ModelBroken(f"{path}: the settings of its {said.architecture} network are not there: import it again.")
    return Peer(Kind(said.architecture), settings, file, file_bytes)
