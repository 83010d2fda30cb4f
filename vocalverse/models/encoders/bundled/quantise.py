"""Made `whisper-tiny-en` of Whisper's published encoder: `python -m … SOURCE` puts it on the shelf beside this file.

Large matrices become int8 with a scale for each channel. Positions are left out: they are sines, which are computed.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from safetensors.torch import load_file, save_file

from vocalverse.models.encoders.catalogue import find_encoder
from vocalverse.models.encoders.checkpoint import CONFIG
from vocalverse.models.encoders.shelf import BUNDLED, EncoderShelf
from vocalverse.separate.weights import narrowed

_NAME = "whisper-tiny-en"
_WEIGHTS = "model.safetensors"
_EXACT = frozenset({"conv1.weight", "conv2.weight"})  # they feed everything, and are small
_POSITIONS = "embed_positions.weight"


def quantise(source: Path, target: Path) -> None:
    """Both are folders as transformers lays them out."""
    tensors = load_file(source / _WEIGHTS)
    del tensors[_POSITIONS]
    save_file(narrowed(tensors, _EXACT), target / _WEIGHTS)
    shutil.copyfile(source / CONFIG, target / CONFIG)


def main(source: Path) -> None:
    entry = find_encoder(_NAME)
    assert entry is not None
    with tempfile.TemporaryDirectory() as place:
        quantise(source, Path(place))
        EncoderShelf(BUNDLED).put(entry, Path(place))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
