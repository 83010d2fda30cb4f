"""How far something is and how long it will still take, where somebody looks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vocalverse.records import Progress


@contextmanager
def bars(titles: Mapping[str, str]) -> "Iterator[Progress]":
    """One for each stage that is told of, in the words of `titles`."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        tasks: dict[str, Any] = {}

        def progress(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(titles.get(stage, stage), total=1.0)
            shown.update(tasks[stage], completed=fraction)

        yield progress
