"""When a recording that can be heard is not judged, and what is odd about one that is. Rules as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from vocalverse.audio.waveform import Waveform
from vocalverse.records import Finding, Measures, Reason, Remark


@dataclass(frozen=True)
class Thresholds:
    """Past these a recording is refused, or remarked upon."""

    at_least_s: float = 5.0  # a phrase or two; the shortest line of a song that could be judged at all
    at_most_s: float = 900.0  # the longest songs take half of that: a forgotten recorder
    # A venue's recordings lie between -35 and -10. Under -50 a voice is down among 16 bits' and most inputs' noise.
    at_least_lufs: float = -50.0
    # A voice overdriven by 12 dB clips in 6 to 11 % of its samples; what was added is then 9 to 15 dB under it.
    clipped_at_most: float = 0.10
    dc_at_most: float = 0.01  # -40 dBFS
    correlation_at_least: float = -0.9  # wide stereo stays above -0.5


def refused_by_length(waveform: Waveform, thresholds: Thresholds) -> Finding | None:
    """`too_long` for what goes on past the limit, which was decoded no further."""
    if not (waveform.source.longer or waveform.duration_s > thresholds.at_most_s):
        return None
    evidence = {"duration_s": waveform.duration_s, "at_most_s": thresholds.at_most_s}
    if waveform.source.declared_s is not None:
        evidence["declared_s"] = waveform.source.declared_s
    return Finding(Reason.TOO_LONG, evidence)


def refusals(measures: Measures, thresholds: Thresholds) -> tuple[Finding, ...]:
    """All that speaks against judging, each with its figures; empty where nothing does."""
    return tuple(
        Finding(code, evidence)
        for code, evidence in (
            (Reason.TOO_SHORT, _too_short(measures, thresholds)),
            (Reason.TOO_QUIET, _too_quiet(measures, thresholds)),
            (Reason.CLIPPED, _clipped(measures, thresholds)),
        )
        if evidence
    )


def remarks(measures: Measures, *, broken_tail: bool, thresholds: Thresholds) -> tuple[Remark, ...]:
    correlation = measures.channel_correlation
    noted = {
        Remark.BROKEN_TAIL: broken_tail,
        Remark.DEAD_CHANNEL: measures.dead_channels > 0,
        Remark.SWAPPED_POLARITY: correlation is not None and correlation < thresholds.correlation_at_least,
        Remark.DC_OFFSET: abs(measures.dc_offset) > thresholds.dc_at_most,
        Remark.DROPOUTS: measures.dropout_count > 0,
    }
    return tuple(remark for remark, holds in noted.items() if holds)


def _too_short(measures: Measures, thresholds: Thresholds) -> Mapping[str, float] | None:
    if measures.duration_s >= thresholds.at_least_s:
        return None
    return {"duration_s": measures.duration_s, "at_least_s": thresholds.at_least_s}


def _too_quiet(measures: Measures, thresholds: Thresholds) -> Mapping[str, float] | None:
    """Without any loudness the peak tells why; without a peak the file is all zeros."""
    if measures.loudness_lufs is not None:
        if measures.loudness_lufs >= thresholds.at_least_lufs:
            return None
        return {"loudness_lufs": measures.loudness_lufs, "at_least_lufs": thresholds.at_least_lufs}
    heard = {} if measures.peak_dbfs is None else {"peak_dbfs": measures.peak_dbfs}
    return heard | {"at_least_lufs": thresholds.at_least_lufs}


def _clipped(measures: Measures, thresholds: Thresholds) -> Mapping[str, float] | None:
    if measures.clipped_share <= thresholds.clipped_at_most:
        return None
    return {"clipped_share": measures.clipped_share, "at_most_share": thresholds.clipped_at_most}
