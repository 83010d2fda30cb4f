"""Recordings that may be learnt from: those whose singers let their sound be kept and learnt from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

_CONSENTED = text("""
    SELECT r.id, r.venue_id, r.singer, s.ref AS song, s.language, o.name AS room,
        coalesce(r.lyrics, r.description) AS text
    FROM recordings r LEFT JOIN songs s ON s.id = r.song_id LEFT JOIN rooms o ON o.id = r.room_id
    WHERE r.consent_keep_audio AND r.consent_training AND r.audio_deleted_at IS NULL
      AND (CAST(:venue AS uuid) IS NULL OR r.venue_id = :venue)
      AND (CAST(:song AS text) IS NULL OR s.ref = :song)
      AND (CAST(:since AS timestamptz) IS NULL OR r.received_at >= :since)
    ORDER BY r.id
""")


@dataclass(frozen=True)
class Consented:
    id: UUID
    venue_id: UUID
    singer: str | None  # a pseudonym
    song: str | None
    language: str | None
    room: str | None
    text: str | None


def consented(
    connection: Connection, *, venue_id: UUID | None = None, song: str | None = None, since: datetime | None = None
) -> list[Consented]:
    rows = connection.execute(_CONSENTED, {"venue": venue_id, "song": song, "since": since})
    return [Consented(row.id, row.venue_id, row.singer, row.song, row.language, row.room, row.text) for row in rows]
