"""What the server's answers mean. Only an answer in our own words counts; anything else is tried again."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Self
from uuid import UUID

import httpx

from vocalverse.agent.faults import Away, PartsMissing, Refused
from vocalverse.agent.pace import parse_retry_after
from vocalverse.errors import Forbidden, TooMuch, Unauthenticated, VocalVerseError

NEVER = frozenset({409, 410, 413, 422})  # asking again would get the same answer
SERVER_WIDE = frozenset({502, 503, 504, 507})
DEFAULT_RETRY_AFTER_S = 5.0


@dataclass(frozen=True)
class Upload:
    """How far the server is with one upload."""

    complete: bool
    part_bytes: int
    parts: frozenset[int]
    recording_id: UUID | None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        try:
            complete = said["state"] == "complete"
            upload = cls(
                complete,
                int(said["part_bytes"]),
                frozenset(int(part["number"]) for part in said["parts"]),
                UUID(str(said["recording_id"])) if complete else None,
            )
        except (KeyError, TypeError, ValueError):
            raise _no_answer_of_ours() from None
        if upload.part_bytes < 1:
            raise _no_answer_of_ours()
        return upload

    def missing(self, size: int) -> tuple[int, ...]:
        """The numbers of the parts that are still to be sent, of a recording of `size` bytes."""
        count = -(-size // self.part_bytes)
        return tuple(number for number in range(1, count + 1) if number not in self.parts)


def fields_of(answer: httpx.Response) -> Mapping[str, Any]:
    """The JSON object in an answer; a captive portal's page is none."""
    if answer.status_code == 204:
        return {}
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        raise _no_answer_of_ours() from None
    if not isinstance(said, dict):
        raise _no_answer_of_ours()
    return said


def fault_of(answer: httpx.Response) -> VocalVerseError:
    """What an answer that is no success means for the recording and for all the others."""
    status, problem = answer.status_code, _problem(answer)
    code = problem.get("code")
    said = str(problem.get("detail") or problem.get("title") or f"The server answered {status}.")
    retry_after_s = parse_retry_after(answer.headers.get("Retry-After"))
    match status:
        case 401:
            return Unauthenticated(said)
        case 403:
            return Forbidden(said)
        case 429:
            return TooMuch(said, retry_after_s=DEFAULT_RETRY_AFTER_S if retry_after_s is None else retry_after_s)
        case 409 if code == PartsMissing.code:
            return PartsMissing(said, missing=_numbers(problem.get("missing")))
        case _ if status in NEVER:
            return Refused(said, reason=str(code or f"http_{status}"), status=status)
        case _ if 300 <= status < 400:
            elsewhere = answer.headers.get("Location", "elsewhere")
            return Away(f"The server sends us to {elsewhere}: give --server that address.", everywhere=True)
        case _ if 400 <= status < 500 and code and status not in (404, 408, 425):
            return Refused(said, reason=str(code), status=status)
    # A 404 in our words means an upload that was swept away: opening it again helps. Any other is a wrong address.
    everywhere = status in SERVER_WIDE or (400 <= status < 500 and not code)
    return Away(said, everywhere=everywhere, retry_after_s=retry_after_s)


def clock_skew_s(date: str | None, before: float | None) -> float | None:
    """Our clock minus the server's. `Date` has whole seconds, so half of one is what it misses on average."""
    try:
        theirs = parsedate_to_datetime(date or "").timestamp() + 0.5
    except (ValueError, OverflowError):
        return before
    return time.time() - theirs


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _numbers(said: object) -> tuple[int, ...]:
    return tuple(number for number in said if isinstance(number, int)) if isinstance(said, list) else ()


def _no_answer_of_ours() -> Away:
    return Away("The answer is not VocalVerse's: is a login page or a wrong proxy in between?", everywhere=True)
