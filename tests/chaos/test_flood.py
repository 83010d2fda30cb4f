"""12: one venue floods; the others hardly notice, and the flooder is told when to come again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.chaos.breakable import BreakableHouse
from tests.chaos.evidence import lost, moves
from tests.chaos.takes import a_take, announce, complete, send, send_part, taken
from tests.patience import allowed_s

OPENED_BEFORE = 5
MARGIN_S = 1.5  # delivery, a start, and a busy machine
BACKLOG_S = 8


@pytest.mark.parametrize(
    ("job_s", "flood"), [(0.5, 100), pytest.param(2.0, 1000, marks=pytest.mark.chaos)], ids=["short", "long"]
)
def test_a_venue_that_floods_is_held_back_at_the_door_and_delays_no_other(
    open_house: Callable[..., BreakableHouse], job_s: float, flood: int
) -> None:
    house = open_house(workers=1, venue_backlog_s=BACKLOG_S, part_bytes=2**20)
    slow = {"song": f"slow-{job_s}"}
    sound = a_take(12)
    with house.client(house.venue("flooder")) as flooder, house.client(house.venue("other")) as other:
        judged(house, taken(send(other, "so-that-the-pace-is-known", sound, **slow)))
        house.wait_until(lambda: house_job_s(house) > 0, "the worker says what a task takes", within_s=120)
        for number in range(OPENED_BEFORE):
            assert announce(flooder, f"opened-before-{number}", sound, **slow).status_code == 201
            assert send_part(flooder, f"opened-before-{number}", 1, sound).status_code == 200
        with flooding(lambda number: send(flooder, f"flood-{number:04d}", sound, **slow), flood) as answers:
            house.wait_until(lambda: waiting(house) > 2, "the flood has come", within_s=120)
            of_other = []
            for number in range(3):
                of_other.append(taken(send(other, f"amid-the-flood-{number}", sound, **slow)))
                judged(house, of_other[-1])
            completed = [complete(flooder, f"opened-before-{number}") for number in range(OPENED_BEFORE)]
        of_flooder = [taken(answer) for answer in (*answers, *completed) if answer.status_code == 201]
        held_back(answers)
        assert {answer.status_code for answer in completed} == {201}
        assert waiting(house) > 0, "the flood was over too soon to be one"
        began_after = [began_after_s(house, one) for one in of_other]
        print(
            f"flooder: {len(of_flooder)} taken, {flood - len(of_flooder) + OPENED_BEFORE} held back;"
            f" other: begun after {', '.join(f'{s:.1f}' for s in began_after)} s of {house_job_s(house):.1f} s jobs"
        )
        assert max(began_after) <= 2 * house_job_s(house) + allowed_s(MARGIN_S)
        assert lost(house, [*of_flooder, *of_other]) == 0


@contextmanager
def flooding(send_one: Callable[[int], httpx.Response], count: int) -> Iterator[list[httpx.Response]]:
    """So many requests, one behind the other, beside what the block does; all are answered when it is left."""
    answers: list[httpx.Response] = []
    with ThreadPoolExecutor(1) as aside:
        sending = aside.submit(lambda: answers.extend(map(send_one, range(count))))
        yield answers
        sending.result()


def judged(house: BreakableHouse, recording_id: str) -> None:
    house.wait_until(lambda: house.state(recording_id) == "done", "it is judged", within_s=120)


def waiting(house: BreakableHouse) -> int:
    return int(str(house.scalar("SELECT count(*) FROM tasks WHERE state = 'ready'")))


def held_back(answers: list[httpx.Response]) -> None:
    refused = [answer for answer in answers if answer.status_code != 201]
    assert refused
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (429, "backlog_full")
        assert int(answer.headers["Retry-After"]) >= 1


def house_job_s(house: BreakableHouse) -> float:
    return float(str(house.scalar("SELECT coalesce(max(task_s), 0) FROM workers")))


def began_after_s(house: BreakableHouse, recording_id: str) -> float:
    accepted, *_, begun = (move.at_s for move in moves(house, recording_id) if move.to in ("ready", "running"))
    return begun - accepted
