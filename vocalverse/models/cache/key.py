"""Under what frames are kept."""

import hashlib
import re
from dataclasses import dataclass

import vocalverse
from vocalverse.models.encoders.encoder import EncoderInfo
from vocalverse.separate.precision import Precision

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_DIGEST = "="  # begins no plain name


@dataclass(frozen=True)
class CacheKey:
    """What was heard, and how. Another version of VocalVerse hears anew."""

    recording: str
    revision: str  # the encoder's
    layer: int | None
    sound: str = ""  # which sound of the recording: its digest, or the ear that took the voice out, and the stretch
    precision: str = Precision.FP32.value

    @classmethod
    def of(cls, info: EncoderInfo, recording: str, sound: str = "") -> "CacheKey":
        return cls(recording, info.revision, info.layer, sound, info.precision.value)

    @property
    def name(self) -> str:
        """Of its file, without what it ends on."""
        return _digest(repr((vocalverse.__version__, self.revision, self.layer, self.precision, self.sound)))


def folder_of(recording: str) -> str:
    """Its id, or a digest of it where that is no name for a folder."""
    return recording if _PLAIN.fullmatch(recording) else _DIGEST + _digest(recording)


def recording_of(folder: str) -> str | None:
    """None where the folder is called by a digest."""
    return folder if _PLAIN.fullmatch(folder) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
