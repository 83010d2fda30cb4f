"""What an operator does with releases and old recordings, through the command line, on a real database."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from tests.integration.test_cli_operations import House
from tests.integration.test_releases import GOLD, NOTHING, SILVER, SILVER_DIGEST, begin, judge, task
from tests.patience import until
from tests.releases import make_tiny_release
from tests.seeding import add_worker
from vocalverse.models.catalogue import Commercial
from vocalverse.records import Assessment, Mark, Outcome, Score
from vocalverse.store.connect import owner_engine
from vocalverse.store.releases import register
from vocalverse.store.rescore import Wanted, rescore_next
from vocalverse.store.venues import ensure_venue


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    owner = owner_engine(database.owner)
    yield House(database, tmp_path / "data", owner)
    owner.dispose()


def releases(house: House) -> Path:
    return Path(house.env["VOCALVERSE_DATA"]) / "releases"


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


# --- activate ---------------------------------------------------------------------------------------------------


def test_a_release_is_verified_made_known_and_activated_once(house: House) -> None:
    sealed = make_tiny_release(releases(house))
    first, again = (house.json("releases", "activate", "tiny") for _ in range(2))
    assert (first["digest"], first["active"], first["changed"], again["changed"]) == (sealed.digest, True, True, False)
    (active,) = [one for one in house.json("releases", "list") if one["active"]]
    assert active["name"] == "tiny"
    assert house.json("releases", "activate", "none")["changed"]
    with house.engine.connect() as connection:
        said = connection.execute(text("SELECT actor, action, subject FROM audit ORDER BY id")).all()
        manifest = connection.scalar(text("SELECT manifest FROM releases WHERE name = 'tiny'"))
    assert [tuple(row) for row in said] == [
        ("cli", "release_activated", "tiny"),
        ("cli", "release_activated", "none"),
    ]
    assert [one["key"] for one in manifest["dimensions"]] == [one.key for one in sealed.spec.dimensions]


def test_what_is_not_sound_is_not_activated(house: House) -> None:
    make_tiny_release(releases(house))
    head = releases(house) / "tiny/heads/breath-0.safetensors"
    overwrite(head, head.read_bytes()[:-1] + b"\1")
    done = house.run("releases", "activate", "tiny")
    assert (done.exit_code, str(head) in done.stderr) == (2, True)
    assert house.refused("releases", "activate", "nowhere") == (4, "release_unknown")
    assert [one["name"] for one in house.json("releases", "list") if one["active"]] == ["none"]


def test_another_release_under_a_name_that_has_judged_is_refused(house: House, tmp_path: Path) -> None:
    sealed = make_tiny_release(releases(house))
    house.said("releases", "activate", "tiny")
    sealed.folder.rename(tmp_path / "away")
    make_tiny_release(releases(house), seed=1)
    assert house.refused("releases", "activate", "tiny") == (5, "conflict")


def test_a_licence_that_forbids_it_is_accepted_by_name_and_that_is_written_down(house: House) -> None:
    make_tiny_release(releases(house), commercial=Commercial.NO)
    done = house.run("releases", "activate", "tiny")
    assert (done.exit_code, "--accept-licence" in done.stderr) == (6, True)
    house.said("releases", "activate", "tiny", "--accept-licence", "MIT")
    with house.engine.connect() as connection:
        actions = connection.scalars(text("SELECT action FROM audit WHERE subject = 'tiny' ORDER BY id")).all()
    assert actions == ["release_activated", "licence_accepted:MIT"]
    house.said("releases", "activate", "none")
    said = house.said("releases", "activate", "tiny")  # it was agreed to before
    assert "tiny judges what comes from here on" in said
    assert "not known to be free for commercial use" in said


def test_a_plain_flag_accepts_what_it_lists_and_that_is_written_down_by_name(house: House) -> None:
    make_tiny_release(releases(house), commercial=Commercial.NO)
    done = house.run("releases", "activate", "tiny", "--accept-licence")
    assert (done.exit_code, "You agree, for tiny, to:\n  MIT (random weights" in done.stderr) == (0, True)
    with house.engine.connect() as connection:
        actions = connection.scalars(text("SELECT action FROM audit WHERE subject = 'tiny' ORDER BY id")).all()
    assert actions == ["release_activated", "licence_accepted:MIT"]
    assert json.loads((releases(house) / "tiny.accepted.json").read_text())["licences"] == ["MIT"]


def test_whoever_activates_is_told_who_can_judge_by_it(house: House) -> None:
    sealed = make_tiny_release(releases(house))
    assert "recordings wait for one" in house.said("releases", "activate", "tiny")
    with house.engine.begin() as connection:
        add_worker(connection)
    assert "Of 1 cpu worker none has a sound copy" in house.said("releases", "activate", "tiny")
    with house.engine.begin() as connection:
        add_worker(connection, releases=[sealed.digest])
    assert "1 of 2 cpu workers can judge by it" in house.said("releases", "activate", "tiny")


def test_the_doctor_says_whether_the_active_release_can_judge(house: House) -> None:
    def said() -> list[tuple[str, str]]:
        found = json.loads(house.run("doctor", "--json").stdout)
        return [(one["verdict"], one["found"]) for one in found if one["about"] == "release"]

    assert said() == [("good", "none: what is sung is measured, and not scored")]
    sealed = make_tiny_release(releases(house))
    house.said("releases", "activate", "tiny")
    assert said() == [("bad", "tiny, and no cpu worker is at work")]
    with house.engine.begin() as connection:
        add_worker(connection)
    assert said() == [("bad", "tiny, on 0 of 1 cpu workers at work: recordings wait")]
    with house.engine.begin() as connection:
        add_worker(connection, releases=[sealed.digest])
    assert said() == [("note", "tiny, on 1 of 2 cpu workers at work")]
    with house.engine.begin() as connection:
        connection.execute(text("DELETE FROM workers WHERE releases = '{}'"))
        connection.execute(text('UPDATE workers SET refused = \'{"tin": "heads/x is missing."}\''))
        name = connection.scalar(text("SELECT name FROM workers"))
    assert said() == [
        ("good", "tiny, on 1 of 1 cpu workers at work"),
        ("note", f"tin is refused by {name}: heads/x is missing."),
    ]


# --- rescore ----------------------------------------------------------------------------------------------------


def judged(house: House, engine: Engine, slug: str, count: int, **said: object) -> list[UUID]:
    with house.engine.begin() as connection:
        venue_id = ensure_venue(connection, slug=slug, name=slug)
    return [judge(house.engine, engine, venue_id, NOTHING, **said) for _ in range(count)]


def known(house: House) -> None:
    with house.engine.begin() as connection:
        register(connection, SILVER)


def test_old_recordings_are_handed_out_and_what_is_left_out_is_explained(house: House, engine: Engine) -> None:
    known(house)
    judged(house, engine, "blue", 3, song="x")
    judged(house, engine, "red", 1)
    with house.engine.begin() as connection:
        connection.execute(
            text("UPDATE recordings SET audio_deleted_at = now() WHERE id = (SELECT id FROM recordings LIMIT 1)")
        )
    asked = ("recordings", "rescore", "--release", "silver", "--venue", "blue")
    assert "2 would be judged again by silver; of 1 the sound was deleted" in house.said(*asked, "--dry-run")
    assert house.json(*asked, "--limit", 1)["made"] == 1
    done = house.json(*asked)
    assert (done["made"], done["waiting"], done["without_sound"]) == (1, 1, 1)
    assert house.json(*asked)["made"] == 0
    assert house.json("recordings", "rescore", "--release", "silver", "--song", "y")["made"] == 0
    assert house.json("recordings", "rescore", "--release", "silver", "--since", "2100-01-01")["made"] == 0
    assert house.json("recordings", "rescore", "--release", "silver")["made"] == 1


def test_old_recordings_leave_room_for_new_ones_and_wait_for_it_themselves(house: House, engine: Engine) -> None:
    known(house)
    judged(house, engine, "blue", 3)
    with house.engine.begin() as connection:
        add_worker(connection, task_s=10.0, releases=[SILVER_DIGEST])
    house.env["VOCALVERSE_VENUE_BACKLOG_S"] = "40"
    said = house.said("recordings", "rescore", "--release", "silver")
    assert said.startswith("2 will be judged again by silver, 1 more once there is room: call again")
    assert house.json("recordings", "rescore", "--release", "silver")["made"] == 0


def test_whoever_waits_hands_out_the_rest_as_room_comes(
    house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vocalverse.cli.recordings_rescore._EVERY_S", 0.05)
    known(house)
    judged(house, engine, "blue", 3)
    with house.engine.begin() as connection:
        add_worker(connection, task_s=10.0, releases=[SILVER_DIGEST])
    house.env["VOCALVERSE_VENUE_BACKLOG_S"] = "20"  # room for one

    def ready() -> Sequence[UUID]:
        with house.engine.connect() as connection:
            return connection.scalars(text("SELECT id FROM tasks WHERE state = 'ready'")).all()

    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(house.json, "recordings", "rescore", "--release", "silver", "--wait")
        for _ in range(3):
            (task_id,) = until(ready, "the next one was handed out")
            begin(engine, task_id, SILVER_DIGEST).finish(scored(50.0))
        assert said.result()["made"] == 3


def test_recordings_are_named_one_by_one_and_a_release_that_nobody_knows_is_told(house: House, engine: Engine) -> None:
    known(house)
    first, _ = judged(house, engine, "blue", 2)
    assert house.json("recordings", "rescore", first, "--release", "silver")["made"] == 1
    assert house.refused("recordings", "rescore", "--release", "tin") == (4, "release_unknown")


def test_a_release_on_this_machine_is_made_known_without_being_activated(house: House, engine: Engine) -> None:
    make_tiny_release(releases(house))
    judged(house, engine, "blue", 1)
    assert house.json("recordings", "rescore", "--release", "tiny")["made"] == 1
    assert [one["name"] for one in house.json("releases", "list") if one["active"]] == ["none"]


# --- compare ----------------------------------------------------------------------------------------------------


def scored(mark: float) -> Assessment:
    def score(name: str, value: float) -> Score:
        return Score(name, value / 25 + 1, 1, 5, Mark(value, value - 5, value + 5))

    return Assessment(Outcome.SCORED, scores=(score("breath", mark),), overall=score("overall", mark / 2))


def by_both(house: House, engine: Engine, venue_id: UUID, before: float, after: float, **said: object) -> None:
    """A recording that silver marked and then gold."""
    with house.engine.begin() as connection:
        for release in (SILVER, GOLD):
            register(connection, release)
    recording_id = judge(house.engine, engine, venue_id, SILVER, scored(before), **said)
    with house.engine.begin() as connection:
        assert rescore_next(connection, Wanted(GOLD, ids=[recording_id]), venue_id, limit=1) == 1
        again = connection.scalar(
            text("SELECT id FROM tasks WHERE release = 'gold' AND recording_id = :id"), {"id": recording_id}
        )
    begin(engine, again, GOLD.digest or "").finish(scored(after))


def test_shifts_are_told_by_dimension_venue_and_song_and_never_of_a_single_singer(
    house: House, engine: Engine, tmp_path: Path
) -> None:
    with house.engine.begin() as connection:
        blue, red = (ensure_venue(connection, slug=slug, name=slug) for slug in ("blue", "red"))
    share = {"consent": {"share": True}}
    for at, mark in enumerate((20.0, 40.0, 60.0, 80.0)):
        by_both(house, engine, blue, mark, mark + (4 if at else 8), song="x", **(share if at else {}))
    by_both(house, engine, red, 50.0, 10.0, song="y")
    page = tmp_path / "shifts.html"
    found = house.json("releases", "compare", "silver", "gold", "--html", page)
    breath, overall = found["dimensions"]
    assert (breath["dimension"], breath["takes"], breath["mean"], breath["median"]) == ("breath", 5, -4.0, 4.0)
    assert breath["beyond"] == pytest.approx(2 / 5)
    assert (overall["dimension"], overall["mean"]) == ("overall", -2.0)
    assert [(row["venue"], row["mean"]) for row in found["venues"] if row["dimension"] == "breath"] == [("blue", 5.0)]
    assert [(row["song"], row["takes"]) for row in found["songs"] if row["dimension"] == "breath"] == [("x", 4)]
    assert "3 takes whose singers agreed" in page.read_text()
    assert [row["takes"] for row in house.json("releases", "compare", "silver", "gold", "--venue", "red")["dimensions"]]
    assert "blue" in house.said("releases", "compare", "silver", "gold", "--song", "x")
    assert house.json("releases", "compare", "gold", "silver")["dimensions"][0]["mean"] == 4.0


def test_two_releases_that_never_met_are_told_how_to(house: House, engine: Engine) -> None:
    known(house)
    done = house.run("releases", "compare", "silver", "none")
    assert (done.exit_code, "vocalverse recordings rescore --release none" in done.stderr) == (4, True)
    assert house.refused("releases", "compare", "silver", "tin") == (4, "release_unknown")


def test_a_dead_task_of_a_release_is_counted_for_requeue(house: House, engine: Engine) -> None:
    known(house)
    (recording_id,) = judged(house, engine, "blue", 1)
    house.json("recordings", "rescore", "--release", "silver")
    with house.engine.begin() as connection:
        task_id = connection.scalar(text("SELECT id FROM tasks WHERE release = 'silver'"))
        for state in ("leased", "running", "dead"):
            connection.execute(
                text("UPDATE tasks SET state = CAST(:to AS task_state), fence = gen_random_uuid() WHERE id = :id"),
                {"to": state, "id": task_id},
            )
    assert "recordings requeue` puts them back" in house.said("recordings", "rescore", "--release", "silver")
    assert house.json("recordings", "requeue", recording_id)["requeued"] == 1
    with house.engine.connect() as connection:
        assert task(connection, task_id).state == "ready"
