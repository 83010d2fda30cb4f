"""`vocalverse blobs`: the stored sound, held against the database."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from vocalverse.agent.options import parse_duration
from vocalverse.cli.database import looking
from vocalverse.cli.output import in_bytes, json_option, show_json
from vocalverse.settings import Settings

if TYPE_CHECKING:
    from vocalverse.store.scrub import Stray


@click.group()
def blobs() -> None:
    """The stored sound."""


@blobs.command()
@click.option("--since", type=parse_duration, metavar="TIME", help="Only what was received within TIME, such as 7d.")
@click.option("--delete-orphans", is_flag=True, help="Delete blobs that no recording knows.")
@json_option
@click.pass_context
def scrub(ctx: click.Context, since: float | None, delete_orphans: bool, as_json: bool) -> None:
    """Read every blob: is it there, is it whole, does a recording know it? Exit status 1 where one is not right.

    Blobs younger than the longest upload are left alone. JSON: a line for each finding, then the counts.
    """
    counts: Counter[str] = Counter()
    for stray in _strays(Settings.read(), since=since, delete=delete_orphans):
        counts[stray.fault.value] += 1
        _tell(stray, deleted=delete_orphans, as_json=as_json)
    left = counts["missing"] + counts["damaged"] + (0 if delete_orphans else counts["orphaned"])
    if as_json:
        show_json({"missing": counts["missing"], "damaged": counts["damaged"], "orphaned": counts["orphaned"]})
    elif counts:
        click.echo(", ".join(f"{count} {fault}" for fault, count in sorted(counts.items())))
    else:
        click.echo("All blobs are there, whole, and known.")
    ctx.exit(1 if left else 0)


def _strays(settings: Settings, *, since: float | None, delete: bool) -> "Iterator[Stray]":
    from vocalverse.store.blobs import open_blobs
    from vocalverse.store.scrub import scrub_blobs, scrub_rows

    store = open_blobs(settings)
    oldest = datetime.now(UTC) - timedelta(seconds=since) if since is not None else None
    with looking(settings) as connection, _busy():
        yield from scrub_rows(connection, store, since=oldest)
        yield from scrub_blobs(connection, store, younger_than_s=settings.upload_expires_s, delete=delete)


@contextmanager
def _busy() -> Iterator[None]:
    """A sign of life for who watches: how much is left, only a listing could tell."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status("Reading every blob…"):
        yield


def _tell(stray: "Stray", *, deleted: bool, as_json: bool) -> None:
    fault = stray.fault.value
    if as_json:
        facts: dict[str, Any] = {"fault": fault, "key": str(stray.key), "size": stray.size}
        show_json({**facts, "deleted": deleted and fault == "orphaned"})
        return
    size = f", {in_bytes(stray.size)}" if stray.size is not None else ""
    click.echo(f"{fault}{' and deleted' if deleted and fault == 'orphaned' else ''}: {stray.key}{size}")
