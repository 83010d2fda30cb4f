"""A gateway over real HTTP, in memory, that keeps the contract and can be told to fail in every way a network knows."""

import base64
import hashlib
import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from vocalverse.agent.client import Server
from vocalverse.agent.items import Item, ItemState
from vocalverse.agent.journal import Journal
from vocalverse.agent.options import AgentOptions
from vocalverse.agent.run import Agent

KEY = "vv_test.secret"


@dataclass
class Fault:
    """Happens to the next `times` requests whose `METHOD /path` matches."""

    pattern: str
    status: int = 0  # 0: see `kind`
    kind: str = "answer"  # answer, drop (in mid-body), lose (do it, but do not say so), stall, damage, portal
    code: str | None = "injected"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    only_for: Callable[[str], bool] = lambda _: True


@dataclass
class Upload:
    said: dict[str, Any]
    parts: dict[int, bytes] = field(default_factory=dict)
    backing: bytes | None = None
    recording_id: str | None = None


@dataclass(frozen=True)
class Request:
    line: str  # "PUT /v1/uploads/…"
    at: float
    headers: dict[str, str]
    body: bytes


class Gateway(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.part_bytes = 1000
        self.max_single_bytes = 8 * 2**20
        self.date_offset_s = 0.0
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.uploads: dict[str, Upload] = {}
        self.contents: dict[str, bytes] = {}  # recording id → what was uploaded
        self.metadata: dict[str, dict[str, Any]] = {}
        self.health: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.received = 0
        self.meanwhile: Callable[[str], None] = lambda _: None  # done before a request is answered

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-request is what these tests are about."""

    def fault(self, line: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and re.search(fault.pattern, line) and fault.only_for(line):
                    fault.times -= 1
                    return fault
        return None

    def lines(self, pattern: str = "") -> list[str]:
        return [request.line for request in list(self.requests) if re.search(pattern, request.line)]

    def record(self, content: bytes, metadata: dict[str, Any]) -> str:
        recording_id = str(uuid.uuid4())
        self.contents[recording_id] = content
        self.metadata[recording_id] = metadata
        return recording_id


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.server.date_offset_s)

    def do_ANY(self) -> None:
        line = f"{self.command} {self.path}"
        fault = self.server.fault(line)
        if self.path != "/healthz" and self.headers.get("Authorization") != f"Bearer {KEY}":
            return self.refuse(401, "unauthenticated")
        if fault and fault.kind == "answer":
            return self.refuse(fault.status, fault.code, fault.headers)
        body = self.body(cut=fault is not None and fault.kind == "drop")
        if body is None:
            return self.hang_up()
        self.server.requests.append(Request(line, time.monotonic(), dict(self.headers), body))
        self.server.meanwhile(line)
        if fault and fault.kind == "portal":
            return self.answer(200, b"<html>Welcome to the hotel's network</html>", "text/html")
        if fault and fault.kind == "stall":
            time.sleep(30)
            return self.hang_up()
        if fault and fault.kind == "damage":
            body = b"\0" + body[1:]
        with self.server.lock:
            status, said = self.route(body)
        if fault and fault.kind == "lose":
            return self.hang_up()
        if status >= 400:
            return self.refuse(status, said["code"], extra=said)
        return self.answer(status, json.dumps(said).encode() if status != 204 else b"")

    do_GET = do_PUT = do_POST = do_DELETE = do_ANY  # noqa: N815 -- http.server's names

    def body(self, *, cut: bool) -> bytes | None:
        length = int(self.headers.get("Content-Length", 0))
        wanted, got = (length // 2 if cut else length), bytearray()
        while len(got) < wanted:
            block = self.rfile.read1(min(65536, wanted - len(got)))
            if not block:
                return None
            got += block
            self.server.received += len(block)
        return None if cut else bytes(got)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def refuse(self, status: int, code: str | None, headers: dict[str, str] | None = None, extra: Any = None) -> None:
        problem = {"type": f"urn:vocalverse:error:{code}", "title": "No.", "status": status, "detail": f"No: {code}."}
        self.close_connection = True
        body = json.dumps(problem | {"code": code} | (extra or {})).encode() if code else b"<h1>proxy</h1>"
        self.answer(status, body, "application/problem+json", headers)

    def answer(
        self, status: int, body: bytes, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    # --- the contract ---

    def route(self, body: bytes) -> tuple[int, dict[str, Any]]:
        gateway = self.server
        match self.path.strip("/").split("/"):
            case ["healthz"]:
                return 200, {"status": "ok"}
            case ["v1", "machines", name, "health"]:
                gateway.health.append({"machine": name} | json.loads(body))
                return 204, {}
            case ["v1", "uploads", upload_id, "content"]:
                return self.content(upload_id, body)
            case ["v1", "uploads", upload_id] if self.command == "PUT":
                return self.create(upload_id, json.loads(body))
            case ["v1", "uploads", upload_id, *rest]:
                upload = gateway.uploads.get(upload_id)
                if upload is None:
                    return 404, {"code": "not_found"}
                return self.upload(upload_id, upload, rest, body)
        return 404, {"code": "not_found"}

    def create(self, upload_id: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        known = self.server.uploads.get(upload_id)
        if known and known.said != said:
            return 409, {"code": "upload_conflict"}
        if not known:
            self.server.uploads[upload_id] = Upload(said)
        return 200 if known else 201, self.status_of(upload_id)

    def status_of(self, upload_id: str) -> dict[str, Any]:
        upload = self.server.uploads[upload_id]
        parts = [
            {"number": number, "size": len(part), "sha256": hashlib.sha256(part).hexdigest()}
            for number, part in sorted(upload.parts.items())
        ]
        state = "complete" if upload.recording_id else "open"
        return {
            "upload_id": upload_id,
            "state": state,
            "part_bytes": self.server.part_bytes,
            "parts": parts,
            "recording_id": upload.recording_id,
        }

    def upload(self, upload_id: str, upload: Upload, rest: list[str], body: bytes) -> tuple[int, dict[str, Any]]:
        match self.command, rest:
            case "GET", []:
                return 200, self.status_of(upload_id)
            case "DELETE", []:
                del self.server.uploads[upload_id]
                return 204, {}
            case "PUT", ["parts", number]:
                if not self.digest_holds(body):
                    return 422, {"code": "digest_mismatch"}
                upload.parts[int(number)] = body
                return 200, {"number": int(number), "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            case "PUT", ["backing"]:
                if not self.digest_holds(body):
                    return 422, {"code": "digest_mismatch"}
                upload.backing = body
                return 200, {}
            case "POST", ["complete"]:
                return self.complete(upload)
        return 404, {"code": "not_found"}

    def complete(self, upload: Upload) -> tuple[int, dict[str, Any]]:
        count = -(-upload.said["size"] // self.server.part_bytes)
        missing = [number for number in range(1, count + 1) if number not in upload.parts]
        if missing:
            return 409, {"code": "upload_incomplete", "missing": missing}
        whole = b"".join(upload.parts[number] for number in range(1, count + 1))
        if hashlib.sha256(whole).hexdigest() != upload.said["sha256"]:
            return 422, {"code": "digest_mismatch"}
        known = upload.recording_id is not None
        upload.recording_id = upload.recording_id or self.server.record(whole, upload.said["recording"])
        return 200 if known else 201, {"recording_id": upload.recording_id, "task_id": "t", "state": "ready"}

    def content(self, upload_id: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if len(body) > self.server.max_single_bytes:
            return 413, {"code": "too_large"}
        if not self.digest_holds(body):
            return 422, {"code": "digest_mismatch"}
        said = {"sha256": hashlib.sha256(body).hexdigest()}
        known = self.server.uploads.setdefault(upload_id, Upload(said))
        if known.said != said:
            return 409, {"code": "upload_conflict"}
        if known.recording_id:
            return 200, {"recording_id": known.recording_id}
        known.recording_id = self.server.record(body, json.loads(self.headers.get("VocalVerse-Recording", "{}")))
        return 201, {"recording_id": known.recording_id, "task_id": "t", "state": "ready"}

    def digest_holds(self, body: bytes) -> bool:
        said = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return self.headers.get("Content-Digest") == f"sha-256=:{said}:"


class Recorder:
    """Hears what the agent reports."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.bytes = 0

    def backlog(self, waiting: Any) -> None:
        """Not of interest."""

    def sent(self, size: int) -> None:
        self.bytes += size

    def ended(self, item: Item) -> None:
        self.items.append(item)


@dataclass
class Venue:
    """A folder, a gateway and an agent between them that works until all is done."""

    folder: Path
    gateway: Gateway
    options: AgentOptions
    reporter: Recorder = field(default_factory=Recorder)
    stop: threading.Event = field(default_factory=threading.Event)

    def put(self, name: str, content: bytes, sidecar: object = None) -> Path:
        if sidecar is not None:
            (self.folder / f"{name}.json").write_text(json.dumps(sidecar))
        path = self.folder / name
        path.write_bytes(content)
        return path

    def work(self, stop: threading.Event | None = None) -> None:
        stop = stop or self.stop
        key = self.options.key
        with (
            Server(self.gateway.url, lambda: key, bandwidth=self.options.bandwidth, stop=stop) as server,
            Journal(self.options.journal) as journal,
        ):
            Agent(self.options, server, journal, stop, self.reporter).live()

    def items(self, *states: ItemState) -> list[Item]:
        with Journal(self.options.journal) as journal:
            return journal.items(*(states or tuple(ItemState)))

    def states(self) -> dict[str, str]:
        return {item.name: str(item.state) for item in self.items()}
