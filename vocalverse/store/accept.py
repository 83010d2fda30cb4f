"""The one transaction that makes a recording of an upload.

The recording's id was given when the upload was opened, so that completing it any number of times names the same one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text

from vocalverse.errors import Conflict
from vocalverse.ids import uuid7
from vocalverse.records import Lane, Purpose, TaskState
from vocalverse.store.releases import active_release
from vocalverse.store.tables import Recording, Task, UploadState
from vocalverse.store.uploads import Announced, Known, add_upload, change_upload, find_upload, seen_before
from vocalverse.store.venues import ensure_machine, ensure_room, ensure_song


@dataclass(frozen=True)
class Accepted:
    """The recording that an upload became. `new` is false where it had become one before."""

    recording_id: UUID
    task_id: UUID
    state: TaskState
    new: bool


def complete_upload(connection: Connection, venue_id: UUID, upload_id: str) -> Accepted:
    """The recording, its task, and the upload as complete: all or nothing. The blob has to be there already."""
    _durably(connection)
    known = find_upload(connection, venue_id, upload_id, lock=True)
    if known.complete:
        return accepted(connection, known)
    change_upload(connection, venue_id, upload_id, state=UploadState.COMPLETE, completed_at=func.now())
    return _become_recording(connection, known)


def accept_at_once(connection: Connection, announced: Announced, *, part_bytes: int, recording_id: UUID) -> Accepted:
    """As if opened and completed. Where the id is known already, what was opened before is completed."""
    _durably(connection)
    if known := add_upload(
        connection, announced, part_bytes=part_bytes, recording_id=recording_id, state=UploadState.COMPLETE
    ):
        return _become_recording(connection, known)
    if known := seen_before(connection, announced):
        return complete_upload(connection, known.venue_id, known.upload_id)
    raise Conflict(f"Upload {announced.upload_id} was abandoned this moment. Send it again.")


def accepted(connection: Connection, known: Known) -> Accepted:
    """What became of an upload that is complete."""
    task = connection.execute(
        select(Task.id, Task.state).where(Task.recording_id == known.recording_id).order_by(Task.id.desc()).limit(1)
    ).one()
    return Accepted(known.recording_id, task.id, TaskState(task.state), new=False)


def _recording_values(connection: Connection, known: Known) -> dict[str, Any]:
    said, venue_id = known.recording, known.venue_id
    microphone, consent = said.get("microphone") or {}, said.get("consent") or {}
    room_id = ensure_room(connection, venue_id=venue_id, name=said["room"]) if said.get("room") else None
    return {
        "id": known.recording_id,
        "venue_id": venue_id,
        "room_id": room_id,
        "machine_id": ensure_machine(connection, venue_id=venue_id, name=said["machine"], room_id=room_id)
        if said.get("machine")
        else None,
        "song_id": ensure_song(
            connection,
            venue_id=venue_id,
            ref=said["song"],
            title=said.get("song_title"),
            artist=said.get("song_artist"),
        )
        if said.get("song")
        else None,
        "singer": said.get("singer"),
        "key_shift": said.get("key_shift") or 0,
        "consent_keep_audio": consent.get("keep_audio", False),
        "consent_training": consent.get("training", False),
        "consent_share": consent.get("share", False),
        "started_at": datetime.fromisoformat(said["started_at"]) if said.get("started_at") else None,
        "client_latency_ms": said.get("client_latency_ms"),
        "microphone_model": microphone.get("model"),
        "microphone_gain_db": microphone.get("gain_db"),
        "microphone_distance_cm": microphone.get("distance_cm"),
        "lyrics": said.get("lyrics"),
        "description": said.get("description"),
        "size_bytes": known.size_bytes,
        "sha256": known.sha256,
        "backing_sha256": known.backing_sha256,
    }


def _durably(connection: Connection) -> None:
    connection.execute(text("SET LOCAL synchronous_commit = on"))


def _become_recording(connection: Connection, known: Known) -> Accepted:
    connection.execute(insert(Recording).values(_recording_values(connection, known)))
    task_id = _make_task(connection, known)
    return Accepted(known.recording_id, task_id, TaskState.READY, new=True)


def _make_task(connection: Connection, known: Known) -> UUID:
    task_id, deadline_s = uuid7(), known.recording.get("deadline_s")
    judges = active_release(connection)
    connection.execute(
        insert(Task).values(
            id=task_id,
            venue_id=known.venue_id,
            recording_id=known.recording_id,
            release=judges.name,
            purpose=Purpose.JUDGE.value,
            worker_class=judges.worker_class,
            lane=Lane(known.recording.get("lane") or Lane.BULK),
            deadline_at=func.now() + timedelta(seconds=deadline_s) if deadline_s else None,
        )
    )
    return task_id
