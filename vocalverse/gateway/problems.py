"""Errors as RFC 9457 problems: a stable code, and a sentence that says what happened and what to do next."""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from vocalverse.errors import BadInput, BlobMissing, TooMuch, Unavailable, VocalVerseError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_UNAVAILABLE_S = 5


class BadRequest(BadInput):
    """The request itself cannot be read."""

    code = "bad_request"
    http_status = 400


class BadFields(BadInput):
    """A field is not as it should be; `fields` says which and why, by JSON pointer."""

    code = "bad_request"

    def __init__(self, message: str, *, fields: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class BadMetadata(BadFields):
    code = "bad_metadata"


class LengthRequired(BadInput):
    code = "length_required"
    http_status = 411


class BodyTimeout(BadInput):
    code = "body_timeout"
    http_status = 408


class UploadIncomplete(VocalVerseError):
    code = "upload_incomplete"
    http_status: ClassVar[int] = 409

    def __init__(self, message: str, *, missing: Sequence[int]) -> None:
        super().__init__(message)
        self.missing = missing


class Problem(BaseModel):
    """What every error answer says."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:vocalverse:error:upload_unknown",
                "title": "Not Found",
                "status": 404,
                "code": "upload_unknown",
                "detail": "There is no upload 20260131-a1b2c3d4. Open it first: PUT /v1/uploads/20260131-a1b2c3d4.",
            }
        }
    )

    type: str
    title: str
    status: int
    code: str = Field(description="Stable: programs may compare it.")
    detail: str = Field(description="What happened, and what to do next.")
    retry_after_s: int | None = None
    missing: list[int] | None = Field(None, description="Numbers of the parts that have not arrived.")
    fields: list[dict[str, str]] | None = Field(None, description="Which fields are wrong, by JSON pointer.")
    checks: dict[str, str] | None = Field(None, description="What is ready, and what is not.")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for its `responses`."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}}
    if status in (429, 503, 507):
        described["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return described


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
) -> JSONResponse:
    said = {
        "type": f"urn:vocalverse:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }
    return JSONResponse(said, status, dict(headers or {}), MEDIA_TYPE)


def answer_to(error: VocalVerseError) -> JSONResponse:
    extra: dict[str, Any] = {}
    match error:
        case TooMuch():
            extra["retry_after_s"] = max(1, math.ceil(error.retry_after_s))
        case Unavailable():
            extra["retry_after_s"] = RETRY_UNAVAILABLE_S
        case UploadIncomplete():
            extra["missing"] = list(error.missing)
        case BadFields() if error.fields:
            extra["fields"] = list(error.fields)
    headers = {"Retry-After": str(extra["retry_after_s"])} if "retry_after_s" in extra else {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="vocalverse"'
    if error.http_status >= 500:
        log.warning("%s", error, extra={"action": "request_failed", "code": error.code})
    detail = _HIDDEN if type(error).http_status == 500 and not isinstance(error, BlobMissing) else str(error)
    return problem(error.http_status, error.code, detail, headers=headers, **extra)


def install(app: FastAPI) -> None:
    """Every error that leaves a route becomes a problem."""
    app.add_exception_handler(VocalVerseError, _ours)
    app.add_exception_handler(HTTPException, _starlettes)
    app.add_exception_handler(RequestValidationError, _fastapis)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VocalVerseError)
    return answer_to(error)


_CODES = {404: ("not_found", "There is nothing here."), 405: ("method_not_allowed", "This address has other methods.")}
_HIDDEN = "Something went wrong on the server, which has logged it. Trying again may help."


async def _starlettes(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code, detail = _CODES.get(error.status_code, ("bad_request", str(error.detail)))
    return problem(error.status_code, code, f"{detail} GET /openapi.json lists what there is.", headers=error.headers)


async def _fastapis(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [{"pointer": pointer(one["loc"]), "message": str(one["msg"])} for one in error.errors()[:20]]
    return answer_to(BadFields(in_words(fields), fields=fields))


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    return problem(500, "internal", _HIDDEN)


def pointer(location: Sequence[Any]) -> str:
    """RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def in_words(fields: Sequence[Mapping[str, str]]) -> str:
    first = fields[0]
    more = f" ({len(fields) - 1} more in `fields`)" if len(fields) > 1 else ""
    return f"{first['pointer'][:200] or 'The body'}: {first['message']}.{more}"
