"""What a failure means for its task."""

import pytest

from vocalverse.errors import (
    BlobMissing,
    DecoderLimit,
    DigestMismatch,
    HandedBack,
    LeaseLost,
    StaleDelivery,
    Undecodable,
    UnsupportedFormat,
)
from vocalverse.queue.retry import Fate, backoff_s, judge


@pytest.mark.parametrize(
    ("error", "fate", "reason"),
    [
        (StaleDelivery(""), Fate.LEAVE, "stale_delivery"),
        (LeaseLost(""), Fate.LEAVE, "lease_lost"),
        (HandedBack(""), Fate.HAND_BACK, "handed_back"),
        (Undecodable(""), Fate.REJECT, "undecodable"),
        (UnsupportedFormat(""), Fate.REJECT, "unsupported_format"),
        (DecoderLimit(""), Fate.REJECT, "decoder_limit"),
        (DigestMismatch(""), Fate.RETRY, "digest_mismatch"),
        (BlobMissing(""), Fate.RETRY, "blob_missing"),
        (MemoryError(), Fate.RETRY, "unexpected:MemoryError"),
        (OSError(28, "No space left on device"), Fate.RETRY, "unexpected:OSError"),
    ],
)
def test_every_failure_has_one_fate_and_a_stable_reason(error: Exception, fate: Fate, reason: str) -> None:
    failure = judge(error)
    assert (failure.fate, failure.reason) == (fate, reason)


def test_a_message_is_kept_short_and_free_of_what_postgres_refuses() -> None:
    failure = judge(ValueError("a\x00b" * 5000))
    assert len(failure.message) <= 2000
    assert "\x00" not in failure.message


def test_the_rest_between_starts_doubles_up_to_an_hour() -> None:
    assert [backoff_s(starts, first_s=10) for starts in (1, 2, 3, 4)] == [10, 20, 40, 80]
    assert backoff_s(50, first_s=10) == 3600
