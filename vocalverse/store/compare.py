"""What two releases say of the same recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from vocalverse.records import OVERALL


@dataclass(frozen=True)
class Pair:
    """One dimension of one recording as both releases mark it, 0 to 100; the first one's with its interval."""

    venue: str
    song: str | None
    shared: bool  # its singer lets others see it by itself
    dimension: str
    before: float
    low: float
    high: float
    after: float


@dataclass(frozen=True)
class Chosen:
    """Which releases, and of which recordings; each that is said narrows them down."""

    before: str
    after: str
    venue_id: UUID | None = None
    song: str | None = None
    since: datetime | None = None


_PAIRS = text(f"""
    WITH both_judged AS (
        SELECT x.id AS x_id, y.id AS y_id, v.slug AS venue, s.ref AS song, r.consent_share AS shared,
               x.overall_mark AS before, x.overall_mark_low AS low, x.overall_mark_high AS high,
               y.overall_mark AS after
        FROM assessments x
        JOIN assessments y ON y.recording_id = x.recording_id AND y.release = :after
        JOIN recordings r ON r.id = x.recording_id
        JOIN venues v ON v.id = r.venue_id
        LEFT JOIN songs s ON s.id = r.song_id
        WHERE x.release = :before
          AND (CAST(:venue AS uuid) IS NULL OR r.venue_id = :venue)
          AND (CAST(:song AS text) IS NULL OR s.ref = :song)
          AND (CAST(:since AS timestamptz) IS NULL OR r.received_at >= :since)
    )
    SELECT venue, song, shared, x.dimension, x.mark AS before, x.mark_low AS low, x.mark_high AS high, y.mark AS after
    FROM both_judged
    JOIN scores x ON x.assessment_id = x_id
    JOIN scores y ON y.assessment_id = y_id AND y.dimension = x.dimension
    WHERE x.mark IS NOT NULL AND y.mark IS NOT NULL
    UNION ALL
    SELECT venue, song, shared, '{OVERALL}', before, low, high, after FROM both_judged
    WHERE before IS NOT NULL AND after IS NOT NULL
""")


def pairs(connection: Connection, chosen: Chosen) -> Sequence[Pair]:
    """Of every recording that both have scored, a pair for each dimension that both know, and one for the overall."""
    found = connection.execute(
        _PAIRS,
        {
            "before": chosen.before,
            "after": chosen.after,
            "venue": chosen.venue_id,
            "song": chosen.song,
            "since": chosen.since,
        },
    )
    return [Pair(**row) for row in found.mappings()]
