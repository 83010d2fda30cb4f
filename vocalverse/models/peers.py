"""An operator's VR or MDXC checkpoint, kept for audio-separator's networks; through the same walls as every other."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vocalverse.errors import ModelBroken, ModelUnknown, NotFound
from vocalverse.models.convert import Converted, read_checkpoint
from vocalverse.models.digest import Pin
from vocalverse.records import Progress
from vocalverse.separate.backends.peer import Kind, require_known
from vocalverse.separate.backends.peer_file import Peer, save_peer

_HASHED_BYTES = 10_000 * 1024  # UVR knows a model by the md5 of so much of its end
_MD5 = re.compile(r"[0-9a-f]{32}")
_LONGEST = 100_000  # characters of settings, written out


def convert_peer(
    kind: Kind, settings: Mapping[str, Any], checkpoint: Path, into: Path, *, pin: Pin, licence: str, progress: Progress
) -> Converted:
    """Builds the network once, so that what does not fit is found out now. `into` is written whole or not at all."""
    require_known(kind, checkpoint.name)
    plain = _plain(settings, checkpoint)
    found = read_checkpoint(checkpoint, pin=pin, progress=progress)
    peer = Peer(kind, plain, checkpoint.name, found.bytes)
    info = peer.open(found.tensors).info
    save_peer(peer, found.tensors, into, licence=licence, source_sha256=found.sha256)
    return Converted(info, found.sha256, sum(one.numel() for one in found.tensors.values()))


def settings_for(checkpoint: Path, document: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """UVR keeps the settings of all its VR models in one json: those of this file, or what is there as it is."""
    known = document.get("vr_model_data", document)
    if not (isinstance(known, Mapping) and known and all(_MD5.fullmatch(str(name)) for name in known)):
        return document
    mine = known.get(_md5_of_end(checkpoint))
    if not isinstance(mine, Mapping):
        raise ModelUnknown(f"None of the {len(known)} models in the json is {checkpoint.name}: give its own settings.")
    return mine


def _md5_of_end(checkpoint: Path) -> str:
    try:
        with checkpoint.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _HASHED_BYTES))
            return hashlib.md5(file.read(), usedforsecurity=False).hexdigest()
    except OSError as error:
        raise NotFound(f"{checkpoint} cannot be read ({error.strerror}).") from None


def _plain(settings: Mapping[Any, Any], checkpoint: Path) -> Mapping[str, Any]:
    """JSON's types. A yaml's few lines may stand for more than fits into any memory: it is written piece by piece."""
    text = ""
    try:
        for piece in json.JSONEncoder(default=str).iterencode(settings):
            text += piece
            if len(text) > _LONGEST:
                raise ModelBroken(f"The settings of {checkpoint.name} are longer than those of any model.")
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelBroken(f"The settings of {checkpoint.name} are not plain values ({error}).") from error
    plain: dict[str, Any] = json.loads(text)
    return plain
