"""How the agent's work is shown: tables for people, JSON for programs, a bar for those who wait."""

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from vocalverse.agent.items import Backlog, Item, ItemState
from vocalverse.agent.journal import Journal


class Collecting:
    """Keeps what became of each recording in this run."""

    def __init__(self) -> None:
        self.seen: dict[int, Item] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end here."""

    def backlog(self, waiting: Backlog) -> None:
        """Not shown."""

    def sent(self, size: int) -> None:
        """Not shown."""

    def ended(self, item: Item) -> None:
        self.seen[item.id] = item


class ProgressBar(Collecting):
    """The bytes of all that waits, on the terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        super().__init__()
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task("Waiting for files to rest", total=None)
        self._done = 0
        self._sent = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def backlog(self, waiting: Backlog) -> None:
        if waiting.count:
            said = f"Uploading, {waiting.count} to go"
            self._bar.update(self._task, description=said, total=self._done + waiting.size)

    def sent(self, size: int) -> None:
        self._sent += size
        self._bar.update(self._task, completed=self._done + self._sent)

    def ended(self, item: Item) -> None:
        super().ended(item)
        # What was sent twice, or was already there, must not make the bar run ahead or lag behind.
        self._done, self._sent = self._done + item.size, 0
        self._bar.update(self._task, completed=self._done)


def results(seen: Mapping[int, Item]) -> Mapping[str, Any]:
    return {"items": [item_as_json(item) for item in seen.values()]}


def summary(seen: Iterable[Item], counts: Mapping[ItemState, int]) -> str:
    uploaded = sum(item.state is not ItemState.REJECTED for item in seen)
    sentence = f"{uploaded} uploaded, {counts[ItemState.REJECTED]} refused."
    waiting = counts[ItemState.FOUND] + counts[ItemState.UPLOADING]
    if waiting:
        sentence += f" {waiting} still wait."
    if counts[ItemState.REJECTED]:
        sentence += " `vocalverse agent status` says why."
    return sentence


def item_as_json(item: Item) -> Mapping[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "size": item.size,
        "state": item.state,
        "lane": item.lane,
        "upload_id": item.upload_id,
        "recording_id": str(item.recording_id) if item.recording_id else None,
        "error_code": item.error_code,
        "error": item.error,
        "found_at": item.found_at,
        "changed_at": item.changed_at,
    }


def journal_as_json(journal: Journal, states: tuple[ItemState, ...]) -> Mapping[str, Any]:
    backlog = journal.backlog()
    return {
        "journal": str(journal.path),
        "paused": (note := journal.notes().get("paused")) and {"why": note.value, "at": note.at},
        "backlog": {"count": backlog.count, "bytes": backlog.size, "oldest_s": round(backlog.oldest_s, 1)},
        "counts": journal.counts(),
        "items": [item_as_json(item) for item in journal.items(*states)],
    }


def show_journal(journal: Journal, states: tuple[ItemState, ...]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if note := journal.notes().get("paused"):
        console.print(f"[bold red]Paused for {_age(note.at)}:[/] {escape(note.value)}")
    items = journal.items(*states)
    if items:
        table = Table("ID", "File", "Size", "State", "Since", "Why", box=None)
        for item in items:
            why = f"{item.error_code}: {item.error}" if item.error_code else ""
            file = escape(printable(item.name))
            table.add_row(
                str(item.id), file, _size(item.size), item.state, _age(item.changed_at), escape(printable(why))
            )
        console.print(table)
    counts = journal.counts()
    console.print(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "Nothing was found yet.")


def printable(text: str) -> str:
    """File names and servers' sentences are others' words: no escape sequences reach the terminal."""
    clean = text.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else "�" for letter in clean)


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _age(at: float) -> str:
    seconds = max(0.0, time.time() - at)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
