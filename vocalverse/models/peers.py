"""An operator's VR or MDXC checkpoint, opened for audio-separator's networks through the same walls as every other."""

from pathlib import Path

from vocalverse.errors import NotFound
from vocalverse.models.convert import read_text
from vocalverse.models.digest import Pin, sha256_of
from vocalverse.models.unpickle import read_tensors
from vocalverse.records import Progress, no_progress
from vocalverse.separate.backends.backend import Backend
from vocalverse.separate.backends.peer import Kind, kind_of, open_peer
from vocalverse.separate.networks import yamls


def open_peer_model(checkpoint: Path, settings: Path, *, pin: Pin, progress: Progress = no_progress) -> Backend:
    """`settings`: the model's yaml, or json (which is yaml) of audio-separator's model data."""
    known = yamls.parse(read_text(settings))
    kind = kind_of(checkpoint.name, known)
    if kind in {Kind.MDX, Kind.DEMUCS}:
        return open_peer(kind, known, {}, file=checkpoint)  # says why not, before anything is read
    try:
        with checkpoint.open("rb") as file:
            pin.expect(sha256_of(file, progress=progress), str(checkpoint))
            tensors = read_tensors(file, progress=progress)
            size = checkpoint.stat().st_size
    except OSError as error:
        raise NotFound(f"{checkpoint} cannot be read ({error.strerror}).") from None
    return open_peer(kind, known, tensors, file=checkpoint, file_bytes=size)
