"""What the ear is given of a take, and what it found, as figures and remarks of an assessment."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from vocalverse.audio.decode import decode
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.audio.waveform import Samples
from vocalverse.errors import Undecodable
from vocalverse.records import Measures, Progress, Remark

if TYPE_CHECKING:
    from vocalverse.separate.dereverberate import Dry
    from vocalverse.separate.ear import Separated


@dataclass(frozen=True)
class Backing:
    """A take's known backing as far as it can be heard."""

    samples: Samples | None
    remarks: tuple[Remark, ...] = ()


def hear_backing(file: BinaryIO | None, limits: DecodeLimits, progress: Progress) -> Backing:
    """A backing that cannot be decoded makes the voice less clear; the recording is judged all the same."""
    if file is None:
        return Backing(None)
    try:
        return Backing(decode(file, limits=limits, progress=progress).samples)
    except Undecodable:
        return Backing(None, (Remark.BACKING_UNREADABLE,))


def with_ear(measures: Measures, separated: "Separated", dry: "Dry") -> Measures:
    """The measures of the recording and what the ear found in it."""
    known = separated.known
    heard = known if known is not None and known.used else None
    return replace(
        measures,
        voice_share=separated.activity.share,
        voice_to_backing_db=separated.above_rest_db,
        reverberation_t60_s=dry.room.t60_s,
        direct_to_reverberant_db=dry.room.drr_db,
        backing_coherence=known.coherence if known else None,
        backing_delay_s=heard.delay_s if heard else None,
        backing_drift_ppm=heard.drift_ppm if heard else None,
        bleed_db=heard.bleed_db if heard else None,
    )


def remarks(separated: "Separated") -> tuple[Remark, ...]:
    known = separated.known
    return (Remark.BACKING_NOT_HEARD,) if known is not None and not known.used else ()
