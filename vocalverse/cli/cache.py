"""`vocalverse cache`: what encoders made of recordings, so that it is made once."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.agent.options import parse_duration, parse_size
from vocalverse.cli.output import in_bytes, json_option, show_done, show_facts
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.models.cache.cache import EncoderCache

_folder_option: Callable[[Any], Any] = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it lies; VOCALVERSE_CACHE, or `cache` in the data folder, where nothing is said.",
)


@click.group()
def cache() -> None:
    """What encoders made of recordings.

    Training and evaluating fill it; workers do where VOCALVERSE_CACHE_BYTES says how much. Whatever is removed is made
    again when it is needed.
    """


@cache.command()
@_folder_option
@json_option
def stats(folder: Path | None, as_json: bool) -> None:
    """How much is kept, of how many recordings."""
    kept = _cache(folder)
    found = kept.stats()
    said = {"folder": str(kept.folder), **asdict(found)}
    show_facts(said if as_json else {**said, "bytes": in_bytes(found.bytes)}, as_json=as_json)


@cache.command()
@click.option(
    "--max-size",
    type=parse_size,
    metavar="SIZE",
    help="What was not used for longest goes until SIZE is left, such as 20G.",
)
@click.option("--unused", type=parse_duration, metavar="TIME", help="What was not used for TIME goes, such as 30d.")
@_folder_option
@json_option
def prune(max_size: int | None, unused: float | None, folder: Path | None, as_json: bool) -> None:
    """Make room. Without an option only what killed processes left unfinished goes.

    \b
    Example:
      vocalverse cache prune --max-size 50G --unused 30d
    """
    kept = _cache(folder)
    pruned = kept.prune(max_bytes=max_size, unused_s=unused)
    left = kept.stats().bytes
    show_done(
        f"{pruned.files} files removed, {in_bytes(pruned.bytes)}; {in_bytes(left)} are left in {kept.folder}.",
        {"folder": str(kept.folder), **asdict(pruned), "bytes_left": left},
        as_json=as_json,
    )


def _cache(folder: Path | None) -> "EncoderCache":
    from vocalverse.models.cache.cache import EncoderCache
    from vocalverse.settings import Settings

    place = folder or Path(Settings.read().cache)
    if folder and not folder.is_dir():
        raise BadInput(f"{folder} is no folder.")
    return EncoderCache(place)
