"""Bodies: measured before they are read, streamed to the disk, never held in memory as a whole.

Hashing, writing and fsync happen in threads; the event loop only hands blocks over.
"""

import asyncio
import base64
import binascii
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from vocalverse.errors import DigestMismatch, TooLarge
from vocalverse.gateway.problems import (
    BadFields,
    BadMetadata,
    BadRequest,
    BodyTimeout,
    LengthRequired,
    in_words,
    pointer,
)
from vocalverse.store.blobs import disk_errors

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=BaseModel)

_BLOCK: Final = 128 * 2**10  # what is handed to a thread at once
_MAX_JSON: Final = 64 * 2**10
_THREADS: Final = 8
_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:$|[,;])")


class Cut(BadRequest):
    """The sender went away in mid-body. Nobody is left to read the answer."""

    code = "body_cut"


class Bodies:
    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(_THREADS, "body")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def off_loop(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run what blocks in a thread. Once begun it is waited for, so that it never works on what is gone."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    async def save(self, request: Request, target: Path, *, length: int, sha256: bytes) -> None:
        """Write the body to `target`, durably; on any trouble nothing is left there."""
        sink = await self.off_loop(_Sink, target)
        try:
            async for chunks in self._blocks(request, length):
                await self.off_loop(sink.write, chunks)
                del chunks  # or hundreds of slow senders would each keep their last one in memory
            await self.off_loop(sink.finish, sha256)
        except BaseException:
            await self.off_loop(sink.discard)
            raise

    async def read_json(self, request: Request, model: type[_Model], *, may_be_empty: bool = False) -> _Model:
        length = body_length(request, at_most=_MAX_JSON, may_be_empty=may_be_empty)
        raw = b"".join([b"".join(chunks) async for chunks in self._blocks(request, length)])
        return parse(b"{}" if may_be_empty and not raw else raw, model)

    async def _blocks(self, request: Request, length: int) -> AsyncIterator[Sequence[bytes]]:
        held: list[bytes] = []
        size = received = 0
        more = length > 0
        while more:
            chunk, more = await self._receive(request)
            received += len(chunk)
            size += len(chunk)
            held.append(chunk)
            del chunk
            if size >= _BLOCK or not more:
                yield held
                held, size = [], 0
        if received != length:
            raise Cut(f"The body has {received} bytes, not {length} as its Content-Length said. Send it again.")

    async def _receive(self, request: Request) -> tuple[bytes, bool]:
        try:
            async with asyncio.timeout(self._timeout_s):
                message = await request.receive()
        except TimeoutError:
            raise BodyTimeout(
                f"Nothing of the body arrived for {self._timeout_s:g} seconds. Send it again, from where GET says."
            ) from None
        if message["type"] == "http.disconnect":
            raise Cut("The connection ended in mid-body.")
        return message.get("body", b""), message.get("more_body", False)


class _Sink:
    """A file being written, and the digest of what went in."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        with disk_errors():
            self._descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, chunks: Sequence[bytes]) -> None:
        with disk_errors():
            for chunk in chunks:
                self._digest.update(chunk)
                left = memoryview(chunk)
                while left:
                    left = left[os.write(self._descriptor, left) :]

    def finish(self, sha256: bytes) -> None:
        found = self._digest.digest()
        if found != sha256:
            raise DigestMismatch(
                f"The body has the sha-256 {found.hex()}, not {sha256.hex()} as Content-Digest said. Send it again."
            )
        with disk_errors():
            os.fsync(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1

    def discard(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._target.unlink(missing_ok=True)


def body_length(request: Request, *, at_most: int, may_be_empty: bool = False) -> int:
    """How long the body says it is; refused unread where it does not say, or says too much."""
    said = request.headers.get("content-length")
    if "transfer-encoding" in request.headers or (said is None and not may_be_empty):
        raise LengthRequired("Send the body with a Content-Length: it is checked before the body is read.")
    try:
        length = int(said or 0)
    except ValueError:
        raise BadRequest("Content-Length is not a number.") from None
    if length > at_most:
        raise TooLarge(f"The body has {length} bytes; here at most {at_most} are taken.")
    return length


def content_digest(request: Request) -> bytes:
    """The sha-256 of RFC 9530's Content-Digest."""
    found = _SHA256.search(request.headers.get("content-digest", ""))
    try:
        return base64.b64decode(found[1], validate=True) if found else _no_digest()
    except binascii.Error:
        return _no_digest()


def _no_digest() -> bytes:
    raise BadRequest("Send the body's digest: Content-Digest: sha-256=:<base64>:")


def parse(raw: bytes, model: type[_Model], *, within: str = "") -> _Model:
    """JSON as `model`. What is no JSON is `bad_request`; what is wrong in the metadata is `bad_metadata`."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_context=False, include_input=False)
    if errors[0]["type"] == "json_invalid":
        raise BadRequest(f"{within or 'The body'} is not JSON: {errors[0]['msg']}.")
    fields = [_field(error, within) for error in errors[:20]]
    of_metadata = within or any(field["pointer"].startswith("/recording") for field in fields)
    raise (BadMetadata if of_metadata else BadFields)(in_words(fields), fields=fields)


def _field(error: Mapping[str, Any], within: str) -> dict[str, str]:
    path = (within, *error["loc"]) if within else error["loc"]
    return {"pointer": pointer(path)[:500], "message": str(error["msg"])[:500]}
