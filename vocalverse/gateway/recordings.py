"""What became of recordings."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from vocalverse.gateway.auth import Deleting, Reading, Uploading
from vocalverse.gateway.models import (
    AssessmentAnswer,
    EvidenceAnswer,
    JudgedAnswer,
    ListedRecording,
    MarkAnswer,
    ReasonAnswer,
    RecordingAnswer,
    RecordingsAnswer,
)
from vocalverse.gateway.problems import documented
from vocalverse.gateway.state import Shared
from vocalverse.records import TaskState
from vocalverse.store.listing import list_recordings
from vocalverse.store.recordings import (
    Outlook,
    View,
    cancel_recording,
    delete_recording,
    find_recording,
    outlook,
)
from vocalverse.store.results import Mark, Result, find_measured, find_result

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])

_ASKED = (400, 401, 403, 422, 500, 503)
Song = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


@router.get("/{recording_id}", summary="State and result", responses=documented(*_ASKED, 404, 410, 429))
async def get_recording(
    recording_id: UUID,
    caller: Reading,
    state: Shared,
    wait: Annotated[float, Query(ge=0, le=3600, description="Answer when the judging has ended, or then.")] = 0,
) -> RecordingAnswer:
    until = asyncio.get_running_loop().time() + min(wait, state.settings.max_wait_s)
    async with state.limits.turn(caller, "read", wait=False):
        while True:
            async with state.waiting.watch(recording_id) as moved:
                view, result, ahead = await state.database.run(
                    _look, recording_id, caller.venue_id, state.settings.worker_silent_s
                )
                left = until - asyncio.get_running_loop().time()
                if view.state.ended or left <= 0 or not await moved.within(left):
                    return _answer(view, result, ahead)


@router.get(
    "/{recording_id}/measured",
    summary="All that was measured of the singing",
    responses=documented(*_ASKED, 404, 410, 429),
)
async def get_measured(recording_id: UUID, caller: Reading, state: Shared) -> dict[str, Any]:
    """Notes, phrases, vibrato, breaths and more, each with its moments. Null is what cannot be known."""
    async with state.limits.turn(caller, "read", wait=False):
        return dict(await state.database.run(_measured, recording_id, caller.venue_id))


@router.get("", summary="A page of recordings", responses=documented(*_ASKED, 429))
async def get_recordings(
    caller: Reading,
    state: Shared,
    cursor: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    only: Annotated[TaskState | None, Query(alias="state")] = None,
    song: Song = None,
) -> RecordingsAnswer:
    """Newest first. Go on while there is a `next`, even behind a page with few or no items."""
    async with state.limits.turn(caller, "read", wait=False):
        page = await state.database.run(
            list_recordings, venue_id=caller.venue_id, before=cursor, limit=limit, state=only, song=song
        )
        return RecordingsAnswer(items=[_listed(view) for view in page.items], next=page.next)


@router.delete(
    "/{recording_id}", status_code=204, summary="Delete all of a recording", responses=documented(*_ASKED, 404, 410)
)
async def remove_recording(recording_id: UUID, caller: Deleting, state: Shared) -> None:
    """Sound, results and what was said about it. What is being judged right now is not written any more."""
    async with state.limits.turn(caller, "write", wait=True):
        await state.database.run(
            delete_recording,
            recording_id,
            venue_id=caller.venue_id,
            actor=f"key {caller.key_prefix}",
            last_lease_s=state.settings.run_lease_s + state.settings.task_limit_s,
        )


@router.post("/{recording_id}/cancel", summary="Stop the judging", responses=documented(*_ASKED, 404, 409, 410))
async def cancel(recording_id: UUID, caller: Uploading, state: Shared) -> RecordingAnswer:
    async with state.limits.turn(caller, "write", wait=True):
        view = await state.database.run(cancel_recording, recording_id, venue_id=caller.venue_id)
        return _answer(view, None, Outlook(None, None))


def _look(
    connection: Connection, recording_id: UUID, venue_id: UUID | None, worker_silent_s: float
) -> tuple[View, Result | None, Outlook]:
    view = find_recording(connection, recording_id, venue_id=venue_id)
    result = find_result(connection, view.task_id) if view.outcome else None
    return view, result, outlook(connection, view, worker_silent_s=worker_silent_s)


def _measured(connection: Connection, recording_id: UUID, venue_id: UUID | None) -> Mapping[str, Any]:
    return find_measured(connection, find_recording(connection, recording_id, venue_id=venue_id).task_id)


def _listed(view: View) -> ListedRecording:
    return ListedRecording(**{name: getattr(view, name) for name in ListedRecording.model_fields})


def _answer(view: View, result: Result | None, ahead: Outlook) -> RecordingAnswer:
    return RecordingAnswer(
        **dict(_listed(view)),
        position=ahead.position,
        estimate_s=ahead.estimate_s,
        assessment=_assessment(result) if result else None,
    )


def _assessment(result: Result) -> AssessmentAnswer:
    return AssessmentAnswer(
        outcome=result.outcome,
        release=result.release,
        verdict=result.verdict,
        reasons=[ReasonAnswer(code=one.code, evidence=dict(one.evidence)) for one in result.reasons],
        remarks=_texts(result.remarks),
        dimensions={name: JudgedAnswer(**asdict(one)) for name, one in result.dimensions.items()},
        overall=JudgedAnswer(**asdict(result.overall)) if result.overall else None,
        evidence={name: [EvidenceAnswer(**asdict(one)) for one in told] for name, told in result.evidence.items()},
        words={language: dict(told) for language, told in result.words.items()},
        pitch=_mark(result.pitch),
        rhythm=_mark(result.rhythm),
        measures=dict(result.measures) if result.measures else None,
    )


def _mark(mark: Mark | None) -> MarkAnswer | None:
    return MarkAnswer(**asdict(mark)) if mark else None


def _texts(words: Sequence[str]) -> list[str]:
    return [str(word) for word in words]
