"""What can go wrong on a recording's way to the server, beyond the errors that the whole product shares."""

from collections.abc import Sequence

from vocalverse.errors import BadInput, Conflict, Unavailable, VocalVerseError


class Away(Unavailable):
    """No usable answer. `everywhere`: other recordings would fare no better, so all of them wait."""

    def __init__(self, message: str, *, everywhere: bool, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.everywhere = everywhere
        self.retry_after_s = retry_after_s


class Refused(VocalVerseError):
    """The server will never take this recording as it is. `reason` is the server's own stable code."""

    code = "refused"

    def __init__(self, message: str, *, reason: str, status: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class PartsMissing(Conflict):
    code = "upload_incomplete"

    def __init__(self, message: str, *, missing: Sequence[int]) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


class BadSidecar(BadInput):
    code = "bad_sidecar"


class NotPlain(BadInput):
    code = "not_a_plain_file"


class FileChanged(Conflict):
    """The file is no longer what was hashed: it must settle and be looked at again."""

    code = "file_changed"


class JournalTrouble(Unavailable):
    code = "journal_unavailable"


class FolderAway(Unavailable):
    """The watched folder cannot be listed: a share or a disk was taken away."""

    code = "folder_unavailable"


class Preempted(VocalVerseError):
    """A singer waits at the screen: the upload in hand steps aside between two parts."""

    code = "preempted"


class Stopped(VocalVerseError):
    """The agent was asked to end. What is half done goes on at the next start."""

    code = "stopped"
