"""One file from the web: resumed where it broke off, bounded in size, whole or not there at all."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from vocalverse import __version__
from vocalverse.errors import DigestMismatch, DiskFull, ModelBroken, ModelRefused, NotFound, Unavailable
from vocalverse.models.digest import Pin, sha256_of_path
from vocalverse.records import Progress, no_progress

STAGE = "fetch"

_TIMEOUT = httpx.Timeout(connect=15.0, write=15.0, read=60.0, pool=15.0)
_REDIRECTS = 5
_HEADERS = {"User-Agent": f"vocalverse/{__version__}", "Accept-Encoding": "identity"}
_GONE = {401, 403, 404, 410}
_PAGES = ("<!doctype html", "<html")  # which no model and no yaml begins with


@dataclass(frozen=True)
class Wanted:
    """What the file at the other end should be, as far as it is known."""

    bytes_at_most: int
    bytes: int | None = None
    pin: Pin | None = None
    plain_text: bool = False  # read as data only: changing it on the way gains nobody anything


@dataclass(frozen=True)
class Patience:
    """A broken connection is taken up again after each of these waits; then it is given up."""

    waits_s: tuple[float, ...] = (1.0, 3.0, 10.0)


_PATIENCE = Patience()


def download(
    url: str, into: Path, wanted: Wanted, *, patience: Patience = _PATIENCE, progress: Progress = no_progress
) -> Path:
    """Fetches `url` into the file `into`. What is there of an earlier try is kept and continued."""
    _require_safe(url, wanted)
    part = into.with_name(f"{into.name}.part")
    with _disk_errors(into):
        into.parent.mkdir(parents=True, exist_ok=True)
        _with_patience(url, part, wanted, patience, progress)
        _check(part, url, wanted)
        os.replace(part, into)
        _note_of(part).unlink(missing_ok=True)
    return into


def _require_safe(url: str, wanted: Wanted) -> None:
    scheme = urlsplit(url).scheme
    if scheme == "http" and (wanted.plain_text or (wanted.pin and wanted.pin.whole)):
        return  # whoever changes it on the way is found out
    if scheme != "https":
        raise ModelRefused(f"{url} is not encrypted: use https, or give the file's whole --sha256.")


def _with_patience(url: str, part: Path, wanted: Wanted, patience: Patience, progress: Progress) -> None:
    for wait_s in (*patience.waits_s, None):
        try:
            _continue(url, part, wanted, progress)
            return
        except httpx.HTTPError as error:
            if wait_s is None:
                raise Unavailable(
                    f"{url} broke off or does not answer ({_why(error)}). {_kept(part)} Without a network, use --from a"
                    " folder."
                ) from error
            time.sleep(wait_s)


def _kept(part: Path) -> str:
    here = part.stat().st_size if part.exists() else 0
    return f"The {here} bytes that came are kept: the same command goes on from there." if here else "Try again later."


def _continue(url: str, part: Path, wanted: Wanted, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have and have == wanted.bytes:
        return
    with httpx.Client(timeout=_TIMEOUT, headers=_HEADERS) as client, _answer(client, url, _range(part, have)) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # longer than what is there: of another file
            raise httpx.RemoteProtocolError("the part that is here does not belong to it")
        _require_file(answer, url)
        have = _start(answer, have)
        total = _total(answer, have)
        _require_fitting(url, total, wanted)
        _require_room(part, (total or wanted.bytes_at_most) - have)
        _note_of(part).write_text(json.dumps({"url": url, "etag": answer.headers.get("ETag")}), encoding="utf-8")
        _receive(answer, part, have, total, wanted, progress)


def _receive(
    answer: httpx.Response, part: Path, have: int, total: int | None, wanted: Wanted, progress: Progress
) -> None:
    with part.open("r+b" if have else "wb") as file:
        file.truncate(have)
        file.seek(have)
        for block in answer.iter_raw():
            if not have and block.lstrip()[:14].decode("latin-1").lower().startswith(_PAGES):
                raise _page(str(answer.url))
            have += len(block)
            if have > wanted.bytes_at_most:
                file.truncate(0)
                raise ModelBroken(f"{answer.url} is larger than the {wanted.bytes_at_most} bytes that it may be.")
            file.write(block)
            progress(STAGE, min(1.0, have / (total or wanted.bytes_at_most)))
        file.flush()
        os.fsync(file.fileno())
    due = total or wanted.bytes
    if due is not None and have < due:
        raise httpx.RemoteProtocolError(f"{have} of {due} bytes came")


def _range(part: Path, have: int) -> dict[str, str]:
    """Goes on only where the file there is still the one of which the beginning is here."""
    if not have:
        return {}
    try:
        etag = json.loads(_note_of(part).read_text(encoding="utf-8"))["etag"]
    except (OSError, ValueError, KeyError, TypeError):
        etag = None
    strong = isinstance(etag, str) and not etag.startswith("W/")
    return {"Range": f"bytes={have}-", **({"If-Range": etag} if strong else {})}


@contextlib.contextmanager
def _answer(client: httpx.Client, url: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
    """The answer at the end of the redirects, none of which may lead out of https, or to what is no web at all."""
    where = httpx.URL(url)
    for _ in range(_REDIRECTS + 1):
        with client.stream("GET", where, headers=headers) as answer:
            if answer.next_request is None:
                if answer.status_code in _GONE:
                    raise NotFound(
                        f"{where} is not to be had (status {answer.status_code}): use --from a mirror or a folder."
                    )
                if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and answer.is_error:
                    raise httpx.RemoteProtocolError(f"status {answer.status_code}")
                yield answer
                return
            where = leads_to(where, answer.next_request.url)
    raise Unavailable(f"{url} leads from one address to the next without end.")


def leads_to(here: httpx.URL, there: httpx.URL) -> httpx.URL:
    """Who began without encryption knows the whole hash; who began with it keeps it."""
    if there.scheme == "https" or (here.scheme, there.scheme) == ("http", "http"):
        return there
    raise ModelRefused(f"{here} leads to {there}, which is not encrypted: use --from another place.")


def _require_file(answer: httpx.Response, url: str) -> None:
    if answer.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise _page(url)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx.RemoteProtocolError("it came packed, which was not asked for")


def _page(url: str) -> Unavailable:
    return Unavailable(
        f"{url} answered with a web page in place of the file. Does this network ask for a login first? Log in, then"
        " call the same command; or use --from a folder."
    )


def _start(answer: httpx.Response, have: int) -> int:
    """Where the answer's bytes belong: a server that knows no ranges begins anew."""
    said = answer.headers.get("Content-Range", "")
    if answer.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0
    if not said.startswith(f"bytes {have}-"):
        raise httpx.RemoteProtocolError(f"asked from byte {have}, got {said!r}")
    return have


def _total(answer: httpx.Response, have: int) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() else None


def _require_fitting(url: str, total: int | None, wanted: Wanted) -> None:
    if total is None:
        return
    if total > wanted.bytes_at_most or (wanted.bytes is not None and total != wanted.bytes):
        raise ModelBroken(f"{url} is {total} bytes long, not {wanted.bytes or wanted.bytes_at_most}: another file.")


def _require_room(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise DiskFull(f"{part.parent} has {free} bytes free, {needed} more are needed.")


def _check(part: Path, url: str, wanted: Wanted) -> None:
    """What does not match is thrown away: going on with it would never end well."""
    size = part.stat().st_size
    sha256 = sha256_of_path(part)
    if wanted.bytes is not None and size != wanted.bytes:
        part.unlink()
        raise ModelBroken(f"{url} gave {size} bytes instead of {wanted.bytes}.")
    if wanted.pin and not wanted.pin.matches(sha256):
        part.unlink()
        raise DigestMismatch(f"{url} has sha256 {sha256}, but should have {wanted.pin}. It was thrown away.")


@contextlib.contextmanager
def _disk_errors(into: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DiskFull.errnos:
            raise DiskFull(f"The disk of {into.parent} is full. Make room; the same command goes on.") from error
        raise Unavailable(f"{into} cannot be written ({error.strerror or error}).") from error


def _note_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
