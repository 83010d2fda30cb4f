"""Uploads in parts, and in one request. The blob first, then the rows, then the answer."""

from pathlib import Path as LocalPath
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request, Response

from vocalverse.errors import BadInput, DigestMismatch, TooLarge
from vocalverse.gateway.auth import Uploading, venue_of
from vocalverse.gateway.bodies import body_length, content_digest, parse
from vocalverse.gateway.limits import BacklogFull
from vocalverse.gateway.models import (
    AcceptedAnswer,
    BackingAnswer,
    Metadata,
    NewUpload,
    PartAnswer,
    UploadAnswer,
    WholeDigest,
)
from vocalverse.gateway.openapi import RAW_BODY, json_body
from vocalverse.gateway.problems import UploadIncomplete, documented
from vocalverse.gateway.state import Shared, State
from vocalverse.ids import uuid7
from vocalverse.store.accept import Accepted, accept_at_once, accepted, complete_upload
from vocalverse.store.blobs import AUDIO, BACKING
from vocalverse.store.uploads import (
    Announced,
    Known,
    abandon_upload,
    find_open,
    find_upload,
    note_backing,
    open_upload,
    seen_before,
)

router = APIRouter(prefix="/v1/uploads/{upload_id}", tags=["uploads"])

UploadId = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{8,64}$", examples=["20260131-a1b2c3d4"])]
PartNumber = Annotated[int, Path(ge=1, le=10_000, examples=[1])]
Digest = Annotated[
    str | None,
    Header(
        alias="Content-Digest",
        description="RFC 9530, of the body. Required.",
        examples=["sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
    ),
]
_ASKED = (400, 401, 403, 422, 500, 503)
_SENT = (*_ASKED, 404, 408, 409, 410, 411, 413, 507)


class BadPart(BadInput):
    code = "bad_part"


@router.put(
    "",
    summary="Open an upload",
    responses=documented(*_ASKED, 408, 409, 410, 411, 413, 429) | {201: {"model": UploadAnswer, "description": "New"}},
    openapi_extra=json_body(NewUpload),
)
async def put_upload(
    upload_id: UploadId, request: Request, response: Response, caller: Uploading, state: Shared
) -> UploadAnswer:
    """Announce a recording under an id that the agent chose. The same again is answered alike; another is a conflict."""
    async with state.limits.turn(caller, "write", wait=False):
        wanted = await state.bodies.read_json(request, NewUpload)
        announced = Announced(
            venue_id=venue_of(caller),
            upload_id=upload_id,
            size_bytes=wanted.size,
            sha256=bytes.fromhex(wanted.sha256),
            recording=wanted.recording.as_kept(),
            filename=wanted.filename,
        )
        _must_fit(state, wanted.size)
        await _must_have_room(state, announced)
        known, new = await state.database.run(
            open_upload,
            announced,
            part_bytes=state.settings.part_bytes,
            max_open=state.settings.max_open_uploads_per_venue,
        )
        response.status_code = 201 if new else 200
        return await _upload_answer(state, known)


@router.get("", summary="How far an upload is", responses=documented(*_ASKED, 404, 410))
async def get_upload(upload_id: UploadId, caller: Uploading, state: Shared) -> UploadAnswer:
    async with state.limits.turn(caller, "write", wait=True):
        known = await state.database.run(find_upload, venue_of(caller), upload_id)
        return await _upload_answer(state, known)


@router.put("/parts/{number}", summary="Send a part", responses=documented(*_SENT), openapi_extra=RAW_BODY)
async def put_part(
    upload_id: UploadId, number: PartNumber, request: Request, caller: Uploading, state: Shared, digest: Digest = None
) -> PartAnswer:
    """Every part is `part_bytes` long except the last. The same part may be sent any number of times."""
    async with state.limits.turn(caller, "write", wait=True):
        length, sha256 = body_length(request, at_most=state.settings.part_bytes), content_digest(request)
        known = await state.database.run(find_open, venue_of(caller), upload_id)
        if number > known.part_count or length != known.size_of_part(number):
            raise BadPart(_expected_parts(known, number, length))
        written = state.parts.incoming()
        await state.bodies.save(request, written, length=length, sha256=sha256)
        await state.bodies.off_loop(
            state.parts.place, written, known.venue_id, upload_id, number=number, sha256=sha256.hex()
        )
        return PartAnswer(number=number, size=length, sha256=sha256.hex())


@router.put("/backing", summary="Send the known backing track", responses=documented(*_SENT), openapi_extra=RAW_BODY)
async def put_backing(
    upload_id: UploadId, request: Request, caller: Uploading, state: Shared, digest: Digest = None
) -> BackingAnswer:
    """Before the upload is completed."""
    async with state.limits.turn(caller, "write", wait=True):
        length, sha256 = body_length(request, at_most=state.settings.max_recording_bytes), content_digest(request)
        venue_id = venue_of(caller)
        known = await state.database.run(find_open, venue_id, upload_id)
        await _save_blob(state, request, known.recording_id, known, BACKING, length, sha256)
        await state.database.run(note_backing, venue_id, upload_id, sha256)
        return BackingAnswer(size=length, sha256=sha256.hex())


@router.post(
    "/complete",
    summary="Make a recording of an upload",
    responses=documented(*_ASKED, 404, 408, 409, 410, 411, 413, 507)
    | {201: {"model": AcceptedAnswer, "description": "The recording is kept and will be judged"}},
    openapi_extra=json_body(WholeDigest, required=False),
)
async def complete(
    upload_id: UploadId, request: Request, response: Response, caller: Uploading, state: Shared
) -> AcceptedAnswer:
    """Once answered with 2xx, the recording is on durable storage and will be judged. Any number of times."""
    async with state.limits.turn(caller, "write", wait=True):
        said = await state.bodies.read_json(request, WholeDigest, may_be_empty=True)
        venue_id = venue_of(caller)
        known = await state.database.run(find_upload, venue_id, upload_id)
        if said.sha256 and bytes.fromhex(said.sha256) != known.sha256:
            raise DigestMismatch(f"Upload {upload_id} was announced with the sha-256 {known.sha256.hex()}.")
        if not known.complete:
            await _join(state, known)
        done = await state.database.run(complete_upload, venue_id, upload_id)
        await state.bodies.off_loop(state.parts.remove, venue_id, upload_id)
        if done.new:
            state.limits.took(venue_id)
        return _accepted(response, done)


@router.delete("", status_code=204, summary="Abandon an open upload", responses=documented(*_ASKED, 404, 409, 410))
async def delete_upload(upload_id: UploadId, caller: Uploading, state: Shared) -> None:
    async with state.limits.turn(caller, "write", wait=True):
        venue_id = venue_of(caller)
        await state.database.run(abandon_upload, venue_id, upload_id)
        await state.bodies.off_loop(state.parts.remove, venue_id, upload_id)


@router.put(
    "/content",
    summary="A small recording in one request",
    responses=documented(*_SENT, 429)
    | {201: {"model": AcceptedAnswer, "description": "The recording is kept and will be judged"}},
    openapi_extra=RAW_BODY,
)
async def put_content(
    upload_id: UploadId,
    request: Request,
    response: Response,
    caller: Uploading,
    state: Shared,
    digest: Digest = None,
    vocalverse_recording: Annotated[
        str | None,
        Header(description="The metadata as ASCII-escaped JSON.", examples=['{"song": "catalogue:4711"}']),
    ] = None,
) -> AcceptedAnswer:
    """The same again is answered alike."""
    async with state.limits.turn(caller, "write", wait=False):
        length = body_length(request, at_most=state.settings.max_single_bytes)
        announced = Announced(
            venue_id=venue_of(caller),
            upload_id=upload_id,
            size_bytes=length,
            sha256=content_digest(request),
            recording=_metadata(vocalverse_recording),
        )
        _must_fit(state, length)
        known = await state.database.run(seen_before, announced)
        if known and known.complete:
            return _accepted(response, await state.database.run(accepted, known))
        await _must_have_room(state, announced)
        recording_id = known.recording_id if known else uuid7()
        await _save_blob(state, request, recording_id, announced, AUDIO, length, announced.sha256)
        done = await state.database.run(
            accept_at_once, announced, part_bytes=state.settings.part_bytes, recording_id=recording_id
        )
        if done.recording_id != recording_id:  # another request with the same id was quicker
            await state.bodies.off_loop(state.blobs.delete_prefix, announced.venue_id, recording_id)
        if done.new:
            state.limits.took(announced.venue_id)
        return _accepted(response, done)


async def _save_blob(
    state: State, request: Request, recording_id: UUID, owner: Known | Announced, name: str, length: int, sha256: bytes
) -> None:
    written = state.parts.incoming()
    await state.bodies.save(request, written, length=length, sha256=sha256)
    try:
        await state.bodies.off_loop(state.blobs.adopt, owner.venue_id, recording_id, name, written)
    finally:
        await state.bodies.off_loop(LocalPath.unlink, written, missing_ok=True)


async def _join(state: State, known: Known) -> None:
    parts = await state.bodies.off_loop(state.parts.of, known.venue_id, known.upload_id)
    there = {part.number: part for part in parts}
    wanted = range(1, known.part_count + 1)
    missing = [number for number in wanted if number not in there]
    if missing and not (await state.database.run(find_upload, known.venue_id, known.upload_id)).complete:
        raise UploadIncomplete(
            f"{len(missing)} of {known.part_count} parts of upload {known.upload_id} are missing. Send them first.",
            missing=missing,
        )
    if missing:  # not any more: another request completed the upload and its parts were removed
        return
    paths = [there[number].path for number in wanted]
    try:
        await state.bodies.off_loop(
            state.blobs.put, known.venue_id, known.recording_id, AUDIO, paths, sha256=known.sha256
        )
    except FileNotFoundError:
        # Another request completed the upload meanwhile, and its parts were removed; or one was just replaced.
        if not (await state.database.run(find_upload, known.venue_id, known.upload_id)).complete:
            raise UploadIncomplete("A part was replaced meanwhile. Complete again.", missing=[]) from None


async def _must_have_room(state: State, announced: Announced) -> None:
    """What was announced before is let in, however much waits."""
    try:
        await state.limits.must_have_room(announced.venue_id)
    except BacklogFull:
        if not await state.database.run(seen_before, announced):
            raise


def _must_fit(state: State, size: int) -> None:
    settings = state.settings
    if size < 1:
        raise BadInput("The recording is empty.")
    if size > min(settings.max_recording_bytes, settings.max_parts * settings.part_bytes):
        raise TooLarge(f"The recording has {size} bytes; at most {settings.max_recording_bytes} are taken.")


def _metadata(header: str | None) -> dict[str, Any]:
    if header is None:
        return {}
    return parse(header.encode("latin-1"), Metadata, within="VocalVerse-Recording").as_kept()


def _expected_parts(known: Known, number: int, length: int) -> str:
    if number > known.part_count:
        return f"Upload {known.upload_id} has {known.part_count} parts; there is no part {number}."
    return f"Part {number} of upload {known.upload_id} should have {known.size_of_part(number)} bytes, not {length}."


def _accepted(response: Response, done: Accepted) -> AcceptedAnswer:
    response.status_code = 201 if done.new else 200
    return AcceptedAnswer(recording_id=done.recording_id, task_id=done.task_id, state=done.state)


async def _upload_answer(state: State, known: Known) -> UploadAnswer:
    parts = [] if known.complete else await state.bodies.off_loop(state.parts.of, known.venue_id, known.upload_id)
    return UploadAnswer(
        upload_id=known.upload_id,
        state="complete" if known.complete else "open",
        part_bytes=known.part_bytes,
        parts=[PartAnswer(number=part.number, size=part.size, sha256=part.sha256) for part in parts],
        recording_id=known.recording_id if known.complete else None,
    )
