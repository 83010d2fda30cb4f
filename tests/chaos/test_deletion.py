"""Failure test 23: a recording is deleted while it is judged."""

from collections.abc import Callable

from tests.chaos.breakable import BreakableHouse
from tests.chaos.ledger import Ledger

DERIVED = ("findings", "scores", "measures", "notes", "evidence", "feedback")


def test_a_recording_deleted_while_it_is_judged_leaves_no_sound_no_row_and_no_result(
    open_house: Callable[..., BreakableHouse], open_ledger: Callable[..., Ledger], song: bytes
) -> None:
    house = open_house(run_lease_s=1, task_limit_s=2)
    ledger = open_ledger(house)
    recording = ledger.upload(song, "hold-deletion")
    house.wait_for_state(recording, "running")
    folder = next((house.folder / "blobs").glob(f"*/{recording}"))
    assert ledger.http.delete(f"/v1/recordings/{recording}").status_code == 204
    house.let_go("deletion")
    house.wait_until(lambda: "taken away" in house.log("workers"), "the worker sees it", within_s=120)
    folder.mkdir(exist_ok=True)
    (folder / "stems").write_bytes(b"what a worker was still writing")

    house.wait_until(
        lambda: house.scalar("SELECT count(*) FROM purges WHERE done_at IS NULL") == 0, "all is purged", within_s=120
    )
    assert not folder.exists()
    assert house.scalar("SELECT count(*) FROM recordings WHERE id = %(id)s", id=str(recording)) == 0
    for table in ("tasks", "assessments"):
        assert house.scalar(f"SELECT count(*) FROM {table} WHERE recording_id = %(id)s", id=str(recording)) == 0
    for table in DERIVED:
        assert house.scalar(f"SELECT count(*) FROM {table}") == 0
    assert ledger.http.get(f"/v1/recordings/{recording}").status_code == 410
    assert house.scalar("SELECT count(*) FROM audit WHERE subject = %(id)s", id=str(recording)) == 1
    assert house.count_events(recording, "done") == 0
