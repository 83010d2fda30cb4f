"""What judges from the first `vocalverse up` on, where nobody has chosen."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.releases import make_tiny_release
from tests.seeding import add_tasks, add_venue
from vocalverse.embedded.first_release import FIRST, choose_first
from vocalverse.models.catalogue import Commercial
from vocalverse.records import NONE
from vocalverse.release.shelf import ReleaseShelf
from vocalverse.settings import Settings
from vocalverse.store.releases import Known, activate, active_release

Start = Callable[[], list[str]]


@pytest.fixture
def start(owner: Engine, tmp_path: Path) -> Start:
    """What is said at a start."""
    url = owner.url.render_as_string(hide_password=False)

    def started() -> list[str]:
        said: list[str] = []
        choose_first(Settings(database_url=url, releases=str(tmp_path / "releases")), said.append)
        return said

    return started


def active(owner: Engine) -> str:
    with owner.connect() as connection:
        return active_release(connection).name


def test_a_new_house_is_judged_by_what_comes_with_it(start: Start, owner: Engine, tmp_path: Path):
    chosen, more = start()
    assert chosen == "lite judges what comes from here on."
    assert "lite-research --accept-licence" in more
    with owner.connect() as connection:
        assert active_release(connection).digest == ReleaseShelf(tmp_path).verify(FIRST).digest
        said = connection.execute(text("SELECT actor, action, subject FROM audit")).one()
    assert tuple(said) == ("up", "release_activated", FIRST)
    assert start() == [more]
    assert not (tmp_path / "releases").exists()


def test_what_an_operator_chose_stays(start: Start, owner: Engine):
    with owner.begin() as connection:
        activate(connection, Known("gold", "a" * 64), actor="cli")
    assert start() == []
    assert active(owner) == "gold"
    with owner.begin() as connection:
        activate(connection, Known(NONE, None), actor="cli")
    assert start() == []
    assert active(owner) == NONE


def test_what_is_not_free_for_venues_is_marked_at_every_start(start: Start, owner: Engine, tmp_path: Path):
    sealed = make_tiny_release(tmp_path / "releases", commercial=Commercial.NO)
    with owner.begin() as connection:
        activate(connection, Known.of(sealed), actor="cli")
    (said,) = start()
    assert said.startswith("tiny judges here. tiny holds what is not known to be free for commercial use")


def test_who_recorded_before_there_was_a_judge_is_told_how_to_have_it_judged(start: Start, owner: Engine):
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
    assert "recordings rescore --release lite" in start()[0]
    assert active(owner) == FIRST


def test_what_comes_with_the_package_may_be_used_by_any_venue(tmp_path: Path):
    assert ReleaseShelf(tmp_path).read(FIRST).commercial is Commercial.YES
