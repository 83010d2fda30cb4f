"""What may leave the folder: only what the server has acknowledged, and only the very content that it acknowledged."""

import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path

from vocalverse.agent.files import Identity, is_plain
from vocalverse.agent.items import Item, ItemState
from vocalverse.agent.journal import Journal
from vocalverse.agent.sidecar import sidecar_of
from vocalverse.agent.watch import BACKING_MARK

log = logging.getLogger(__name__)
WARN_EVERY_S = 600.0


class Space:
    """Deletes after the grace time, and earlier where the disk budget asks for it."""

    def __init__(self, folder: Path, journal: Journal, *, grace_s: float, budget: int | None, keep: bool) -> None:
        self._folder = folder
        self._journal = journal
        self._grace_s = grace_s
        self._budget = budget
        self._keep = keep
        self._warned_at = -WARN_EVERY_S

    def tidy(self, used_bytes: int) -> None:
        """Delete what is due, then the oldest acknowledged until the folder is within its budget."""
        if self._keep:
            return
        used_bytes -= self._delete(self._journal.due(time.time() - self._grace_s))
        if self._budget is not None and used_bytes > self._budget:
            self._make_room(self._journal.items(ItemState.ACKNOWLEDGED), used_bytes - self._budget)

    def _make_room(self, oldest_first: Iterable[Item], too_many: int) -> None:
        for item in oldest_first:
            if too_many <= 0:
                return
            too_many -= self._delete([item])
        if too_many > 0 and time.monotonic() - self._warned_at >= WARN_EVERY_S:
            self._warned_at = time.monotonic()
            log.warning(
                "The folder is %d bytes over its disk budget with recordings that the server does not have yet;"
                " none of them is deleted. Check the connection, or raise --disk-budget.",
                too_many,
                extra={"action": "over_budget", "over_bytes": too_many},
            )

    def _delete(self, items: Iterable[Item]) -> int:
        """How many bytes that freed."""
        return sum(self._delete_one(item) for item in items)

    def _delete_one(self, item: Item) -> int:
        path = self._folder / item.name
        if is_plain(path) and Identity.of(path) != item.identity:
            self._journal.deleted(item)  # by whoever wrote another content there, which has a row of its own
            return 0
        freed = 0
        try:
            for file in (*self._companions(item), path):
                freed += _unlink(file)
        except PermissionError:
            return freed  # still open in another program: the next round tries again
        self._journal.deleted(item)
        log.info("Deleted %s, which the server has.", item.name, extra={"action": "deleted", **_ids(item)})
        return freed

    def _companions(self, item: Item) -> list[Path]:
        """Its sidecar and its own backing, unless another recording of the same name still needs them."""
        path = self._folder / item.name
        waiting = self._journal.items(ItemState.FOUND, ItemState.UPLOADING, ItemState.REJECTED)
        if any(Path(other.name).stem == path.stem for other in waiting):
            return []
        own_backing = item.backing is not None and Path(item.backing).stem.lower() == (path.stem + BACKING_MARK).lower()
        backing = [self._folder / item.backing] if own_backing and item.backing else []
        sidecar = sidecar_of(path)
        return backing + ([sidecar] if sidecar else [])


def _unlink(path: Path) -> int:
    if not is_plain(path):
        return 0
    size = os.lstat(path).st_size
    path.unlink(missing_ok=True)
    return size


def _ids(item: Item) -> dict[str, str]:
    return {"recording_id": str(item.recording_id), "upload_id": item.upload_id}
