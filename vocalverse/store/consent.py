"""Sound that may not be kept goes a day after its judging has ended: time enough to see and repeat what failed."""

import logging

from sqlalchemy import Engine, text

from vocalverse.store.blobs import BlobStore

log = logging.getLogger(__name__)

# Through the index of sound that is still here without consent, which therefore stays small.
_OVERDUE = text("""
    SELECT r.id, r.venue_id FROM recordings r
    WHERE NOT r.consent_keep_audio AND r.audio_deleted_at IS NULL
      AND r.received_at < now() - make_interval(secs => :grace_s)
      AND NOT EXISTS (
          SELECT 1 FROM tasks t WHERE t.recording_id = r.id
          AND (t.finished_at IS NULL OR t.finished_at > now() - make_interval(secs => :grace_s)))
    ORDER BY r.received_at LIMIT :limit
""")
_GONE = text("UPDATE recordings SET audio_deleted_at = now() WHERE id = :id")


def remove_unkept_sound(engine: Engine, blobs: BlobStore, *, grace_s: float, limit: int = 500) -> int:
    """Delete the sound of recordings that ended `grace_s` ago without consent to keep it; returns of how many.

    The row is marked after its blobs are gone: a crash in between repeats the deletion.
    """
    with engine.connect() as connection:
        overdue = connection.execute(_OVERDUE, {"grace_s": grace_s, "limit": limit}).all()
    for row in overdue:
        blobs.delete_prefix(row.venue_id, row.id)
        with engine.begin() as connection:
            connection.execute(_GONE, {"id": row.id})
        log.info("sound removed", extra={"action": "sound_removed", "recording_id": row.id})
    return len(overdue)
