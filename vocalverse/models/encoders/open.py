"""The door to all encoders: a family, a folder that holds a checkpoint as it was published, and how it is to run."""

import importlib
from pathlib import Path
from types import ModuleType

from vocalverse.errors import BadInput
from vocalverse.models.encoders.checkpoint import revision_of as revision_of_files
from vocalverse.models.encoders.encoder import Encoder, Family
from vocalverse.models.encoders.opening import LAST, Opening
from vocalverse.separate.backends.backend import set_threads
from vocalverse.separate.precision import Precision

# Each module has files(folder), the paths that it loads, and open_encoder(folder, opening).
_MODULES = {
    Family.WHISPER: "whisper",
    Family.QWEN2_AUDIO: "qwen2_audio",
    Family.SAMOYE: "samoye",
    Family.SAMOYE_PRIOR: "samoye_prior",
    Family.WAV2VEC2: "speech",
    Family.HUBERT: "speech",
    Family.WAVLM: "speech",
    Family.MUQ: "muq",
    Family.M2D: "m2d",
    Family.CLAP: "clap",
    Family.PITCH_HISTOGRAM: "pitch_histogram",
    Family.TEXT: "text",
}


def open_encoder(
    family: Family,
    folder: Path,
    *,
    layer: int | None,
    precision: Precision = Precision.FP32,
    device: str = "cpu",
    threads: int | None = None,
) -> Encoder:
    """`layer` −1 is the last one, None all of them. `threads` are the process's for all of torch; None leaves them."""
    if family is Family.TEXT:
        raise BadInput(f"{folder} reads text and hears nothing: a release names it among its text encoders.")
    set_threads(threads)
    encoder: Encoder = _module(family).open_encoder(folder, Opening(family, layer, precision, device))
    return encoder


def files_of(family: Family, folder: Path) -> tuple[Path, ...]:
    """What of a folder is loaded; the rest of it need not be there."""
    files: tuple[Path, ...] = _module(family).files(folder)
    return files


def revision_of(family: Family, folder: Path) -> str:
    """sha256 over all that is loaded, without loading it."""
    return revision_of_files(files_of(family, folder))


def prove(family: Family, folder: Path) -> str:
    """Loads all of it, so that what does not fit is found out now; its revision."""
    if family is Family.TEXT:
        revision: str = _module(family).open_text_encoder(folder).revision
        return revision
    return open_encoder(family, folder, layer=LAST).info.revision


def _module(family: Family) -> ModuleType:
    return importlib.import_module(f"vocalverse.models.encoders.{_MODULES[family]}")
