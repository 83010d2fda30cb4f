"""Waiting for recordings: a bar for each on a terminal, silence elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from vocalverse.cli.database import operating
from vocalverse.cli.output import in_words
from vocalverse.errors import NotFound

if TYPE_CHECKING:
    from vocalverse.store.progress import Standing

_EVERY_S = 0.5
_BARS = 12  # with more recordings, one bar for all of them

Show = Callable[[Mapping[UUID, "Standing"]], None]


def wait_for(recording_ids: Sequence[UUID], *, timeout_s: float | None) -> "list[Standing]":
    """Where they are once all have ended, or when the time is up."""
    until = time.monotonic() + timeout_s if timeout_s is not None else None
    with _bars(recording_ids) as show:
        while True:
            found = _look(recording_ids)
            show(found)
            if all(one.state.ended for one in found.values()) or (until and time.monotonic() >= until):
                return [found[one] for one in recording_ids]
            time.sleep(_EVERY_S)


def _look(recording_ids: Sequence[UUID]) -> "dict[UUID, Standing]":
    from vocalverse.store.progress import standings

    with operating() as connection:
        found = standings(connection, recording_ids)
    for one in recording_ids:
        if one not in found:
            raise NotFound(f"There is no recording {one}, or it was deleted.")
    return found


@contextmanager
def _bars(recording_ids: Sequence[UUID]) -> Iterator[Show]:
    if not sys.stderr.isatty():
        yield lambda _found: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        if len(recording_ids) > _BARS:
            whole = progress.add_task(f"{len(recording_ids)} recordings", total=len(recording_ids), at="")
            yield lambda found: progress.update(
                whole,
                completed=sum(one.done_share for one in found.values()),
                at=f"{sum(one.state.ended for one in found.values())} ended",
            )
            return
        bars = {one: progress.add_task(str(one), total=1.0, at="") for one in recording_ids}

        def show(found: "Mapping[UUID, Standing]") -> None:
            for recording_id, bar in bars.items():
                one = found[recording_id]
                progress.update(bar, completed=one.done_share, at=in_words(one.stage or one.state.value))

        yield show
