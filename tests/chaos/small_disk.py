"""A house of which one folder lies on a disk of a few megabytes. To be run in a view of its own, see `own_view`.

python -m tests.chaos.small_disk blobs|postgres FOLDER        prints what was seen, as JSON
"""

import json
import secrets
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from tests.chaos.alone import REMOUNT, mount
from tests.chaos.breakable import BreakableHouse
from tests.chaos.ledger import Ledger
from tests.chaos.takes import a_take, announce, complete, send, send_part
from vocalverse.store.blobs import AUDIO, open_blobs

MEBIBYTE = 2**20
_SENDS_AT_MOST = 400


def blobs(folder: Path) -> dict[str, Any]:
    """The gateway's data folder fills, and is made larger."""
    disk = small_disk(folder / "data", 4 * MEBIBYTE)
    with BreakableHouse(folder / "house", data=disk, part_bytes=MEBIBYTE) as house, Ledger(house) as ledger:
        house.gateway()
        announce(ledger.http, "opened-before", sound := a_take(24))
        refused = [until_refused(ledger, "whole"), answer_of(send_part(ledger.http, "opened-before", 1, sound))]
        seen = standing(house, ledger) | {"refused": refused, "left_over": left_over(disk)}
        mount("none", str(disk), "tmpfs", REMOUNT, f"size={32 * MEBIBYTE}")
        again = [send_part(ledger.http, "opened-before", 1, sound), complete(ledger.http, "opened-before")]
        return seen | {"again": [*map(answer_of, again), answer_of(one(ledger, "with-room-again"))]}


def postgres(folder: Path) -> dict[str, Any]:
    """Postgres' disk fills: first under its tables, then under its log in mid-commit, which ends it; then there is room."""
    house = BreakableHouse(folder / "house", part_bytes=MEBIBYTE)
    disk = small_disk(house.folder / "postgres", 128 * MEBIBYTE)
    with house, Ledger(house) as ledger:
        house.gateway()
        one(ledger, "sent-before").raise_for_status()
        fill(ballast := disk / "ballast", disk)
        refused = [until_refused(ledger, "tables")]
        seen: dict[str, Any] = {"acknowledged_while_full": len(ledger.entries) - 1}
        ballast.unlink()
        with psycopg.connect(house.postgres.url(), autocommit=True) as witness:
            fill(ballast, disk, leaving=4 * MEBIBYTE)  # enough for tables, not for the next 16 MB of the log
            refused.append(until_refused(ledger, "log", first=lambda: begin_new_log(witness)))
            seen |= {"sessions_ended": has_ended(witness)}
        house.owner.dispose()
        ballast.unlink()
        house.postgres.stop()
        house.postgres.start()
        house.wait_until(house.answers, "the gateway answers again", within_s=120)
        again = [answer_of(one(ledger, "with-room-again"))]
        return seen | standing(house, ledger) | {"refused": refused, "again": again}


# --- the disk -----------------------------------------------------------------------------------------------------


def small_disk(folder: Path, size: int) -> Path:
    folder.mkdir(parents=True)
    mount("none", str(folder), "tmpfs", 0, f"size={size},mode=700")
    return folder


def fill(ballast: Path, disk: Path, *, leaving: int = 0) -> None:
    with ballast.open("xb", buffering=0) as file, suppress(OSError):
        while (free := shutil.disk_usage(disk).free) > leaving:
            file.write(bytes(min(MEBIBYTE, free - leaving)))


def begin_new_log(session: "psycopg.Connection[Any]") -> None:
    """What is committed next needs another file of Postgres' log."""
    with suppress(psycopg.Error):
        session.execute("SELECT pg_switch_wal()")


def has_ended(session: "psycopg.Connection[Any]") -> bool:
    """As all do when a commit cannot be written to the log: Postgres panics, which no full disk can write down."""
    try:
        session.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def left_over(disk: Path) -> list[str]:
    return [str(path) for folder in disk.rglob("incoming") for path in folder.iterdir()]


# --- what is sent and what is there -------------------------------------------------------------------------------


def one(ledger: Ledger, upload_id: str) -> httpx.Response:
    """One recording; noted where it is acknowledged."""
    sound = a_take(len(ledger.entries))
    answer = send(ledger.http, upload_id, sound, song=secrets.token_hex(50), song_title="x" * 200)
    if answer.is_success:
        ledger._note(upload_id, sound, answer.json())
    return answer


def until_refused(ledger: Ledger, name: str, *, first: Callable[[], None] = lambda: None) -> dict[str, Any]:
    for number in range(_SENDS_AT_MOST):
        first()
        if not (answer := one(ledger, f"{name}-{number:04d}")).is_success:
            return answer_of(answer)
    raise AssertionError(f"{_SENDS_AT_MOST} recordings found room on a full disk")


def answer_of(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    return {"status": answer.status_code, "code": body.get("code"), "retry_after": answer.headers.get("Retry-After")}


def standing(house: BreakableHouse, ledger: Ledger) -> dict[str, Any]:
    """What was acknowledged and is not whole, and what has a row but no sound."""
    kept = open_blobs(house.settings)
    with house.database() as connection:
        rows = connection.exec_driver_sql("SELECT venue_id, id FROM recordings").all()
    without = [str(row.id) for row in rows if not kept.exists(UUID(str(row.venue_id)), UUID(str(row.id)), AUDIO)]
    return {"acknowledged": len(ledger.entries), "missing": ledger.missing(), "rows_without_sound": without}


def main(case: str, folder: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cases: dict[str, Callable[[Path], dict[str, Any]]] = {"blobs": blobs, "postgres": postgres}
    print(json.dumps(cases[case](Path(folder))))


if __name__ == "__main__":
    main(*sys.argv[1:])
