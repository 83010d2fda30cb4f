"""Listening sessions in a real Postgres, asked over the wire: nothing tells whose a take is, and consent is kept."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine, insert, text

from tests.listening_house import RATE_HZ, House, furnished, made
from tests.releases import make_tiny_release
from tests.seeding import add_venue
from tests.voices import song
from vocalverse.ids import uuid7
from vocalverse.records import Outcome
from vocalverse.store.blobs import AUDIO, LocalBlobs
from vocalverse.store.tables import Assessment, Recording, Release, Score, Task

CONSENT = ("consent_keep_audio", "consent_share", "consent_training")
COUNT = 7


@pytest.fixture
def house(tmp_path: Path, database: Any) -> House:
    return furnished(tmp_path, database)


@pytest.fixture
def http(house: House) -> Iterator[httpx.Client]:
    made(house)
    with house.open(), httpx.Client(base_url=house.url) as client:
        yield client


def joined(http: httpx.Client, name: str = "Ann") -> dict[str, str]:
    return {"Authorization": f"Bearer {http.post('/api/listeners', json={'name': name}).json()['token']}"}


def test_nothing_on_the_wire_tells_the_tier_the_judge_or_the_singer(http: httpx.Client, house: House) -> None:
    headers = joined(http)
    turn = http.get("/api/turn", headers=headers)
    said = turn.text + http.get("/api/session").text + http.get("/").text
    for word in ("clip", "high", "low", "medium", "said.csv", "takes.jsonl", "s0", "score", "spoiled"):
        assert word not in turn.text + http.get("/api/session").text, word
    assert "said.csv" not in said
    sound = http.get(f"/sound/{turn.json()['triple']['takes'][0]}.flac")
    assert sound.headers["content-type"] == "audio/flac"
    assert not {"clip", "take"} & set(str(sound.headers).split())
    assert soundfile.info(io.BytesIO(sound.content)).extra_info.endswith(
        "Vorbis Comment Metadata\nEnd\n"
    )  # and none in it


def test_every_take_of_a_session_is_equally_loud(http: httpx.Client, house: House) -> None:
    takes = [str(row["id"]) for row in house.rows("SELECT id FROM htpr_takes WHERE NOT spoiled")]
    levels = []
    for take in takes:
        samples, _ = soundfile.read(io.BytesIO(http.get(f"/sound/{take}.flac").content))
        levels.append(20 * np.log10(np.sqrt(np.mean(np.square(samples)))))
    assert np.ptp(levels) < 1.5  # they were 8 dB apart


def test_sound_comes_in_ranges_and_under_its_own_name_alone(http: httpx.Client, house: House) -> None:
    take = house.rows("SELECT id FROM htpr_takes LIMIT 1")[0]["id"]
    whole = http.get(f"/sound/{take}.flac").content
    part = http.get(f"/sound/{take}.flac", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole[100:200]
    for path in (
        *("/sound/../takes.jsonl", "/sound/..%2f..%2fsaid.csv", "/..%2fapp.py", "/app.py", "/__init__.py"),
        *("/page/../app.py", f"/sound/{uuid7()}.flac", "/sound/x.flac", "/docs", "/openapi.json"),
    ):
        assert http.get(path).status_code in (404, 422), path


def test_pages_allow_nothing_from_elsewhere(http: httpx.Client) -> None:
    for path in ("/", "/page.js", "/page.css", "/api/session", "/nothing"):
        headers = http.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"


def test_answers_are_those_of_a_listener_to_what_was_asked(http: httpx.Client, house: House) -> None:
    headers = joined(http)
    turn = http.get("/api/turn", headers=headers).json()
    triple, takes = turn["triple"]["id"], turn["triple"]["takes"]
    said = {"triple": triple, "best_first": takes, "seconds": 3.5}
    assert http.post("/api/answers", json=said).status_code == 401
    assert http.post("/api/answers", json=said, headers={"Authorization": "Bearer x"}).status_code == 401
    for wrong in ([*takes[:2], takes[0]], [*takes[:2], str(uuid7())], takes[:2]):
        assert http.post("/api/answers", json={**said, "best_first": wrong}, headers=headers).status_code == 422
    assert http.post("/api/answers", json={**said, "triple": str(uuid7())}, headers=headers).status_code == 410
    assert http.post("/api/answers", json={**said, "seconds": -1}, headers=headers).status_code == 422
    assert house.rows("SELECT 1 FROM htpr_answers") == []
    following = http.post("/api/answers", json=said, headers=headers).json()
    assert following["done"] == 1
    again = http.post("/api/answers", json={**said, "best_first": takes[::-1]}, headers=headers).json()
    assert again == following
    assert str(house.rows("SELECT first_id FROM htpr_answers")[0]["first_id"]) == takes[0]


def test_bodies_that_no_page_sends_are_not_read(http: httpx.Client) -> None:
    assert http.post("/api/listeners", json={"name": "x" * 10_000}).status_code == 413
    assert http.post("/api/listeners", content=iter([b"{}"])).status_code == 413
    for name in ("", "   ", "x" * 41, "a\x00b"):
        assert http.post("/api/listeners", json={"name": name}).status_code == 422


def test_a_session_of_links_is_for_nobody_else(house: House) -> None:
    links = made(house, "--listeners", 2)["links"]
    with house.open(), httpx.Client(base_url=house.url) as http:
        assert http.post("/api/listeners", json={"name": "somebody"}).status_code == 403
        tokens = [one["link"].partition("#")[2] for one in links]
        turns = [http.get("/api/turn", headers={"Authorization": f"Bearer {token}"}).json() for token in tokens]
    assert [turn["listener"] for turn in turns] == ["listener 1", "listener 2"]


def test_a_report_tells_how_listeners_order_and_an_export_is_a_manifest(house: House) -> None:
    made(house, triples=6, attention=2)
    worth = house.worth()
    with house.open(), httpx.Client(base_url=house.url) as http:
        listen(http, "sure", lambda takes: sorted(takes, key=worth, reverse=True))
        listen(http, "asleep", lambda takes: sorted(takes, key=worth))
    said = house.said("report", "june", "--html", house.folder / "june.html")
    assert said["left_out"] == ["asleep"]
    breath = said["dimensions"][0]
    assert breath["figures"]["exact"] == {"value": 1.0, "n": 6, "low": 1.0, "high": 1.0, "why": ""}
    assert [one["figures"]["tau"]["value"] for one in breath["listeners"]] == [1.0, -1.0]
    page = (house.folder / "june.html").read_text()
    assert "asleep" in page
    assert "<svg" in page
    shown = house.run("report", "june")
    assert "Left out, because they failed an attention check: asleep." in shown.stderr
    out = house.folder / "pairs.jsonl"
    assert house.said("export", "june", "--out", out)["pairs"] == 18
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    scores = {f"clip{at}": at for at in range(9)}
    pairs = [line for line in lines if "better" in line]
    assert len(pairs) == 18
    assert all(scores[pair["better"]] > scores[pair["worse"]] for pair in pairs)
    assert house.run("export", "june", "--out", out).returncode == 2
    assert house.said("list")[0]["answers"] == 16


def listen(http: httpx.Client, name: str, order: Any) -> None:
    headers = joined(http, name)
    turn = http.get("/api/turn", headers=headers).json()
    while turn["triple"]:
        said = {"triple": turn["triple"]["id"], "best_first": order(turn["triple"]["takes"]), "seconds": 9.0}
        turn = http.post("/api/answers", json=said, headers=headers).json()


# --- recordings of venues --------------------------------------------------------------------------------------


@pytest.fixture
def recordings(owner: Engine, house: House) -> list[UUID]:
    """Scored ones whose singers agree to everything, and for each consent one that lacks it alone."""
    blobs = LocalBlobs(house.folder / "blobs")
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        connection.execute(insert(Release).values(name="gold", digest="0"))
        agreed = [add_scored(connection, blobs, venue_id, at) for at in range(COUNT)]
        for missing in CONSENT:
            add_scored(connection, blobs, venue_id, 50, **{missing: False})
    return agreed


def add_scored(connection: Any, blobs: LocalBlobs, venue_id: UUID, at: int, **consent: bool) -> UUID:
    recording_id, task_id, assessment_id = uuid7(), uuid7(), uuid7()
    sound = io.BytesIO()
    soundfile.write(sound, song(1.0, seed=at).astype(np.float32), RATE_HZ, format="FLAC")
    whole = sound.getvalue()
    path = blobs.root / "written"
    blobs.root.mkdir(exist_ok=True)
    path.write_bytes(whole)
    sha256 = hashlib.sha256(whole).digest()
    blobs.put(venue_id, recording_id, AUDIO, [path], sha256=sha256)
    agreed = {**dict.fromkeys(CONSENT, True), **consent}
    row = {"id": recording_id, "venue_id": venue_id, "size_bytes": len(whole), "sha256": sha256, "singer": f"s{at}"}
    connection.execute(insert(Recording).values(row | agreed))
    of = {"venue_id": venue_id, "recording_id": recording_id, "release": "gold"}
    connection.execute(insert(Task).values(id=task_id, **of))
    connection.execute(insert(Assessment).values(id=assessment_id, task_id=task_id, outcome=Outcome.SCORED, **of))
    value = {"value": 1.0 + at / 3, "low": 0.0, "high": 99.0}
    connection.execute(insert(Score).values(assessment_id=assessment_id, dimension="breath", **value))
    return recording_id


def test_recordings_without_consent_never_appear(house: House, recordings: list[UUID]) -> None:
    house.said("create", "june", "--release", "gold", "--dimension", "breath", "--triples", 8, "--attention", 1)
    heard = {row["recording_id"] for row in house.rows("SELECT recording_id FROM htpr_takes")}
    assert heard <= set(recordings)
    assert len(heard) >= 3


def test_a_consent_that_is_taken_back_silences_its_takes_and_a_deletion_takes_the_answers_along(
    house: House, recordings: list[UUID], owner: Engine
) -> None:
    house.said("create", "june", "--release", "gold", "--dimension", "breath", "--triples", 8, "--attention", 0)
    with house.open(), httpx.Client(base_url=house.url) as http:
        headers = joined(http)
        take = house.rows("SELECT id, recording_id, triple_id FROM htpr_takes LIMIT 1")[0]
        assert http.get(f"/sound/{take['id']}.flac").status_code == 200
        with owner.begin() as connection:
            connection.execute(
                text("UPDATE recordings SET consent_share = false WHERE id = :id"), {"id": take["recording_id"]}
            )
        assert http.get(f"/sound/{take['id']}.flac").status_code == 404
        left = http.get("/api/turn", headers=headers).json()["total"]
        gone = house.rows(f"SELECT triple_id FROM htpr_takes WHERE recording_id = '{take['recording_id']}'")
        assert left == 8 - len(gone)
        listen(http, "Bea", sorted)
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM assessments"))
        connection.execute(text("DELETE FROM tasks"))
        connection.execute(text("DELETE FROM recordings"))
    assert house.rows("SELECT 1 FROM htpr_answers") == []
    assert house.run("report", "june").returncode == 2


def test_recordings_are_exported_with_their_sound(house: House, recordings: list[UUID]) -> None:
    house.said("create", "june", "--release", "gold", "--dimension", "breath", "--triples", 4, "--attention", 0)
    with house.open(), httpx.Client(base_url=house.url) as http:
        listen(http, "Bea", sorted)
    out = house.folder / "out" / "pairs.jsonl"
    out.parent.mkdir()
    house.said("export", "june", "--out", out)
    clips = [line for line in map(json.loads, out.read_text().splitlines()) if "audio" in line]
    assert all(soundfile.info(out.parent / clip["audio"]).duration == pytest.approx(1.0) for clip in clips)
    assert {UUID(clip["id"]) for clip in clips} <= set(recordings)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "x", "--dimension", "breath"), "Say what is to be heard"),
        (("create", "x", "--dimension", "breath", "--release", "none"), "has given no breath score"),
        (("create", "A b", "--dimension", "breath", "--release", "none"), "is no slug"),
        (("report", "nothing"), "There is no session 'nothing'"),
        (("serve", "nothing"), "There is no session 'nothing'"),
        (("close", "nothing"), "There is no session 'nothing'"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(house: House, arguments: tuple[str, ...], said: str) -> None:
    done = house.run(*arguments)
    assert done.returncode in (2, 4)
    assert said in done.stderr


def test_a_release_judges_the_clips_of_a_manifest_for_a_session(house: House) -> None:
    release = make_tiny_release(house.folder / "releases")
    clips = ("--data", house.folder / "takes.jsonl", "--release", release.folder, "--voice")
    plan = ("--triples", 3, "--attention", 1)
    made = house.said("create", "june", *clips, "--dimension", "breath", "--dimension", "timbre", *plan)
    assert made["triples"] == 8
    scores = house.rows(
        "SELECT p.dimension, t.tier::text, t.score FROM htpr_takes t JOIN htpr_triples p ON p.id = triple_id"
    )
    for dimension in ("breath", "timbre"):
        tiers = {
            tier: [row["score"] for row in scores if (row["dimension"], row["tier"]) == (dimension, tier)]
            for tier in ("high", "medium", "low")
        }
        assert min(tiers["high"]) > max(tiers["medium"]) > max(tiers["low"])


def test_too_small_a_pool_and_a_name_that_is_taken_make_no_session(house: House) -> None:
    files = ("--data", house.folder / "takes.jsonl", "--predictions", house.folder / "said.csv", "--dimension")
    assert "too_few" in house.run("create", "june", *files, "breath", "--triples", 100).stderr
    assert "Nothing is said of 'timbre'" in house.run("create", "june", *files, "timbre").stderr
    assert house.said("list") == []
    made(house)
    assert "There is a session 'june' already" in house.run("create", "june", *files, "breath", "--triples", 2).stderr
