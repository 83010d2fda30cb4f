"""Whoever can write to Redis can write a job: only our own call comes through."""

import json
import pickle
import zlib
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalverse.errors import ForgedJob
from vocalverse.queue.delivery import RUN_TASK, FencedJob

TASK, FENCE = uuid4(), uuid4()
OURS = json.dumps([RUN_TASK, None, [str(TASK), str(FENCE)], {}]).encode()


def popped(data: bytes, **fields: bytes) -> FencedJob:
    from redis import Redis
    from rq.serializers import JSONSerializer

    job = FencedJob("an-id", connection=Redis(), serializer=JSONSerializer)
    job.restore({b"data": data} | {name.encode(): value for name, value in fields.items()})
    return job


@pytest.mark.parametrize("data", [OURS, zlib.compress(OURS)])
def test_our_own_call_comes_through(data: bytes) -> None:
    assert popped(data).call() == (TASK, FENCE)


@pytest.mark.parametrize(
    "call",
    [
        ["os.system", None, ["true", "x"], {}],
        ["os.system", None, [str(TASK), str(FENCE)], {}],
        [RUN_TASK, None, ["not a uuid", str(FENCE)], {}],
        [RUN_TASK, "instance", [str(TASK), str(FENCE)], {}],
        [RUN_TASK, None, [str(TASK), str(FENCE)], {"more": 1}],
        [RUN_TASK, None, [str(TASK)], {}],
        {},
        None,
        7,
    ],
)
def test_any_other_call_is_refused(call: object) -> None:
    job = popped(json.dumps(call).encode())
    with pytest.raises(ForgedJob):
        job.call()


def test_a_pickle_is_never_opened() -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("a pickle from Redis was opened",))

    with pytest.raises(ForgedJob):
        popped(pickle.dumps((Trap(), None, (), {}))).call()


@pytest.mark.parametrize(
    "field",
    [
        "success_callback_name",
        "failure_callback_name",
        "stopped_callback_name",
        "webhooks",
        "dependency_ids",
        "retries_left",
        "repeats_left",
    ],
)
def test_callbacks_webhooks_dependencies_and_retries_are_refused(field: str) -> None:
    job = popped(OURS, **{field: b'["os.system"]'})
    with pytest.raises(ForgedJob, match=field):
        job.call()
    assert job.webhooks == []
    assert job.success_callback is None
    assert job.failure_callback is None
    assert job.retries_left is None


def test_a_compressed_bomb_is_not_inflated() -> None:
    with pytest.raises(ForgedJob, match="size"):
        popped(zlib.compress(b"0" * 50_000_000)).call()


@given(
    st.binary(max_size=2000),
    st.dictionaries(
        st.sampled_from(
            [
                "status",
                "timeout",
                "created_at",
                "meta",
                "ttl",
                "enqueue_at_front",
                "started_at",
                "exc_info",
                "worker_name",
                "group_id",
            ]
        ),
        st.binary(max_size=50),
    ),
)
def test_no_bytes_whatever_break_the_worker_that_pops_them(data: bytes, fields: dict[str, bytes]) -> None:
    try:
        popped(data, **fields).call()
    except ForgedJob:
        pass
