"""One root for all errors of the product, each with a stable code.

A message names what happened, where, and what to do next. The HTTP status and the exit status belong to the
error, so that gateway, worker and command line answer alike.
"""

import errno
from typing import ClassVar


class VocalVerseError(Exception):
    """The root. `code` is stable: programs may compare it."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    exit_status: ClassVar[int] = 1


# --- asked for something impossible ---------------------------------------------------------------------------


class BadInput(VocalVerseError):
    code = "bad_input"
    http_status = 422
    exit_status = 2


class BadSettings(VocalVerseError):
    code = "bad_settings"
    exit_status = 2


class NotFound(VocalVerseError):
    code = "not_found"
    http_status = 404
    exit_status = 4


class Conflict(VocalVerseError):
    code = "conflict"
    http_status = 409
    exit_status = 5


class Gone(VocalVerseError):
    code = "gone"
    http_status = 410
    exit_status = 4


class Unauthenticated(VocalVerseError):
    code = "unauthenticated"
    http_status = 401
    exit_status = 6


class Forbidden(VocalVerseError):
    code = "forbidden"
    http_status = 403
    exit_status = 6


class TooMuch(VocalVerseError):
    """Past a limit of rate or backlog: `retry_after_s` says when to come again."""

    code = "too_many_requests"
    http_status = 429
    exit_status = 7

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLarge(VocalVerseError):
    code = "too_large"
    http_status = 413
    exit_status = 2


# --- something that we stand on is away -----------------------------------------------------------------------


class Unavailable(VocalVerseError):
    """A server that we need does not answer, or a disk is full. Trying again later is right."""

    code = "unavailable"
    http_status = 503
    exit_status = 8


class DiskFull(Unavailable):
    code = "disk_full"
    http_status = 507
    errnos: ClassVar = frozenset(
        {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    )  # what the system says of a disk that is full


class Busy(VocalVerseError):
    """A port is taken, or another supervisor holds the data folder."""

    code = "busy"
    exit_status = 9


# --- the recording itself -------------------------------------------------------------------------------------


class Undecodable(VocalVerseError):
    """The file cannot be heard at all. The task is rejected with this code; trying again would not help."""

    code = "undecodable"


class UnsupportedFormat(Undecodable):
    code = "unsupported_format"


class DecoderLimit(Undecodable):
    """The decoder was stopped by its limits of memory, time or size."""

    code = "decoder_limit"


class BlobMissing(VocalVerseError):
    """The database knows the recording, the blob store does not have it."""

    code = "blob_missing"


class DigestMismatch(VocalVerseError):
    code = "digest_mismatch"
    http_status = 422


# --- what a recording is held against ---------------------------------------------------------------------------


class ReferenceBroken(VocalVerseError):
    """A chart, a score or lyrics that cannot be read, or that no song can be. The message says where in the file."""

    code = "reference_broken"
    http_status = 422
    exit_status = 2


class RulesBroken(VocalVerseError):
    """Rules of the prescreen that cannot be read, or speak of what nothing measures. The message says which."""

    code = "rules_broken"
    exit_status = 2


# --- models -----------------------------------------------------------------------------------------------------


class ModelUnknown(VocalVerseError):
    """No model or architecture of that name."""

    code = "model_unknown"
    exit_status = 4


class ModelBroken(VocalVerseError):
    """A checkpoint or its yaml is cut short, lies about its shape, or holds what it must not."""

    code = "model_broken"
    http_status = 422
    exit_status = 2


class ModelRefused(VocalVerseError):
    """Its licence was not accepted, or it needs a package that we do without."""

    code = "model_refused"
    exit_status = 6


class ReleaseUnknown(VocalVerseError):
    """No release of that name, or not on this machine."""

    code = "release_unknown"
    http_status = 404
    exit_status = 4


class ReleaseBroken(VocalVerseError):
    """A release that was tampered with, is incomplete, or says what cannot be. Nothing is judged by it."""

    code = "release_broken"
    exit_status = 2


class ReleaseTooNew(ReleaseBroken):
    """A newer version made it."""

    code = "release_too_new"


class LicenceRefused(VocalVerseError):
    """A part forbids commercial use, and nobody accepted that."""

    code = "licence_refused"
    exit_status = 6


class ManifestBroken(VocalVerseError):
    """A manifest that cannot be learnt from or judged on. The message says which line, and what is wrong."""

    code = "manifest_broken"
    exit_status = 2


class SplitLeaks(ManifestBroken):
    """A singer or a song would be learnt from and judged on."""

    code = "split_leaks"


class TooFew(ManifestBroken):
    """Too few clips, singers or raters for what is asked."""

    code = "too_few"


class BackendFailed(VocalVerseError):
    """What runs a network failed in the middle of a song: nothing of that song is used."""

    code = "backend_failed"


class OutOfMemory(BackendFailed):
    code = "out_of_memory"


# --- the running of a task ------------------------------------------------------------------------------------


class StaleDelivery(VocalVerseError):
    """This delivery's fence is not the task's: somebody else owns it, or nobody should. Leave quietly."""

    code = "stale_delivery"


class LeaseLost(VocalVerseError):
    """The task was taken away while it ran: what was computed must not be written."""

    code = "lease_lost"


class HandedBack(VocalVerseError):
    """The worker is being stopped: the task goes back to the queue and its start is refunded."""

    code = "handed_back"


class ForgedJob(VocalVerseError):
    """Something in Redis asked for a function, callback or webhook that the product never enqueues."""

    code = "forged_job"
