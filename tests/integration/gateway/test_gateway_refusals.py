"""What the gateway refuses: who may not, what is too large, too slow, too much, or not HTTP at all."""

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.gateway_house import Gateway, Venue, digest_header, upload_id
from tests.patience import allowed_s
from tests.seeding import add_tasks
from vocalverse.store.keys import Scope


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["type"] == f"urn:vocalverse:error:{said['code']}"
    assert said["detail"]
    return answer.status_code, said["code"]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name not in ("gateway.log", "lock")]


@pytest.mark.parametrize("key", [None, "", "vv_abc.def", "vv_000000000000." + "x" * 43, "nonsense", "Bearer x"])
def test_without_a_valid_key_no_byte_is_stored(start: Callable[..., Gateway], key: str | None):
    gateway = start()
    client = gateway.client(key)
    body = os.urandom(3_000_000)
    refused = client.put(f"/v1/uploads/{upload_id()}/content", content=body, headers=digest_header(body))
    assert problem_of(refused) == (401, "unauthenticated")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert files_in(gateway.data) == []


def test_a_key_counts_only_for_what_it_was_given(gateway: Gateway, venue: Venue):
    reader = gateway.client(gateway.key(Scope.READ, venue_id=venue.id))
    operator = gateway.client(gateway.key(Scope.OPERATOR))
    recording_id = venue.take_in()
    assert reader.get(f"/v1/recordings/{recording_id}").status_code == 200
    assert problem_of(reader.delete(f"/v1/recordings/{recording_id}")) == (403, "forbidden")
    assert problem_of(reader.get(f"/v1/uploads/{upload_id()}")) == (403, "forbidden")
    assert problem_of(venue.http.get("/metrics")) == (403, "forbidden")
    assert operator.get(f"/v1/recordings/{recording_id}").status_code == 200
    assert problem_of(operator.get(f"/v1/uploads/{upload_id()}")) == (403, "venue_key_needed")


def test_a_revoked_key_is_refused_within_seconds(gateway: Gateway, venue: Venue):
    assert venue.http.get("/v1/recordings").status_code == 200
    with gateway.connect() as connection:
        connection.execute(text("UPDATE api_keys SET revoked_at = now() WHERE venue_id = :v"), {"v": venue.id})
    time.sleep(5.5)
    assert problem_of(venue.http.get("/v1/recordings")) == (401, "unauthenticated")


def test_another_venues_things_are_not_there(gateway: Gateway, venue: Venue):
    other, name = gateway.venue(), upload_id()
    recording_id = venue.take_in()
    venue.open(name, b"sound")
    for answer in (
        other.http.get(f"/v1/recordings/{recording_id}"),
        other.http.delete(f"/v1/recordings/{recording_id}"),
        other.http.post(f"/v1/recordings/{recording_id}/cancel"),
        other.http.get(f"/v1/recordings/{uuid4()}"),
    ):
        assert problem_of(answer) == (404, "recording_unknown")
    assert problem_of(other.http.get(f"/v1/uploads/{name}")) == (404, "upload_unknown")
    assert problem_of(other.part(name, 1, b"sound")) == (404, "upload_unknown")
    assert problem_of(other.complete(name)) == (404, "upload_unknown")
    assert other.http.get("/v1/recordings").json() == {"items": [], "next": None}
    assert other.open(name, b"other sound").status_code == 201  # the same id is free for another venue


def test_two_gigabytes_are_refused_unread(venue: Venue):
    name = upload_id()
    with socket.create_connection(("127.0.0.1", venue.gateway.port), timeout=60) as raw:
        raw.sendall(
            f"PUT /v1/uploads/{name}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {venue.key}\r\n"
            "Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n"
            f"Content-Length: {2 * 2**30}\r\n\r\n".encode()
        )
        assert b"413" in raw.recv(4096).split(b"\r\n")[0]
    too_large = venue.open(upload_id(), b"", size=5 * 2**20)
    assert problem_of(too_large) == (413, "too_large")


def test_a_body_must_say_its_length_and_its_digest(venue: Venue):
    path = f"/v1/uploads/{upload_id()}/content"
    assert problem_of(venue.http.put(path, content=iter([b"abc"]))) == (411, "length_required")
    assert problem_of(venue.http.put(path, content=b"abc")) == (400, "bad_request")
    assert problem_of(venue.http.put(path, content=b"abc", headers={"Content-Digest": "sha-256=:xx:"}))[0] == 400
    assert problem_of(venue.content(upload_id(), b"")) == (422, "bad_input")


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc",
        "..%2F..%2F..%2Fetc%2Fpasswd",
        "....//....//",
        "a" * 65,
        "short",
        "with space",
        "nul%00byte1",
        "ümlaut-ümlaut",
    ],
)
def test_an_upload_id_never_leads_out_of_the_folder(venue: Venue, name: str):
    before = files_in(venue.gateway.data)
    answer = venue.http.put(f"/v1/uploads/{name}/content", content=b"abc", headers=digest_header(b"abc"))
    assert problem_of(answer)[0] in (400, 404, 405, 422)
    assert files_in(venue.gateway.data) == before


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\windows\\x", "..", "con.wav", "a" * 255])
def test_a_files_name_is_a_note_and_never_a_path(venue: Venue, name: str):
    upload = upload_id()
    assert venue.open(upload, b"sound", filename=name).status_code == 201
    venue.part(upload, 1, b"sound")
    recording_id = venue.complete(upload).json()["recording_id"]
    assert [path.name for path in venue.blob(recording_id).parent.iterdir()] == ["audio"]


@pytest.mark.parametrize(
    ("metadata", "pointer"),
    [
        ({"key_shift": 13}, "/recording/key_shift"),
        ({"key_shift": 1.5}, "/recording/key_shift"),
        ({"key_shift": "1"}, "/recording/key_shift"),
        ({"song": "a\u0000b"}, "/recording/song"),
        ({"song": "a\nb"}, "/recording/song"),
        ({"song": ""}, "/recording/song"),
        ({"song": "x" * 201}, "/recording/song"),
        ({"lane": "fast"}, "/recording/lane"),
        ({"started_at": "2026-01-01T20:00:00"}, "/recording/started_at"),
        ({"started_at": "9999-12-31T23:59:59-23:59"}, "/recording/started_at"),
        ({"started_at": 1700000000}, "/recording/started_at"),
        ({"deadline_s": 0}, "/recording/deadline_s"),
        ({"deadline_s": 1e300}, "/recording/deadline_s"),
        ({"client_latency_ms": -1}, "/recording/client_latency_ms"),
        ({"microphone": {"model": "x", "colour": "red"}}, "/recording/microphone/colour"),
        ({"consent": {"training": "yes"}}, "/recording/consent/training"),
        ({"backing": "file.wav"}, "/recording/backing"),
        ([], "/recording"),
    ],
)
def test_metadata_that_is_wrong_is_named(venue: Venue, metadata: object, pointer: str):
    answer = venue.http.put(f"/v1/uploads/{upload_id()}", json={"size": 1, "sha256": "0" * 64, "recording": metadata})
    assert problem_of(answer) == (422, "bad_metadata")
    assert answer.json()["fields"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"size": NaN}', b"\xff\xfe", b"[" * 60_000, b'"\\ud800"']
)
def test_what_is_no_json_object_is_a_bad_request(venue: Venue, body: bytes):
    answer = venue.http.put(f"/v1/uploads/{upload_id()}", content=body)
    assert problem_of(answer) in ((400, "bad_request"), (422, "bad_request"))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = [
    "song",
    "song_title",
    "song_artist",
    "room",
    "machine",
    "singer",
    "key_shift",
    "lane",
    "started_at",
    "deadline_s",
    "client_latency_ms",
    "microphone",
    "consent",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.dictionaries(st.sampled_from(_FIELDS), _json, max_size=5))
def test_any_metadata_is_taken_or_refused_and_what_is_taken_can_be_completed(venue: Venue, metadata: dict[str, object]):
    name = upload_id()
    header = json.dumps(metadata).encode()
    answer = venue.http.put(
        f"/v1/uploads/{name}/content",
        content=b"sound",
        headers={**digest_header(b"sound"), "VocalVerse-Recording": header.decode("ascii")},
    )
    if answer.status_code == 201:
        shown = venue.http.get(f"/v1/recordings/{answer.json()['recording_id']}").json()
        assert shown["song"] == metadata.get("song")
    else:
        assert problem_of(answer) in ((422, "bad_metadata"), (400, "bad_request"))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=2000) | _json.map(lambda said: json.dumps(said).encode()))
def test_any_bytes_as_an_announcement_are_answered(venue: Venue, body: bytes):
    answer = venue.http.put(f"/v1/uploads/{upload_id()}", content=body)
    assert problem_of(answer)[0] in (400, 422)


def test_addresses_and_methods_that_are_not_there_are_problems_too(venue: Venue):
    assert problem_of(venue.http.get("/v1/nothing")) == (404, "not_found")
    wrong = venue.http.patch("/v1/recordings")
    assert problem_of(wrong) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]
    assert problem_of(venue.http.get("/v1/recordings?limit=0")) == (422, "bad_request")
    assert problem_of(venue.http.get("/v1/recordings/not-a-uuid")) == (422, "bad_request")


def ask_raw(port: int, *sent: bytes, pause_s: float = 0.0) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        for piece in sent:
            try:
                raw.sendall(piece)
            except OSError:
                break
            time.sleep(pause_s)
        answer = b""
        try:
            while block := raw.recv(65536):
                answer += block
        except OSError:
            pass
    return answer


def test_heads_that_are_large_slow_or_no_http_are_refused(start: Callable[..., Gateway]):
    gateway = start(header_timeout_s=1.0)
    line = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    assert b" 431 " in ask_raw(gateway.port, line + b"X: " + b"a" * 20_000 + b"\r\n\r\n").split(b"\r\n")[0]
    assert b" 431 " in ask_raw(gateway.port, line, *[b"X: " + b"a" * 4000] * 10).split(b"\r\n")[0]
    assert b"bad_request" in ask_raw(gateway.port, b"\x16\x03\x01\x00\x00 nonsense\r\n\r\n")
    began = time.monotonic()
    slow = ask_raw(gateway.port, line, *[b"X-A: b\r\n"] * 30, pause_s=0.1)
    assert b"header_timeout" in slow
    assert time.monotonic() - began < allowed_s(6)
    assert ask_raw(gateway.port, b"", pause_s=0) == b""  # nothing sent: closed without a word
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200


def test_a_body_that_stops_coming_is_given_up(start: Callable[..., Gateway]):
    gateway = start(body_timeout_s=1.0)
    venue = gateway.venue()
    name = upload_id()
    venue.open(name, bytes(1000))
    head = (
        f"PUT /v1/uploads/{name}/parts/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {venue.key}\r\n"
        "Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\nContent-Length: 1000\r\n\r\n"
    )
    answer = ask_raw(gateway.port, head.encode() + bytes(500))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"body_timeout" in answer
    assert list((gateway.data / "parts" / "incoming").iterdir()) == []


def test_reads_past_a_keys_places_are_429_while_parts_and_completing_wait_their_turn(start: Callable[..., Gateway]):
    gateway = start(max_requests_per_key=2)
    venue = gateway.venue()
    recording_id, name = venue.take_in(), upload_id()
    venue.open(name, b"sound")
    with ThreadPoolExecutor(8) as pool:
        polls = [pool.submit(venue.http.get, f"/v1/recordings/{recording_id}?wait=3") for _ in range(4)]
        time.sleep(0.5)
        parts = list(pool.map(lambda _: venue.part(name, 1, b"sound"), range(4)))
        done = venue.complete(name)
        answers = [poll.result() for poll in polls]
    assert [part.status_code for part in parts] == [200] * 4
    assert done.status_code == 201
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert problem_of(refused) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) == refused.json()["retry_after_s"] == 1


def test_a_flood_is_stopped_at_the_door_and_never_at_complete(start: Callable[..., Gateway]):
    gateway = start(venue_backlog_s=100)
    flooder, other = gateway.venue(), gateway.venue()
    name = upload_id()
    flooder.open(name, b"sound")
    flooder.part(name, 1, b"sound")
    with gateway.connect() as connection:
        add_tasks(connection, flooder.id, 20)
    time.sleep(1.1)
    for refused in (flooder.open(upload_id(), b"more"), flooder.content(upload_id(), b"more")):
        assert problem_of(refused) == (429, "backlog_full")
        assert int(refused.headers["retry-after"]) >= 1
    assert flooder.open(name, b"sound").status_code == 200
    assert flooder.complete(name).status_code == 201
    assert other.content(upload_id(), b"sound").status_code == 201


def test_too_many_open_uploads_are_429(start: Callable[..., Gateway]):
    venue = start(max_open_uploads_per_venue=2).venue()
    names = [upload_id() for _ in range(3)]
    assert [venue.open(name, b"sound").status_code for name in names] == [201, 201, 429]
    assert venue.open(names[0], b"sound").status_code == 200
    venue.http.delete(f"/v1/uploads/{names[0]}")
    assert venue.open(names[2], b"sound").status_code == 201


def test_forwarded_addresses_are_believed_from_known_proxies_only(start: Callable[..., Gateway]):
    for trusted, believed in (("", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")):
        gateway = start(trusted_proxies=trusted)
        httpx.get(f"{gateway.url}/from-afar?secret=hidden", headers={"X-Forwarded-For": "203.0.113.9"})
        assert gateway.logged("/from-afar")["client"] == believed
        gateway.stop()
        assert "hidden" not in gateway.log.read_text()


def test_a_pipelined_request_behind_a_refused_body_is_not_mistaken_for_a_request(venue: Venue):
    """What follows a refused body on the same connection was written as a body and stays one."""
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    head = f"PUT /v1/uploads/{upload_id()}/content HTTP/1.1\r\nHost: x\r\nContent-Length: {len(smuggled)}\r\n\r\n"
    last = b"GET /v1/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = ask_raw(venue.gateway.port, head.encode() + smuggled + last)
    statuses = [line.split()[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert statuses in ([b"401"], [b"401", b"404"])  # the last one is answered where the connection stays open


def test_a_large_body_without_a_key_still_hears_the_answer(gateway: Gateway):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    body = bytes(20_000_000)
    sender = threading.Thread(target=lambda: connection.request("PUT", f"/v1/uploads/{upload_id()}/content", body=body))
    sender.start()
    sender.join(60)
    assert not sender.is_alive()
    assert connection.getresponse().status == 401
    connection.close()
