"""What a release pins of the ear. Kept apart from what loads models, so that naming them costs nothing."""

from dataclasses import dataclass
from pathlib import Path

from vocalverse.separate.precision import Precision

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class EarOptions:
    """With the same options, the same recording gives the same voice."""

    separator: Path = BUNDLED / "spleeter_2stems.safetensors"
    dereverberator: Path | None = None  # None: the room is predicted, which needs no weights
    precision: Precision = Precision.FP32
    overlap: int = 2  # how many chunks hear each moment, of either network
