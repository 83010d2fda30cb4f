"""`vocalverse agent`: the uploader on a venue's computer."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vocalverse.agent.options import JOURNAL, AgentOptions, parse_duration, parse_size
from vocalverse.errors import BadInput, NotFound

if TYPE_CHECKING:
    from vocalverse.agent.items import ItemState

EXIT_REJECTED = 3  # `run --once`: all is said and done, but the server does not want some of it
EXIT_INTERRUPTED = 130

_Command = TypeVar("_Command", bound=Callable[..., Any])


_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def agent() -> None:
    """Upload the recordings of a venue's computer, each once, and lose none.

    \b
    Example:
      vocalverse agent check --server https://judge.example.com --key-file venue.key
      vocalverse agent run D:\\Takes --server https://judge.example.com --key-file venue.key
      vocalverse agent status --folder D:\\Takes
    """


def _server_and_key(command: _Command) -> _Command:
    for option in (
        click.option("--key-file", type=_FILE, help="Holds the venue's key. Without it: VOCALVERSE_AGENT_KEY."),
        click.option("--server", required=True, metavar="URL", help="Such as https://judge.example.com"),
    ):
        command = option(command)
    return command


def _journal_of(command: _Command) -> _Command:
    for option in (
        click.option("--journal", type=_FILE, help="Where it is not FOLDER/.vocalverse/journal.sqlite3."),
        click.option("--folder", type=_FOLDER, default=".", show_default="here", help="The folder that is watched."),
    ):
        command = option(command)
    return command


@agent.command()
@click.argument("folder", type=_FOLDER)
@_server_and_key
@click.option("--machine", help="This computer's name in reports.  [default: its network name]")
@click.option("--room", help="For recordings whose sidecar names no room.")
@click.option("--bandwidth", type=parse_size, metavar="SIZE", help="Bytes per second that uploads may use, such as 2M.")
@click.option(
    "--disk-budget",
    type=parse_size,
    metavar="SIZE",
    help="Past this size of FOLDER, acknowledged files go early. Such as 20G.",
)
@click.option(
    "--grace",
    type=parse_duration,
    metavar="TIME",
    default="24h",
    show_default=True,
    help="How long acknowledged files stay.",
)
@click.option("--keep", is_flag=True, help="Never delete anything.")
@click.option(
    "--settle",
    type=parse_duration,
    metavar="TIME",
    default="5s",
    show_default=True,
    help="A file must rest this long first.",
)
@click.option("--journal", type=_FILE, help="Default: FOLDER/.vocalverse/journal.sqlite3. Keep it on a local disk.")
@click.option(
    "--once", is_flag=True, help="Upload what is there, then end: 0 when the server has all, 3 if it refused."
)
@click.option(
    "--patience",
    type=parse_duration,
    metavar="TIME",
    default="5m",
    show_default=True,
    help="--once gives up after no progress.",
)
@click.option("--json", "as_json", is_flag=True, help="With --once: print what became of each file as JSON.")
def run(folder: Path, **said: Any) -> None:
    """Watch FOLDER and upload every finished recording in it (not in folders below).

    WAV, FLAC, Ogg, Opus, MP3 and M4A are taken. song.flac may have a sidecar song.flac.json or song.json with song,
    room, singer, key_shift, lane ("live" goes first), consent and "backing": the name of a file beside it. Write the
    sidecar and the backing before the recording. A backing called song.backing.flac is deleted with song.flac; any
    other is taken for shared and stays.

    \b
    Example:
      vocalverse agent run D:\\Takes --server https://judge.example.com --key-file venue.key --bandwidth 2M
    """
    from vocalverse.agent.run import run_agent
    from vocalverse.cli.agent_views import Collecting, ProgressBar, results, summary

    as_json, options = said.pop("as_json"), _options(folder, **said)
    if as_json and not options.once:
        raise BadInput("--json says what became of the files at the end: it goes with --once.")
    on_terminal = options.once and sys.stderr.isatty()
    _start_logging(quietly=on_terminal)
    with ProgressBar() if on_terminal else Collecting() as reporter:
        counts = run_agent(options, reporter)
    if options.once:
        click.echo(json.dumps(results(reporter.seen)) if as_json else summary(reporter.seen.values(), counts))
        sys.exit(_exit_status(counts))


@agent.command()
@_journal_of
@click.option("--all", "everything", is_flag=True, help="Also what is uploaded and deleted.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(folder: Path, journal: Path | None, everything: bool, as_json: bool) -> None:
    """What waits, what was refused and why.

    \b
    Example:
      vocalverse agent status --folder D:\\Takes
    """
    from vocalverse.agent.items import ItemState
    from vocalverse.cli.agent_views import journal_as_json, show_journal

    states = tuple(ItemState) if everything else (ItemState.FOUND, ItemState.UPLOADING, ItemState.REJECTED)
    with _open_journal(folder, journal) as opened:
        if as_json:
            click.echo(json.dumps(journal_as_json(opened, states)))
        else:
            show_journal(opened, states)


@agent.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=int)
@_journal_of
def retry(ids: tuple[int, ...], folder: Path, journal: Path | None) -> None:
    """Put refused recordings back, all of them or those with the IDs that `status` shows.

    Correct what was wrong first, such as the sidecar. A running agent takes them up by itself.

    \b
    Example:
      vocalverse agent retry 12 17 --folder D:\\Takes
    """
    with _open_journal(folder, journal) as opened:
        back = opened.retry(ids)
    for unknown in sorted(set(ids) - {item.id for item in back}):
        click.echo(f"{unknown} is not among the refused ones.", err=True)
    click.echo(f"{len(back)} put back.")
    if set(ids) - {item.id for item in back}:
        raise NotFound("Not all of them could be put back: `vocalverse agent status` shows the IDs.")


@agent.command()
@_server_and_key
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(server: str, key_file: Path | None, as_json: bool) -> None:
    """Is the server there, is the key valid, is the clock right?

    \b
    Example:
      vocalverse agent check --server https://judge.example.com --key-file venue.key
    """
    from vocalverse.agent.check import check_server

    verdict = check_server(_options(Path(), server=server, key_file=key_file))
    if as_json:
        click.echo(json.dumps(verdict.as_json()))
    else:
        for sentence in verdict.sentences:
            click.echo(sentence)
    sys.exit(verdict.exit_status)


def _options(folder: Path, **said: Any) -> AgentOptions:
    import platform

    from vocalverse.settings import Settings

    if said.get("keep") and said.get("disk_budget") is not None:
        raise BadInput("--keep never deletes, --disk-budget asks for it: give one of them.")
    renamed = {"grace": "grace_s", "settle": "settle_s", "patience": "patience_s"}
    named = {renamed.get(name, name): value for name, value in said.items()}
    folder = folder.absolute()
    named["machine"] = named.get("machine") or platform.node() or "unnamed"
    named["journal"] = (named.get("journal") or folder / JOURNAL).absolute()
    return AgentOptions(folder=folder, key=Settings.read().agent_key, **named)


def _exit_status(counts: "Mapping[ItemState, int]") -> int:
    from vocalverse.agent.items import ItemState

    if counts[ItemState.FOUND] or counts[ItemState.UPLOADING]:
        return EXIT_INTERRUPTED
    return EXIT_REJECTED if counts[ItemState.REJECTED] else 0


def _start_logging(*, quietly: bool) -> None:
    import logging

    from vocalverse.logs import start_logging

    start_logging(level=logging.ERROR if quietly else logging.INFO)


def _open_journal(folder: Path, journal: Path | None) -> Any:
    from vocalverse.agent.journal import Journal

    path = journal or folder / JOURNAL
    if not path.is_file():
        raise NotFound(f"There is no journal {path}: name the folder that an agent watches with --folder.")
    return Journal(path)
