"""What the ear is given of a take, and what it found, as figures and remarks of an assessment."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from vocalverse.audio.decode import decode
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.audio.waveform import Samples, Waveform
from vocalverse.errors import Undecodable
from vocalverse.models.encoders.sound import F0
from vocalverse.records import Assessment, Finding, Measures, Outcome, Progress, Reason, Remark
from vocalverse.release.sounds import Sounds

if TYPE_CHECKING:
    from vocalverse.measure.pitch.track import Pitch
    from vocalverse.release.judge import Judged
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


def sounds(waveform: Waveform, dry: "Dry", pitch: "Pitch") -> Sounds:
    """For encoders, with the pitch that was measured."""

    def f0_hz() -> F0:
        return np.where(pitch.voiced, pitch.hz, 0).astype(np.float32)

    return Sounds.of(dry.samples, waveform.samples, waveform.sample_rate_hz, f0=f0_hz)


def with_scores(measured: Assessment, judged: "Judged") -> Assessment:
    """What was found already, and what the judge says."""
    scored = bool(judged.scores)
    return replace(
        measured,
        outcome=Outcome.SCORED if scored else Outcome.UNSCORED,
        findings=() if scored else (Finding(Reason.NO_TEXT, {}),),
        remarks=(*measured.remarks, *judged.remarks),
        scores=judged.scores,
        overall=judged.overall,
    )


def remarks(separated: "Separated") -> tuple[Remark, ...]:
    known = separated.known
    return (Remark.BACKING_NOT_HEARD,) if known is not None and not known.used else ()
