"""Uploads over the wire: in parts and in one request, repeated, raced, damaged and abandoned."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import text

from tests.gateway_house import Gateway, Venue, digest_header, upload_id

PART_BYTES = 100_000


def parts_of(body: bytes) -> list[bytes]:
    return [body[start : start + PART_BYTES] for start in range(0, len(body), PART_BYTES)]


def test_a_recording_sent_in_parts_arrives_whole(venue: Venue):
    name, body = upload_id(), os.urandom(250_000)
    opened = venue.open(name, body, {"song": "s1", "room": "Blue", "machine": "b1", "lane": "live"})
    assert opened.status_code == 201
    assert opened.json() == {
        "upload_id": name,
        "state": "open",
        "part_bytes": PART_BYTES,
        "parts": [],
        "recording_id": None,
    }
    for number, part in enumerate(parts_of(body), start=1):
        assert venue.part(name, number, part).json() == {
            "number": number,
            "size": len(part),
            "sha256": hashlib.sha256(part).hexdigest(),
        }
    done = venue.complete(name)
    assert done.status_code == 201
    assert done.json()["state"] == "ready"
    assert venue.blob(done.json()["recording_id"]).read_bytes() == body
    with venue.gateway.connect() as connection:
        row = connection.execute(
            text(
                "SELECT r.size_bytes, r.sha256, s.ref, o.name, m.name AS machine, t.lane::text FROM recordings r"
                " JOIN songs s ON s.id = r.song_id JOIN rooms o ON o.id = r.room_id"
                " JOIN machines m ON m.id = r.machine_id JOIN tasks t ON t.recording_id = r.id WHERE r.id = :id"
            ),
            {"id": done.json()["recording_id"]},
        ).one()
    assert tuple(row) == (250_000, hashlib.sha256(body).digest(), "s1", "Blue", "b1", "live")


def test_an_upload_goes_on_where_it_stopped(venue: Venue):
    name, body = upload_id(), os.urandom(250_000)
    venue.open(name, body)
    first, second, third = parts_of(body)
    venue.part(name, 3, third)
    venue.part(name, 1, first)
    early = venue.complete(name)
    assert (early.status_code, early.json()["code"], early.json()["missing"]) == (409, "upload_incomplete", [2])
    again = venue.open(name, body)
    assert again.status_code == 200
    assert [part["number"] for part in again.json()["parts"]] == [1, 3]
    assert venue.http.get(f"/v1/uploads/{name}").json() == again.json()
    venue.part(name, 2, second)
    assert venue.complete(name).status_code == 201


def test_the_same_part_again_and_another_in_its_place_are_taken(venue: Venue):
    name, body = upload_id(), os.urandom(150_000)
    venue.open(name, body)
    wrong = os.urandom(PART_BYTES)
    for part in (parts_of(body)[0], parts_of(body)[0], wrong):
        assert venue.part(name, 1, part).status_code == 200
    venue.part(name, 2, parts_of(body)[1])
    refused = venue.complete(name)
    assert (refused.status_code, refused.json()["code"]) == (422, "digest_mismatch")
    assert venue.part(name, 1, parts_of(body)[0]).status_code == 200
    assert venue.complete(name).status_code == 201


def test_a_damaged_part_is_refused_and_leaves_nothing(venue: Venue):
    name, body = upload_id(), os.urandom(50_000)
    venue.open(name, body)
    refused = venue.part(name, 1, body, **digest_header(b"something else"))
    assert (refused.status_code, refused.json()["code"]) == (422, "digest_mismatch")
    assert venue.http.get(f"/v1/uploads/{name}").json()["parts"] == []
    assert list((venue.gateway.data / "parts" / "incoming").iterdir()) == []


@pytest.mark.parametrize(("number", "size"), [(1, 99_999), (2, 100_000), (3, 1), (2, 49_999)])
def test_a_part_of_another_size_is_refused(venue: Venue, number: int, size: int):
    name = upload_id()
    venue.open(name, bytes(150_000))
    refused = venue.part(name, number, bytes(size))
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_part")


def test_completing_ten_times_at_once_makes_one_recording(venue: Venue):
    name, body = upload_id(), os.urandom(250_000)
    venue.open(name, body)
    for number, part in enumerate(parts_of(body), start=1):
        venue.part(name, number, part)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: venue.complete(name), range(10)))
    assert {answer.status_code for answer in answers} == {200, 201}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len({(answer.json()["recording_id"], answer.json()["task_id"]) for answer in answers}) == 1
    with venue.gateway.connect() as connection:
        counted = connection.scalar(text("SELECT count(*) FROM recordings WHERE venue_id = :v"), {"v": venue.id})
    assert counted == 1


def test_one_request_ten_times_at_once_makes_one_recording_and_one_blob(venue: Venue):
    name, body = upload_id(), os.urandom(50_000)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: venue.content(name, body), range(10)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    (recording_id,) = {answer.json()["recording_id"] for answer in answers}
    assert venue.blob(recording_id).read_bytes() == body
    kept = [path.name for path in venue.blob(recording_id).parents[1].iterdir() if list(path.iterdir())]
    assert kept == [recording_id]


def test_another_content_or_metadata_under_the_same_id_is_a_conflict(venue: Venue):
    name = upload_id()
    assert venue.content(name, b"one", {"song": "a"}).status_code == 201
    assert venue.content(name, b"one", {"song": "a"}).status_code == 200
    for answer in (
        venue.content(name, b"two", {"song": "a"}),
        venue.content(name, b"one", {"song": "b"}),
        venue.open(name, b"two", {"song": "a"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_conflict")
    assert venue.open(name, b"one", {"song": "a"}).json()["state"] == "complete"


def test_two_equal_recordings_share_nothing(venue: Venue):
    one, two = venue.take_in(b"the same"), venue.take_in(b"the same")
    assert one != two
    assert venue.blob(one).stat().st_ino != venue.blob(two).stat().st_ino


def test_a_wrong_digest_in_one_request_leaves_nothing(venue: Venue):
    name = upload_id()
    refused = venue.http.put(f"/v1/uploads/{name}/content", content=b"abc", headers=digest_header(b"abd"))
    assert (refused.status_code, refused.json()["code"]) == (422, "digest_mismatch")
    assert venue.http.get(f"/v1/uploads/{name}").status_code == 404
    assert not (venue.gateway.data / "blobs" / str(venue.id)).exists()


def test_a_backing_track_goes_along(venue: Venue):
    name, body, backing = upload_id(), b"voice", os.urandom(300_000)
    venue.open(name, body)
    sent = venue.http.put(f"/v1/uploads/{name}/backing", content=backing, headers=digest_header(backing))
    assert sent.json() == {"size": 300_000, "sha256": hashlib.sha256(backing).hexdigest()}
    venue.part(name, 1, body)
    recording_id = venue.complete(name).json()["recording_id"]
    assert venue.blob(recording_id, "backing").read_bytes() == backing
    late = venue.http.put(f"/v1/uploads/{name}/backing", content=backing, headers=digest_header(backing))
    assert (late.status_code, late.json()["code"]) == (409, "upload_complete")


def test_an_abandoned_upload_is_forgotten(venue: Venue):
    name = upload_id()
    venue.open(name, b"sound")
    venue.part(name, 1, b"sound")
    assert venue.http.delete(f"/v1/uploads/{name}").status_code == 204
    assert venue.http.get(f"/v1/uploads/{name}").json()["code"] == "upload_unknown"
    assert not [path for path in (venue.gateway.data / "parts" / str(venue.id)).iterdir() if path.is_dir()]


def test_a_gateway_killed_in_mid_upload_is_gone_on_with(start: Callable[..., Gateway]):
    gateway = start(part_bytes=200_000)
    venue = gateway.venue()
    name, body = upload_id(), os.urandom(1_000_000)
    pieces = [body[at : at + 200_000] for at in range(0, len(body), 200_000)]
    venue.open(name, body)
    venue.part(name, 1, pieces[0])

    def dying() -> Iterator[bytes]:
        yield pieces[1][:100_000]
        gateway.kill()
        yield pieces[1][100_000:]

    with pytest.raises(httpx.TransportError):
        venue.http.put(
            f"/v1/uploads/{name}/parts/2",
            content=dying(),
            headers={**digest_header(pieces[1]), "Content-Length": "200000"},
        )
    gateway.start()
    there = venue.open(name, body).json()
    assert [part["number"] for part in there["parts"]] == [1]
    assert list((gateway.data / "parts" / "incoming").iterdir()) == []
    for number in range(2, 6):
        venue.part(name, number, pieces[number - 1])
    recording_id = venue.complete(name).json()["recording_id"]
    assert hashlib.sha256(venue.blob(recording_id).read_bytes()).digest() == hashlib.sha256(body).digest()


def test_lyrics_and_a_description_of_many_lines_are_kept_with_the_recording(venue: Venue):
    """Even the longest of both, where each letter is six bytes of JSON."""
    said = {"lyrics": "月\n" * 4000, "description": "轻" * 2000}
    name = upload_id()
    assert venue.open(name, b"voice", said).status_code == 201
    venue.part(name, 1, b"voice")
    recording_id = venue.complete(name).json()["recording_id"]
    with venue.gateway.connect() as connection:
        kept = connection.execute(
            text("SELECT lyrics, description FROM recordings WHERE id = :id"), {"id": recording_id}
        ).one()
    assert kept._asdict() == said
    for wrong in ({"lyrics": "x" * 8001}, {"description": "x" * 2001}, {"lyrics": ""}, {"lyrics": "\x00"}):
        assert venue.open(upload_id(), b"voice", wrong).status_code == 422
