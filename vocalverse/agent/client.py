"""The server's API as an agent sees it: typed answers, typed faults, and never a guess at success."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx

from vocalverse import __version__
from vocalverse.agent.answers import Upload, clock_skew_s, fault_of, fields_of
from vocalverse.agent.faults import Away
from vocalverse.agent.files import Slice
from vocalverse.agent.items import Item, new_upload_id
from vocalverse.agent.pace import Bandwidth
from vocalverse.errors import BadInput

# Completing hashes the whole recording on the server, hence the long read.
_TIMEOUT = httpx.Timeout(connect=10.0, write=30.0, read=120.0, pool=10.0)
_SHORT = httpx.Timeout(10.0)


class Server:
    """One venue's access to a server. `sent` hears of every block of a recording that went out."""

    def __init__(
        self,
        url: str,
        key: Callable[[], str],
        *,
        bandwidth: int | None = None,
        stop: threading.Event | None = None,
        sent: Callable[[int], None] = lambda size: None,
    ) -> None:
        self.url = _checked(url)
        self.clock_skew_s: float | None = None  # ours minus the server's, from its last answer
        self._key = key
        self._sent = sent
        self.bandwidth = Bandwidth(bandwidth, stop or threading.Event())
        self._http = httpx.Client(base_url=self.url, timeout=_TIMEOUT, headers={"User-Agent": _AGENT})

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- uploads ---

    def open_upload(self, item: Item) -> Upload:
        wanted = {
            "size": item.size,
            "sha256": item.sha256,
            "filename": sendable(item.name),
            "recording": json.loads(item.recording or "{}"),
        }
        return Upload.of(self._ask("PUT", _upload(item), json_body=wanted))

    def put_part(self, item: Item, number: int, part: Slice) -> None:
        self._send(f"{_upload(item)}/parts/{number}", part, {})

    def put_backing(self, item: Item, backing: Slice) -> None:
        self._send(f"{_upload(item)}/backing", backing, {})

    def complete(self, item: Item) -> UUID:
        return _recording_id(self._ask("POST", f"{_upload(item)}/complete", json_body={"sha256": item.sha256}))

    def put_content(self, item: Item, content: Slice) -> UUID:
        """The whole recording in one request."""
        said = {"VocalVerse-Recording": item.recording or "{}"}
        known = bytes.fromhex(item.sha256 or "")
        return _recording_id(self._send(f"{_upload(item)}/content", content, said, known))

    def abandon(self, upload_id: str) -> None:
        self._ask("DELETE", f"/v1/uploads/{upload_id}", timeout=_SHORT)

    # --- everything else ---

    def report_health(self, machine: str, health: Mapping[str, Any]) -> None:
        name = quote(machine, safe="", errors="replace")
        self._ask("PUT", f"/v1/machines/{name}/health", json_body=health, timeout=_SHORT)

    def greet(self) -> None:
        """Is it there? Its answer also sets the clock skew."""
        self._request("GET", "/healthz", timeout=_SHORT)

    def check_key(self) -> None:
        """Asks for an upload that does not exist: only a key that may upload hears so, in the server's own words."""
        answer = self._request("GET", f"/v1/uploads/{new_upload_id()}", timeout=_SHORT, expect=(404,))
        if "code" not in fields_of(answer):
            raise fault_of(answer)

    def _send(self, path: str, body: Slice, headers: Mapping[str, str], known: bytes = b"") -> Mapping[str, Any]:
        digest = base64.b64encode(known or body.sha256(self.bandwidth.breathe)).decode()
        framing = {
            "Content-Length": str(body.length),
            "Content-Type": "application/octet-stream",
            "Content-Digest": f"sha-256=:{digest}:",
        }
        return fields_of(self._request("PUT", path, content=self._paced(body), headers={**framing, **headers}))

    def _paced(self, body: Slice) -> Iterator[bytes]:
        for block in body.blocks(self.bandwidth.block):
            self.bandwidth.take(len(block))
            yield block
            self._sent(len(block))

    def _ask(
        self, method: str, path: str, *, json_body: Mapping[str, Any] | None = None, timeout: httpx.Timeout = _TIMEOUT
    ) -> Mapping[str, Any]:
        content = json.dumps(json_body).encode() if json_body is not None else None
        headers = {"Content-Type": "application/json"} if content is not None else {}
        return fields_of(self._request(method, path, content=content, headers=headers, timeout=timeout))

    def _request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        expect: tuple[int, ...] = (200, 201, 204),
    ) -> httpx.Response:
        authorization = {"Authorization": f"Bearer {self._key()}"}
        try:
            answer = self._http.request(
                method, path, content=content, headers={**authorization, **(headers or {})}, timeout=timeout
            )
        except httpx.RequestError as trouble:
            everywhere = isinstance(trouble, httpx.ConnectError | httpx.ConnectTimeout)
            said = str(trouble) or type(trouble).__name__
            raise Away(f"{self.url} does not answer ({said}).", everywhere=everywhere) from None
        self.clock_skew_s = clock_skew_s(answer.headers.get("Date"), self.clock_skew_s)
        if answer.status_code not in expect:
            raise fault_of(answer)
        return answer


_AGENT = f"vocalverse-agent/{__version__}"


def sendable(name: str) -> str:
    """A file's name as text that any server takes: no control characters, no bytes that are no text."""
    text = name.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else "_" for letter in text)[-200:]


def _upload(item: Item) -> str:
    return f"/v1/uploads/{item.upload_id}"


def _recording_id(said: Mapping[str, Any]) -> UUID:
    """An acknowledgement counts only when it names the recording."""
    try:
        return UUID(str(said["recording_id"]))
    except (KeyError, ValueError):
        raise Away("The server's answer names no recording: is something between us?", everywhere=False) from None


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadInput(f"{url!r} is no server's address: write it like https://judge.example.com or http://host:8470.")
    return url.rstrip("/")
